import json
import math

import pytest
import torch

from afina.errors import ModelError
from afina.training import (
    Budget,
    DevScore,
    LoopState,
    load_checkpoint,
    read_state,
    restore_weights,
    save_checkpoint,
    trained_weights,
)

NOTES = {"seed": 0, "data": {"texts": 16}, "rates": [0.1, 1e-4]}


def save(folder, training, state, *, best=None, notes=NOTES, seconds=12.5):
    save_checkpoint(
        folder, model=training.plain, optimizer=training.optimizer, state=state, best_weights=best,
        seconds=seconds, command_seconds=20.0, notes=notes,
    )  # fmt: skip


def load(folder, training, notes=NOTES):
    return load_checkpoint(folder, model=training.plain, optimizer=training.optimizer, notes=notes)


def train(training, budget, state, *, until=None):
    best = None
    for step in training.steps(budget, state=state, evaluations=3):
        if step.is_best:
            best = trained_weights(training.plain)
        if step.step == until:
            break
    return best


@pytest.fixture
def saved(start, tmp_path):
    """A checkpoint after four steps, with best weights."""
    training, state = start(), LoopState()
    save(tmp_path, training, state, best=train(training, Budget(12), state, until=4))
    return tmp_path


def same_weights(first, second):
    return first.keys() == second.keys() and all(torch.equal(weight, second[name]) for name, weight in first.items())


@pytest.mark.parametrize("until", [3, 5, 6])
def test_a_resumed_run_ends_with_the_same_bits(start, tmp_path, until):
    whole, whole_state = start(dropout=0.1), LoopState()
    best = train(whole, Budget(12), whole_state)

    interrupted, state = start(dropout=0.1), LoopState()
    best_then = train(interrupted, Budget(12), state, until=until)
    save(tmp_path, interrupted, state, best=best_then)

    resumed = start(dropout=0.1)
    torch.rand(100)  # other draws in between must not matter
    state, best_before, seconds = load(tmp_path, resumed)
    assert seconds == 12.5
    best_after = train(resumed, Budget(12), state) or best_before
    assert same_weights(resumed.weights(), whole.weights())
    assert same_weights(best_after, best)
    assert state == whole_state


def test_a_checkpoint_before_the_first_step_can_be_resumed(start, tmp_path):
    save(tmp_path, start(), LoopState())
    state, best, _ = load(tmp_path, start())
    assert state == LoopState()
    assert best is None


def test_a_state_comes_back_whole(start, tmp_path):
    state = LoopState(7, 1, 2, 20, 300, 2, 1, DevScore(0.75, -math.inf), "early_stopping")
    training = start()
    save(tmp_path, training, state, best=trained_weights(training.plain))
    assert load(tmp_path, start())[0] == state


def test_the_last_checkpoint_replaces_the_one_before(start, tmp_path):
    training = start()
    for step in (1, 2, 3):
        save(tmp_path, training, LoopState(step=step), best=trained_weights(training.plain) if step < 3 else None)
    state, best, _ = load(tmp_path, start())
    assert state.step == 3
    assert best is None
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["last"]


def test_a_checkpoint_holds_no_pickle(saved):
    for path in (saved / "last").iterdir():
        assert path.suffix in {".safetensors", ".json"}
    assert json.loads((saved / "last" / "state.json").read_text())["notes"] == NOTES


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


def test_no_checkpoint_is_an_error_that_names_the_folder(start, tmp_path):
    with pytest.raises(ModelError, match=f"no checkpoint in {tmp_path}"):
        read_state(tmp_path)
    with pytest.raises(ModelError, match="no checkpoint"):
        load(tmp_path, start())


def test_other_data_or_settings_are_named(saved, start):
    with pytest.raises(ModelError, match="seed, data changed"):
        load(saved, start(), {**NOTES, "seed": 1, "data": {"texts": 17}})


FILES = ["weights.safetensors", "best.safetensors", "optimizer.safetensors", "random.safetensors", "state.json"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut", "empty", "overwritten"])
def test_a_damaged_file_is_an_error_that_says_what_to_do(saved, start, name, damage):
    path = saved / "last" / name
    content = path.read_bytes()
    path.write_bytes({"cut": content[: len(content) // 2], "empty": b"", "overwritten": b"\xff" * 200}[damage])
    with pytest.raises(ModelError, match="damaged") as caught:
        load(saved, start())
    assert "--force" in caught.value.hint


@pytest.mark.parametrize(
    "name",
    FILES,
)
def test_a_missing_file_is_an_error(saved, start, name):
    (saved / "last" / name).unlink()
    with pytest.raises(ModelError):
        load(saved, start())


def test_a_checkpoint_of_another_model_is_an_error(saved, start):
    other = start()
    other.plain.classifier = torch.nn.Linear(32, 5)
    with pytest.raises(ModelError):
        load(saved, other)


def test_a_crash_between_the_renames_leaves_the_checkpoint_before(saved, start):
    (saved / "last").rename(saved / "last.old")
    state, best, _ = load(saved, start())
    assert (state.step, best is None) == (4, False)
    save(saved, start(), LoopState(step=5))
    assert load(saved, start())[0].step == 5


def test_a_half_written_checkpoint_is_ignored_and_overwritten(saved, start):
    (saved / "last.tmp").mkdir()
    (saved / "last.tmp" / "weights.safetensors").write_bytes(b"half")
    assert load(saved, start())[0].step == 4
    save(saved, start(), LoopState(step=5))
    assert load(saved, start())[0].step == 5


def test_an_old_checkpoint_left_by_a_crash_does_not_hinder_the_next(saved, start):
    (saved / "last.old").mkdir()
    (saved / "last.old" / "weights.safetensors").write_bytes(b"not yet removed")
    save(saved, start(), LoopState(step=5))
    assert load(saved, start())[0].step == 5


def test_the_parts_of_two_checkpoints_are_never_mixed(saved, start, tmp_path):
    (saved / "last").rename(saved / "kept")
    save(saved, start(), LoopState(step=9))
    (saved / "kept").rename(saved / "last.old")
    (saved / "last" / "state.json").unlink()
    training = start()
    try:
        state, best, _ = load(saved, training)
    except ModelError:
        return
    assert (state.step, best is None) == (4, False)


@pytest.mark.parametrize("content", [b"", b'{"format": 1,', b"\xff\xfe"])
def test_reading_a_damaged_state_is_an_error_of_the_model(saved, content):
    (saved / "last" / "state.json").write_bytes(content)
    with pytest.raises(ModelError):
        read_state(saved)
