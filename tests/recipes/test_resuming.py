"""What becomes of a fine-tuning that ends before its time, and of the one that goes on with it."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest
from tests.conftest import build_tiny_bert
from tests.recipes.recorder import Recorder
from tests.small_disk import fill, small_disk

from afina.claims import claim
from afina.errors import DataError, Interrupted, MachineLimitError, ModelError, OutputError
from afina.recipes import fine_tuning, resume
from afina.run_folder import RunFolder, write_json

EACH_STEP = {"training.checkpoint_seconds": 0}


class At(Recorder):
    """Does something when a stage begins, or after a step."""

    def __init__(self, moment, action=lambda: os.kill(os.getpid(), signal.SIGINT)):
        super().__init__()
        self.moment, self.action = moment, action

    def stage(self, name):
        if name == self.moment:
            self.action()

    def step(self, step, *, seconds_left):
        super().step(step, seconds_left=seconds_left)
        if step.step == self.moment:
            self.action()


def weights(run):
    return (RunFolder(run).model / "model.safetensors").read_bytes()


@pytest.fixture
def cut(tune, tmp_path):
    """An unfinished run with checkpoints of steps 3 and 4."""
    with pytest.raises(Interrupted):
        tune("cut", EACH_STEP, reporter=At(4))
    return RunFolder(tmp_path / "cut").partial


def copy_killed(tune, tmp_path, moment, name="killed"):
    """The unfinished run as a `kill -9` at a moment would leave it: a copy made in that moment."""
    killed, original = RunFolder(tmp_path / name), RunFolder(tmp_path / "original")

    def copy_and_stop():
        shutil.copytree(original.partial.root, killed.partial.root)
        raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        tune("original", reporter=At(moment, copy_and_stop))
    assert not original.partial.root.exists()
    return killed


@pytest.mark.parametrize("moment", ["Reading the texts", "Loading the model and measuring this machine", "Testing"])
def test_a_run_killed_before_its_first_checkpoint_starts_over(tune, tmp_path, moment):
    killed, reporter = copy_killed(tune, tmp_path, moment), Recorder()
    resumed = resume(killed.partial.root, reporter=reporter)
    assert any("starts over" in told for told in reporter.told)
    assert weights(resumed.run.root) == weights(tune("whole").run.root)
    assert resumed.run.read_manifest()["origins"]["training.max_steps"] == "command line"
    assert not killed.partial.root.exists()


@pytest.mark.parametrize("content", ["", "{}", '{"config": {"no": "setting"}, "origins": {}}'])
def test_a_damaged_request_without_a_checkpoint_is_one_sentence(tune, tmp_path, content):
    killed = copy_killed(tune, tmp_path, "Reading the texts")
    killed.partial.request.write_text(content)
    with pytest.raises(ModelError, match=r"request\.json is damaged, and there is no checkpoint"):
        resume(killed.partial.root)


def test_a_damaged_request_does_not_matter_where_there_is_a_checkpoint(cut, tune):
    cut.request.write_bytes(b"\xff")
    assert weights(resume(cut.root).run.root) == weights(tune("whole").run.root)


def test_a_run_killed_before_its_renaming_is_not_trained_again(tune):
    finished = tune("run")
    expected = weights(finished.run.root)
    finished.run.root.rename(finished.run.partial.root)
    write_json(finished.run.partial.request, {"force": False})
    reporter = Recorder()
    resumed = resume(finished.run.partial.root, reporter=reporter)
    assert reporter.steps == []
    assert resumed.summary == finished.summary
    assert resumed.classifier.predict_proba(["good"]).shape == (1, 2)
    assert weights(resumed.run.root) == expected
    with pytest.raises(ModelError, match="finished already"):
        resume(finished.run.partial.root)


@pytest.mark.parametrize("moment", ["Reading the texts", "Fitting the TF-IDF baseline", "Testing"])
def test_ctrl_c_before_the_first_checkpoint_leaves_nothing(tune, tmp_path, moment):
    before = set(tmp_path.iterdir())
    with pytest.raises(Interrupted, match=r"^Interrupted; nothing was written$"):
        tune("deep/run", reporter=At(moment))
    assert set(tmp_path.iterdir()) == before


def test_ctrl_c_after_a_checkpoint_or_while_resuming_says_how_to_go_on(tune, tmp_path, cut):
    with pytest.raises(Interrupted, match=r"^Interrupted$") as raised:
        tune("late", EACH_STEP, reporter=At("Testing"))
    assert raised.value.hint == f"go on with `afina train --resume {tmp_path / 'late.partial'}`"
    with pytest.raises(Interrupted, match=r"^Interrupted$") as raised:
        resume(cut.root, reporter=At("Reading the texts again"))
    assert str(cut.root) in raised.value.hint
    killed = copy_killed(tune, tmp_path, "Reading the texts")
    with pytest.raises(Interrupted, match=r"^Interrupted$") as raised:
        resume(killed.partial.root, reporter=At("Reading the texts"))
    assert str(killed.partial.root) in raised.value.hint


def test_bad_data_leave_nothing(tune, tmp_path):
    before = set(tmp_path.iterdir())
    with pytest.raises(DataError):
        tune("deep/run", {"data.source": "nowhere.csv"})
    assert set(tmp_path.iterdir()) == before


def test_the_request_holds_no_password(tune, tmp_path):
    seen = []
    reader = At("Reading the texts", lambda: seen.append((tmp_path / "run.partial" / "request.json").read_text()))
    with pytest.raises(DataError):
        tune("run", {"data.source": "postgresql://me:secret@127.0.0.1:1/nowhere#texts"}, reporter=reader)
    (request,) = seen
    assert "postgresql://me" in request
    assert "secret" not in request


def test_a_damaged_checkpoint_is_told_and_the_one_before_leads_to_the_same_bits(cut, tune):
    path = cut.checkpoints / "step-00000004" / "optimizer.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    reporter = Recorder()
    resumed = resume(cut.root, reporter=reporter)
    assert reporter.steps[0].step == 4
    assert any(f"{path} is damaged" in warning for warning in reporter.warned)
    assert resumed.summary["warnings"] == reporter.warned
    assert weights(resumed.run.root) == weights(tune("whole").run.root)


def test_another_command_on_the_same_run_is_refused_at_once(cut, tune):
    def again():
        with pytest.raises(OutputError, match=r"^Another command is writing"):
            resume(cut.root)
        with pytest.raises(OutputError, match=r"^Another command is writing"):
            tune("cut", force=True)

    resume(cut.root, reporter=At("Reading the texts again", again))


@pytest.mark.parametrize(
    ("change", "named"),
    [({"hidden_size": 16}, r"\(32x32 then, 16x16 now\)"), ({"initializer_range": 0.5}, "weights that are not trained")],
)
def test_another_model_in_the_same_place_is_named(tune, tmp_path, change, named):
    model = tmp_path / "model"
    model.mkdir()
    build_tiny_bert(model)
    with pytest.raises(Interrupted):
        tune("cut", {"modeling.name": str(model)}, reporter=At(3))
    build_tiny_bert(model, **change)
    with pytest.raises(ModelError, match=f"does not fit: .*{named}"):
        resume(tmp_path / "cut.partial")
    assert (tmp_path / "cut.partial").exists()


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A disk with room for a run and its checkpoints, and little more."""
    monkeypatch.setattr(fine_tuning, "_DISK_BYTES", 0)
    with small_disk(tmp_path / "disk", 4096) as folder:
        yield folder


def test_a_disk_that_fills_while_training_is_told_once_and_ends_nothing(tune, disk):
    class Filling(Recorder):
        def step(self, step, *, seconds_left):
            super().step(step, seconds_left=seconds_left)
            if step.step == 2:
                fill(disk)
            if step.step == 5:
                assert sorted(path.name for path in (disk / "run.partial/checkpoints").iterdir()) == ["step-00000001"]
                (disk / "filling").unlink()

    reporter = Filling()
    result = tune("disk/run", EACH_STEP, reporter=reporter)
    (told,) = [warning for warning in reporter.warned if "checkpoint" in warning]
    assert told.startswith("No checkpoint at step 2, and training goes on: The disk is full")
    assert weights(result.run.root) == weights(tune("whole").run.root)
    steps = [json.loads(line)["step"] for line in result.run.history.read_text().splitlines()]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_a_disk_that_fills_when_the_user_stops_is_told(tune, disk):
    def fill_and_stop():
        fill(disk)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="step 3 of 6; no checkpoint is saved") as raised:
        tune("disk/run", EACH_STEP, reporter=At(3, fill_and_stop))
    assert "--resume" in raised.value.hint
    (disk / "filling").unlink()
    assert weights(resume(disk / "run.partial").run.root) == weights(tune("whole").run.root)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_disk_that_fills_while_the_run_is_written_loses_nothing(tune, disk, share):
    whole = tune("whole").run.root
    room = int(share * sum(path.stat().st_size for path in whole.rglob("*") if path.is_file()) / 1024)
    with pytest.raises(MachineLimitError, match="The run cannot be written") as raised:
        tune("disk/run", EACH_STEP, reporter=At("Writing the run", lambda: fill(disk, but_kilobytes=room)))
    assert f"--resume {disk / 'run.partial'}" in raised.value.hint
    (disk / "filling").unlink()
    assert weights(resume(disk / "run.partial").run.root) == weights(whole)


def test_a_disk_that_fills_before_low_rank_updates_are_saved_loses_nothing(tune, disk):
    settings = {**EACH_STEP, "modeling.method": "lora"}
    with pytest.raises(MachineLimitError, match="The run cannot be written") as raised:
        tune("disk/run", settings, reporter=At("Testing", lambda: fill(disk)))
    assert f"--resume {disk / 'run.partial'}" in raised.value.hint
    (disk / "filling").unlink()
    assert weights(resume(disk / "run.partial").run.root) == weights(tune("whole", settings).run.root)


def test_a_disk_that_fills_without_a_checkpoint_leaves_nothing(tune, disk):
    with pytest.raises(MachineLimitError, match="The run cannot be written") as raised:
        tune("disk/run", reporter=At("Writing the run", lambda: fill(disk)))
    assert raised.value.hint == "make room on the disk, then train again"
    assert [path.name for path in disk.iterdir()] == ["filling"]


def test_a_place_that_another_command_holds_is_refused_before_anything_is_read(tune, tmp_path):
    with pytest.raises(KeyboardInterrupt), claim(RunFolder(tmp_path / "run"), {}):  # noqa: PT012
        reporter = At("Reading the texts", lambda: pytest.fail("the texts are read"))
        with pytest.raises(OutputError, match="another command is writing it"):
            tune("run", reporter=reporter)
        raise KeyboardInterrupt


@pytest.mark.parametrize("step", [12, 14])
def test_a_training_that_was_being_led_to_its_end_resumes_to_the_same_bits(tune, tmp_path, step):
    settings = {
        "training.max_steps": 60, "training.evaluations": 20, "training.patience": 3, "training.learning_rate": 1e-7,
        "modeling.dropout": 0.1, **EACH_STEP,
    }  # fmt: skip
    whole = tune("whole", settings)
    with pytest.raises(Interrupted):
        tune("cut", settings, reporter=At(step))
    reporter = Recorder()
    resumed = resume(tmp_path / "cut.partial", reporter=reporter)
    assert [step.step for step in reporter.steps] == list(range(step + 1, 18))
    assert weights(resumed.run.root) == weights(whole.run.root)
    assert resumed.run.history.read_text() == whole.run.history.read_text()
    assert resumed.summary["stopped_by"] == "early_stopping"


METHODS = {
    "full": {"modeling.dropout": 0.1, "training.layer_decay": 0.8, "training.accumulation": 2},
    "probe_first": {
        "training.probe_first": True,
        "training.label_smoothing": 0.1,
        "training.class_weights": "balanced",
    },
    "frozen": {"modeling.method": "frozen", "modeling.freeze_layers": 1, "modeling.prefix_cache": "fp32"},
    "head": {"modeling.method": "head"},
    "lora": {"modeling.method": "lora", "modeling.lora_dropout": 0.1},
    "lora in 8 bits": {"modeling.method": "lora", "modeling.lora_dropout": 0.1, "modeling.load_in_8bit": True},
    "lora in 4 bits": {"modeling.method": "lora", "modeling.lora_dropout": 0.1, "modeling.load_in_4bit": True},
}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_resumes_to_the_same_bits(tune, tmp_path, method):
    if "bits" in method:
        pytest.importorskip("bitsandbytes")
    settings = {**METHODS[method], **EACH_STEP}
    whole = tune("whole", settings)
    with pytest.raises(Interrupted):
        tune("cut", settings, reporter=At(3))
    reporter = Recorder()
    resumed = resume(tmp_path / "cut.partial", reporter=reporter)
    assert [step.step for step in reporter.steps] == [4, 5, 6]
    assert weights(resumed.run.root) == weights(whole.run.root)
    assert resumed.summary["test"]["log_loss"] == whole.summary["test"]["log_loss"]
