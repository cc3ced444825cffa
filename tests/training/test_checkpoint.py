"""Checkpoints: whole or not at all, and resumed to the same bits."""

import errno
import json
import math
import os

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from tests.small_disk import fill, small_disk

from afina.errors import MachineLimitError, ModelError
from afina.training import (
    Budget,
    Cooldown,
    DevScore,
    LoopState,
    checkpoint,
    checkpoint_folder,
    find_checkpoint,
    load_checkpoint,
    restore_weights,
    save_checkpoint,
    trained_weights,
)

NOTES = {"seed": 0, "data": {"texts": 16}, "rates": (0.1, 1e-4)}
FILES = ["weights.safetensors", "best.safetensors", "optimizer.safetensors", "state.json"]


def save(folder, training, state, *, best=None, notes=NOTES, seconds=12.5, scaler=None):
    save_checkpoint(
        folder, model=training.plain, optimizer=training.optimizer, state=state, best_weights=best,
        seconds=seconds, command_seconds=20.0, notes=notes, scaler=scaler,
    )  # fmt: skip


def find(folder):
    """The newest whole checkpoint, and what was said of damaged ones."""
    warnings = []
    return find_checkpoint(folder, warn=warnings.append), warnings


def load(folder, training, notes=NOTES, scaler=None):
    found, warnings = find(folder)
    assert warnings == []
    return load_checkpoint(found, model=training.plain, optimizer=training.optimizer, notes=notes, scaler=scaler)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def train(training, budget, state, *, until=None):
    best = None
    for step in training.steps(budget, state=state, evaluations=3):
        if step.is_best:
            best = trained_weights(training.plain)
        if step.step == until:
            break
    return best


@pytest.fixture
def place(tmp_path):
    return tmp_path / "checkpoints"


@pytest.fixture
def saved(start, place):
    """Checkpoints after three and four steps, with best weights."""
    training, state = start(), LoopState()
    best = train(training, Budget(12), state, until=4)
    for state.step in (3, 4):
        save(place, training, state, best=best)
    return place


def same_weights(first, second):
    return first.keys() == second.keys() and all(torch.equal(weight, second[name]) for name, weight in first.items())


@pytest.mark.parametrize("until", [3, 5, 6])
def test_a_resumed_run_ends_with_the_same_bits(start, place, until):
    whole, whole_state = start(dropout=0.1), LoopState()
    best = train(whole, Budget(12), whole_state)

    interrupted, state = start(dropout=0.1), LoopState()
    best_then = train(interrupted, Budget(12), state, until=until)
    save(place, interrupted, state, best=best_then)

    resumed = start(dropout=0.1)
    torch.rand(100)  # other draws in between must not matter
    state, best_before, seconds = load(place, resumed)
    assert seconds == 12.5
    best_after = train(resumed, Budget(12), state) or best_before
    assert same_weights(resumed.weights(), whole.weights())
    assert same_weights(best_after, best)
    assert state == whole_state


@pytest.mark.parametrize("until", [6, 7, 10])
def test_a_run_resumed_in_its_cooldown_ends_with_the_same_bits(start, place, clock, until):
    """Patience runs out after 6 steps; 5 follow."""

    def go_on(training, state):
        return training.steps(
            Budget(100, clock=clock), state=state, evaluations=50, patience=2, cooldown_share=0.8,
            evaluate=lambda: DevScore(0.5, -1.0),
        )  # fmt: skip

    whole, whole_state = start(dropout=0.1), LoopState()
    rates = [step.learning_rate for step in go_on(whole, whole_state)]
    interrupted, state = start(dropout=0.1), LoopState()
    next(step for step in go_on(interrupted, state) if step.step == until)
    save(place, interrupted, state)

    resumed = start(dropout=0.1)
    state, _, _ = load(place, resumed)
    assert state.cooldown is not None
    assert [step.learning_rate for step in go_on(resumed, state)] == rates[until:]
    assert same_weights(resumed.weights(), whole.weights())
    assert state == whole_state
    assert (state.step, state.stopped_by) == (11, "early_stopping")


def test_groups_of_weights_may_be_many(start, place):
    def split_groups(training):
        """A group for each weight, as with a learning rate for each layer."""
        optimizer = training.optimizer.optimizer
        groups = [{**group, "params": [p]} for group in optimizer.param_groups for p in group["params"]]
        optimizer.param_groups[:] = groups
        return training

    whole, interrupted, resumed = (split_groups(start()) for _ in range(3))
    train(whole, Budget(6), LoopState())
    train(interrupted, Budget(6), state := LoopState(), until=3)
    save(place, interrupted, state)
    assert len(find(place)[0].record["optimizer"]["groups"]) > 10
    train(resumed, Budget(6), load(place, resumed)[0])
    assert same_weights(resumed.weights(), whole.weights())
    with pytest.raises(ModelError, match="does not fit: the optimizer's groups of weights changed"):
        load(place, start())


def test_an_optimizer_may_keep_numbers_beside_tensors(start, place):
    training = start()
    train(training, Budget(6), LoopState(), until=1)
    (parameter, *_), number = training.optimizer.param_groups[0]["params"], 0.1 + 0.2
    training.optimizer.state[parameter]["number"] = number
    save(place, training, LoopState(step=1))
    other = start()
    load(place, other)
    assert other.optimizer.state[other.optimizer.param_groups[0]["params"][0]]["number"] == number


def test_the_scale_of_half_precision_comes_back(start, place):
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale(torch.ones(1))
    save(place, start(), LoopState(step=1), scaler=scaler)
    fresh = torch.amp.GradScaler("cpu")
    load(place, start(), scaler=fresh)
    assert fresh.state_dict()["scale"] == 1024.0


def test_a_checkpoint_before_the_first_step_can_be_resumed(start, place):
    save(place, start(), LoopState())
    state, best, _ = load(place, start())
    assert state == LoopState()
    assert best is None


def test_a_state_comes_back_whole(start, place):
    cooldown = Cooldown(7, 0.1 + 0.2, 5, 1e-4 / 3, 2, 3)
    state = LoopState(7, 1, 2, 20, 300, 2, 1, DevScore(0.75, -math.inf), 0.8, "early_stopping", 3, cooldown)
    training = start()
    save(place, training, state, best=trained_weights(training.plain))
    assert load(place, start())[0] == state


def test_a_position_of_a_version_without_cooldowns_is_read(start, place):
    save(place, start(), LoopState(step=1))
    (file,) = place.glob("*/state.json")
    written = json.loads(file.read_text())["state"]
    state = LoopState.from_dict({name: written[name] for name in written if name not in ("highest_step", "cooldown")})
    assert state == LoopState(step=1)


def test_the_two_newest_are_kept(start, place):
    training = start()
    for step in (1, 2, 3, 10):
        save(place, training, LoopState(step=step), best=trained_weights(training.plain) if step < 3 else None)
    state, best, _ = load(place, start())
    assert state.step == 10
    assert best is None
    assert names(place) == ["step-00000003", "step-00000010"]


def test_an_older_one_is_removed_only_when_the_new_one_stands(saved, start, monkeypatch):
    there = []
    monkeypatch.setattr(checkpoint_folder, "_remove_all_but", lambda *kept: there.append(names(saved)))
    save(saved, start(), LoopState(step=5))
    assert there == [["step-00000003", "step-00000004", "step-00000005"]]


@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_a_training_that_went_back_removes_what_was_ahead_of_it(saved, start, damage):
    DAMAGES[damage](saved / "step-00000004" / "state.json")
    assert find(saved)[0].folder.name == "step-00000003"
    save(saved, start(), LoopState(step=4))
    assert load(saved, start())[0].step == 4
    (saved / "step-00000004").rename(saved / "step-00000009")
    save(saved, start(), LoopState(step=5))
    assert names(saved) == ["step-00000003", "step-00000005"]


def test_a_checkpoint_holds_no_pickle(saved):
    for path in saved.rglob("*.*"):
        assert path.suffix in {".safetensors", ".json"}
    assert json.loads((saved / "step-00000004" / "state.json").read_text())["notes"] == {**NOTES, "rates": [0.1, 1e-4]}


def test_only_trained_weights_are_kept(start):
    training = start()
    for parameter in training.plain.base_model.parameters():
        parameter.requires_grad_(False)
    kept = trained_weights(training.plain)
    assert set(kept) == {"classifier.weight", "classifier.bias"}
    with torch.no_grad():
        training.plain.classifier.bias.add_(1)
    assert not torch.equal(kept["classifier.bias"], training.plain.classifier.bias)
    restore_weights(training.plain, kept)
    assert torch.equal(kept["classifier.bias"], training.plain.classifier.bias)


def test_where_no_checkpoint_was_written_there_is_none(place):
    assert find(place) == (None, [])
    (place / "step-x").mkdir(parents=True)
    assert find(place) == (None, [])


def test_what_a_kill_left_half_written_is_ignored_and_removed(saved, start):
    leftover = saved / "step-00000005.0123456789ab.tmp"
    for use in (lambda: find(saved), lambda: save(saved, start(), LoopState(step=6))):
        leftover.mkdir()
        (leftover / "weights.safetensors").write_bytes(b"half")
        use()
        assert not leftover.exists()
    assert load(saved, start())[0].step == 6


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "flipped": flip,
    "overwritten": lambda path: path.write_bytes(b"\xff" * 200),
    "missing": lambda path: path.unlink(),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_newest_checkpoint_is_told_and_the_one_before_is_taken(saved, start, name, damage):
    path = saved / "step-00000004" / name
    DAMAGES[damage](path)
    found, (warning,) = find(saved)
    assert found.folder.name == "step-00000003"
    assert str(path) in warning
    assert warning.endswith("; the checkpoint of step 3 is taken instead")
    training = start()
    state, best, _ = load_checkpoint(found, model=training.plain, optimizer=training.optimizer, notes=NOTES)
    assert state.step == 3
    assert best is not None

    DAMAGES[damage](saved / "step-00000003" / name)
    with pytest.raises(ModelError, match=f"{name} .*, and no other is whole") as caught:
        find(saved)
    assert f"remove {saved}" in caught.value.hint


@pytest.mark.parametrize("content", ["[]", "1", "{}", '{"sha256": "0"}', '{"format": 2, "format": 2}'])
def test_a_state_of_another_form_is_a_damaged_one(saved, content):
    (saved / "step-00000004" / "state.json").write_text(content)
    assert find(saved)[0].folder.name == "step-00000003"


def test_a_checkpoint_of_another_version_is_said_to_be_one(saved, monkeypatch):
    monkeypatch.setattr(checkpoint_folder, "FORMAT", 99)
    with pytest.raises(ModelError, match="another version of afina"):
        find(saved)


def test_changed_data_and_settings_are_named(saved, start):
    with pytest.raises(ModelError, match=r"does not fit: seed, data\.texts changed"):
        load(saved, start(), {**NOTES, "seed": 1, "data": {"texts": 17}})
    with pytest.raises(ModelError, match=r"does not fit: seed, data, rates, more and 2 more changed"):
        load(saved, start(), {"data": 1, "more": 1, "and": 1, "yet": 1})


def test_another_model_is_named(saved, start):
    other = start()
    other.plain.classifier = torch.nn.Linear(32, 5)
    with pytest.raises(
        ModelError, match=r"does not fit: classifier\.bias \(2 then, 5 now\), .* \(2x32 then, 5x32 now\)"
    ):
        load(saved, other)
    other = start()
    other.plain.head = torch.nn.Linear(2, 2)
    with pytest.raises(ModelError, match=r"does not fit: head\.bias \(none then, 2 now\)"):
        load(saved, other)
    other = start()
    other.plain.classifier.requires_grad_(False)
    before = other.weights()
    with pytest.raises(ModelError, match=r"does not fit: classifier\.bias \(2 then, none now\)"):
        load(saved, other)
    assert same_weights(other.weights(), before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_other_frozen_weights_are_noticed(start, place, dtype):
    def frozen():
        training = start()
        training.plain.base_model.embeddings.requires_grad_(False).to(dtype)
        return training

    save(place, frozen(), LoopState(step=1))
    load(place, frozen())
    other = frozen()
    with torch.no_grad():
        other.plain.base_model.embeddings.word_embeddings.weight[7, 3] += 0.5
    with pytest.raises(ModelError, match="does not fit: the weights that are not trained changed"):
        load(place, other)


def test_a_full_disk_leaves_the_checkpoint_before(start, tmp_path):
    training = start()
    with small_disk(tmp_path / "disk", 2048) as disk:
        save(disk / "checkpoints", training, LoopState(step=1))
        size = sum(path.stat().st_size for path in disk.rglob("*")) // 1024
        filling = fill(disk, but_kilobytes=size // 2)
        with pytest.raises(MachineLimitError, match="The disk is full"):
            save(disk / "checkpoints", training, LoopState(step=2))
        assert names(disk / "checkpoints") == ["step-00000001"]
        assert load(disk / "checkpoints", start())[0].step == 1
        filling.unlink()
        save(disk / "checkpoints", training, LoopState(step=2))
        assert load(disk / "checkpoints", start())[0].step == 2


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("as_rust", [False, True])
def test_no_room_for_any_of_the_files_leaves_the_checkpoints_before(saved, start, monkeypatch, at, as_rust):
    written = []

    def writer(tensors, path):
        written.append(path)
        if len(written) > at:
            path.write_bytes(b"half")
            if as_rust:
                raise SafetensorError(f"Error while serializing: I/O error: No space left (os error {errno.ENOSPC})")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        save_file(tensors, path)

    def write_state(path, document):
        writer({}, path)

    monkeypatch.setattr(checkpoint, "save_file", writer)
    monkeypatch.setattr(checkpoint_folder, "write_json", write_state)
    training = start()
    with pytest.raises(MachineLimitError, match="The disk is full"):
        save(saved, training, LoopState(step=5), best=trained_weights(training.plain))
    assert names(saved) == ["step-00000003", "step-00000004"]
    assert load(saved, start())[0].step == 4
