"""What a user is told of calibration and of answers that are not sure."""

from __future__ import annotations

import csv
import json

import pytest

TEXTS = ("the good film was great", "it was", "the awful room was rude")


@pytest.fixture
def set_threshold(run_copy):
    """Give the run a threshold."""

    def write(value):
        manifest = json.loads((run_copy / "run.json").read_text())
        manifest["unsure"]["threshold"] = value
        (run_copy / "run.json").write_text(json.dumps(manifest))

    return write


def test_answers_below_the_threshold_are_marked(afina_command, run_copy, set_threshold):
    _, out, _ = afina_command("predict", run_copy, *TEXTS, "--json")
    predictions = json.loads(out)["predictions"]
    assert [prediction["uncertain"] for prediction in predictions] == [None, None, None]
    scores = sorted(prediction["score"] for prediction in predictions)
    assert scores[0] == predictions[1]["score"]
    set_threshold((scores[0] + scores[1]) / 2)
    _, out, _ = afina_command("predict", run_copy, *TEXTS, "--json")
    assert [prediction["uncertain"] for prediction in json.loads(out)["predictions"]] == [False, True, False]
    _, out, _ = afina_command("predict", run_copy, *TEXTS)
    assert ["not sure" in line for line in out.splitlines()] == [False, True, False]
    set_threshold(0.0)
    _, out, _ = afina_command("predict", run_copy, *TEXTS)
    assert "not sure" not in out


def test_a_file_says_of_each_row_whether_it_is_sure(afina_command, run_copy, set_threshold, tmp_path):
    set_threshold(0.999999)
    source = tmp_path / "in.csv"
    source.write_text("text\n" + "\n".join(TEXTS) + "\n")
    code, out, _ = afina_command("predict", run_copy, "--file", source, "--out", tmp_path / "out.csv")
    assert code == 0
    assert "3 rows written" in out
    assert "3 of them not sure" in out
    with (tmp_path / "out.csv").open() as file:
        assert [row["uncertain"] for row in csv.DictReader(file)] == ["True"] * 3
    _, out, _ = afina_command("predict", run_copy, "--file", source, "--out", tmp_path / "2.csv", "--json")
    assert json.loads(out)["uncertain"] == 3


def test_train_says_what_its_probabilities_are_worth(afina_command, reviews_csv, tiny_model):
    options = ("--model", tiny_model, "--max-steps", "40", "--set", "training.learning_rate=1e-2")
    code, out, _ = afina_command("train", reviews_csv, *options, "--out", "one")
    assert code == 0
    assert "calibrated: temperature" in out
    assert "on the test texts" in out
    assert "ask for less with --set evaluation.error_rate=0.1" in out
    wish = ("--set", "evaluation.error_rate=0.49", "--set", "data.dev_share=0.4")
    code, out, _ = afina_command("train", reviews_csv, *options, *wish, "--out", "two")
    assert code == 0
    assert "promised by the dev texts: at most 49.0%" in " ".join(out.split())
