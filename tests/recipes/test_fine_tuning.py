from __future__ import annotations

import json
import os
import signal
import time

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file
from tests.recipes.recorder import Recorder

from afina import Classifier
from afina.errors import DataError, Interrupted, MachineLimitError, ModelError, OutputError
from afina.recipes import evaluate_run, resume


class InterruptAt(Recorder):
    """Presses Ctrl-C after a step, or sends what a platform sends."""

    def __init__(self, step, number=signal.SIGINT):
        super().__init__()
        self.at, self.number = step, number

    def step(self, step, *, seconds_left):
        super().step(step, seconds_left=seconds_left)
        if step.step == self.at:
            os.kill(os.getpid(), self.number)


def test_a_run_holds_what_the_design_says(tune):
    result = tune()
    run = result.run
    assert {path.name for path in run.root.iterdir()} == {
        "dev.parquet", "fingerprints.parquet", "history.jsonl", "metrics.json", "mistakes.json", "model",
        "predictions.parquet", "run.json",
    }  # fmt: skip
    assert {"README.md", "config.json", "model.safetensors", "tokenizer.json"} <= {p.name for p in run.model.iterdir()}
    summary = json.loads(run.metrics.read_text())
    assert summary == json.loads(json.dumps(result.summary))
    assert {
        "run", "model", "method", "steps", "examples_seen", "tokens_seen", "tokens_per_second", "seconds",
        "budget_seconds", "stopped_by", "test", "baseline", "warnings", "forecast", "tokenization",
    } <= set(summary)  # fmt: skip
    assert {"total", "load", "train", "evaluate"} <= set(summary["seconds"])
    assert summary["steps"] == 6
    assert summary["stopped_by"] == "max_steps"
    assert summary["budget_seconds"] is None
    for scores in (summary["test"], summary["baseline"], summary["baseline"]["majority"]):
        assert {"dataset", "n", "labels", "log_loss", "ece", "confusion", "texts_per_second", "share_truncated"} <= set(
            scores
        )
        for metric in ("accuracy", "f1", "precision", "recall", "matthews"):
            assert scores[metric]["low"] <= scores[metric]["value"] <= scores[metric]["high"]
    assert {"per_class", "curves", "calibration", "slices"} <= set(summary["test"])
    assert summary["tokenization"]["texts"] > 0
    assert summary["tokenization"]["fertility"] >= 1
    mistakes = json.loads(run.mistakes.read_text())
    wrong = summary["test"]["n"] * (1 - summary["test"]["accuracy"]["value"])
    assert mistakes["n"] == pytest.approx(wrong)
    assert all(len(mistake["neighbours"]) == 3 for mistake in mistakes["confident"])
    manifest = run.verify()
    assert "fingerprints.parquet" in manifest["artifacts"]
    assert manifest["labels"] == ["negative", "positive"]
    assert manifest["origins"]["training.max_steps"] == "command line"
    assert len(run.history.read_text().splitlines()) == 6
    config = json.loads((run.model / "config.json").read_text())
    assert config["id2label"] == {"0": "negative", "1": "positive"}


def test_the_predictions_on_disk_are_the_scores_that_were_reported(tune):
    result = tune()
    table = pq.read_table(result.run.predictions).to_pydict()
    correct = np.mean([a == b for a, b in zip(table["label"], table["predicted_label"], strict=True)])
    assert correct == pytest.approx(result.summary["test"]["accuracy"]["value"])
    again = Classifier.load(result.run.root).predict_proba(table["text"])
    np.testing.assert_allclose(again[:, 1], table["probability_positive"], atol=1e-6)


def test_the_model_card_carries_the_measured_figures(tune):
    result = tune()
    card = (result.run.model / "README.md").read_text()
    assert "model-index:" in card
    assert f"value: {result.summary['test']['accuracy']['value']:.4f}" in card
    assert result.summary["verdict"] in card


def test_the_same_seed_gives_the_same_weights_to_the_bit(tune):
    first, second = (load_file(tune(name).run.model / "model.safetensors") for name in ("a", "b"))
    other = load_file(tune("c", {"training.seed": 1}).run.model / "model.safetensors")
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not all(np.array_equal(first[name], other[name]) for name in first)


def test_it_learns_what_can_be_learned(tune):
    summary = tune(settings={"training.max_steps": 60}).summary
    # Six dev texts: the earliest weights within one standard error of the best may miss one of them.
    assert summary["dev"]["accuracy"] >= 5 / 6
    assert summary["test"]["accuracy"]["value"] >= 5 / 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_resumed_ends_in_the_same_weights(tune, tmp_path, number):
    whole = tune("whole")
    with pytest.raises(Interrupted) as raised:
        tune("cut", reporter=InterruptAt(3, number))
    partial = tmp_path / "cut.partial"
    assert f"afina train --resume {partial}" in raised.value.hint
    assert not (tmp_path / "cut").exists()
    with pytest.raises(OutputError, match="unfinished"):
        tune("cut")
    with pytest.raises(ModelError, match="Not a run folder"):
        Classifier.load(partial)
    resumed = resume(partial)
    assert not partial.exists()
    for name in ("steps", "examples_seen", "tokens_seen", "stopped_by"):
        assert resumed.summary[name] == whole.summary[name]
    first, second = (load_file(result.run.model / "model.safetensors") for result in (whole, resumed))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    steps = [json.loads(line)["step"] for line in resumed.run.history.read_text().splitlines()]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_changed_data_cannot_be_resumed(tune, tmp_path, reviews_csv):
    with pytest.raises(Interrupted):
        tune("cut", reporter=InterruptAt(3))
    reviews_csv.write_text(reviews_csv.read_text() + "a wholly new review that was not here,positive\n")
    with pytest.raises(ModelError, match="does not fit: data"):
        resume(tmp_path / "cut.partial")
    assert (tmp_path / "cut.partial").exists()


def test_test_texts_in_the_training_data_are_told_and_removed(tune, tmp_path, reviews_csv):
    lines = reviews_csv.read_text().splitlines()
    shared = [line.upper().replace(",POSITIVE", ",positive").replace(",NEGATIVE", ",negative") for line in lines[1:5]]
    near = lines[5].replace(" it,", " it really,")
    fresh = ["a wholly different text about rain,negative", "nothing like the others in any way,positive"]
    test = tmp_path / "test.csv"
    test.write_text("\n".join([lines[0], *shared, near, *fresh]) + "\n")
    reporter = Recorder()
    result = tune(settings={"data.test": str(test)}, reporter=reporter)
    manifest = result.run.read_manifest()
    assert manifest["data"]["leakage"]["test_exact"] == 4
    assert manifest["data"]["leakage"]["test_near"] == 1
    assert manifest["data"]["train"]["texts"] + manifest["data"]["dev"]["texts"] <= 55
    assert any("shares texts" in warning for warning in reporter.warned)
    assert any("shares texts" in warning for warning in result.summary["warnings"])


def test_training_on_the_test_set_alone_is_refused(tune, reviews_csv):
    with pytest.raises(DataError, match="Every training text"):
        tune(settings={"data.test": str(reviews_csv)})


def test_a_model_that_does_not_beat_the_baseline_is_told(tune):
    reporter = Recorder()
    result = tune(settings={"training.learning_rate": 1e-9, "training.max_steps": 1}, reporter=reporter)
    assert result.summary["beats_baseline"] is False
    assert "NOT" in result.summary["verdict"]
    assert result.summary["verdict"] in reporter.warned


def test_a_budget_bounds_the_command_and_trains_to_its_plan(tune):
    began = time.monotonic()
    result = tune(settings={"training.max_steps": None, "training.budget": 30, "training.epochs": 2})
    assert time.monotonic() - began < 30
    assert result.summary["budget_seconds"] == 30
    assert result.summary["stopped_by"] in {"epochs", "early_stopping"}
    rates = [json.loads(line)["learning_rate"] for line in result.run.history.read_text().splitlines()]
    assert rates[-1] < max(rates)


def test_a_training_that_gets_no_better_is_led_to_its_end(tune):
    class Timed(Recorder):
        left = ()

        def step(self, step, *, seconds_left):
            super().step(step, seconds_left=seconds_left)
            self.left = (*self.left, seconds_left)

    reporter = Timed()
    result = tune(
        settings={
            "training.max_steps": 60, "training.evaluations": 20, "training.patience": 3, "training.learning_rate": 1e-7
        },
        reporter=reporter,
    )  # fmt: skip
    assert (result.summary["stopped_by"], result.summary["steps"]) == ("early_stopping", 17)
    rates = [json.loads(line)["learning_rate"] for line in result.run.history.read_text().splitlines()]
    assert rates[12:] == pytest.approx([rates[11] * share for share in (0.9, 0.7, 0.5, 0.3, 0.1)])
    assert [step.step for step in reporter.steps if step.dev] == [3, 6, 9, 12, 17]
    (told,) = [told for told in reporter.told if "ended early" in told]
    assert told.startswith(
        "Dev accuracy had not risen for 3 evaluations (since step 3): training ended early, after 3."
    )
    assert not any("Dev accuracy" in warning for warning in reporter.warned)
    # At the pace so far, for the 5 steps to come and not for the 48 of the plan.
    assert 0 < reporter.left[11] <= 5 / 12 * result.summary["seconds"]["train"]
    assert reporter.left[-1] == 0


def test_a_budget_that_is_used_up_before_training_is_told(tune, tmp_path):
    with pytest.raises(MachineLimitError, match="budget is too short"):
        tune(settings={"training.max_steps": None, "training.budget": 50}, started=time.monotonic() - 49)
    assert not list(tmp_path.glob("run*"))


def test_an_existing_run_is_replaced_only_by_force(tune):
    tune()
    with pytest.raises(OutputError, match="exists"):
        tune()
    assert tune(settings={"training.max_steps": 2}, force=True).summary["steps"] == 2


def test_tracking_writes_tensorboard_events(tune):
    pytest.importorskip("tensorboard")
    result = tune(track=True)
    assert list(result.run.tensorboard.glob("events.*"))


def test_a_run_is_evaluated_on_foreign_labels_and_columns(tune, tmp_path):
    run = tune(settings={"training.max_steps": 60}).run.root
    stars = tmp_path / "stars.jsonl"
    rows = [{"review": f"the {word} room", "stars": star} for word, star in (("good", 5), ("awful", 1), ("fine", 3))]
    stars.write_text("\n".join(map(json.dumps, rows)))
    reporter = Recorder()
    document = evaluate_run(run, [str(stars)], reporter=reporter)
    (scores,) = document["results"]
    assert scores["n"] == 2
    assert scores["accuracy"]["value"] == 1.0
    assert any("3 stars" in told for told in reporter.told)
