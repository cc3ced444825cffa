from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.full_run import write_full_run

from afina.errors import ModelError
from afina.evaluation import expected_calibration_error
from afina.recipes.run_report import report_document
from afina.run_folder import RunFolder


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder(write_full_run(tmp_path / "matrix" / "runs" / "books-minilm", steps=60))


def test_a_full_run_lacks_nothing(run):
    document = report_document(run)
    assert document["missing"] == []
    assert [name for name, part in document.items() if part is None] == []
    json.dumps(document, allow_nan=False)


def test_the_matrix_is_that_of_the_folder_above_or_the_one_named(run, tmp_path):
    assert report_document(run)["matrix"]["sources"] == ["books", "kitchen", "phones"]
    stranger = run.root.rename(run.root.with_name("stranger"))
    assert report_document(RunFolder(stranger))["matrix"] is None
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "matrix.json").write_text('{"sources": ["x"], "cells": []}')
    assert report_document(RunFolder(stranger), matrix=tmp_path / "other")["matrix"]["sources"] == ["x"]


def test_of_other_data_only_the_kinds_that_fare_worse_are_kept(run):
    kitchen = next(row for row in report_document(run)["evaluations"] if row["dataset"] == "kitchen")
    assert [row["value"] for row in kitchen["slices"]] == ["over 40 words", "with a negation", "with a contrast"]


def test_confidence_before_the_temperature_is_worked_out_from_the_answers(run):
    calibration = report_document(run)["calibration"]
    table = pq.read_table(run.predictions)
    positive = table["probability_positive"].to_numpy()
    label_ids = np.array([label == "positive" for label in table["label"].to_pylist()], dtype=np.int64)
    # The blend's temperature, as its answers are those of the run: odds to the power of it.
    odds = (positive / (1 - positive)) ** 1.31
    before = np.column_stack([1 / (1 + odds), odds / (1 + odds)])
    bins = calibration["reliability_before"]
    error = sum(row["n"] * abs(row["accuracy"] - row["confidence"]) for row in bins) / len(label_ids)
    assert error == pytest.approx(expected_calibration_error(label_ids, before))
    assert calibration["coverage"][-1]["coverage"] == 1.0


def test_a_set_of_which_all_is_shared_is_not_called_the_worst(run):
    sentences = report_document(run)["answer"]["sentences"]
    assert any("worst on kitchen" in sentence for sentence in sentences)
    assert any(sentence.startswith("All 400 texts of train stand in") for sentence in sentences)


@pytest.mark.parametrize(
    ("unsure", "told"),
    [
        ({"error_rate": 0.05, "threshold": None}, "No threshold promises at most 5% wrong answers"),
        ({"error_rate": 0.005, "threshold": 0.0}, "It answers every text: at most 0.5% wrong"),
        ({"error_rate": 0.05, "threshold": 0.8, "test": None}, "where its confidence is below 80.0%"),
    ],
)
def test_being_unsure_is_told_in_a_sentence(run, unsure, told):
    metrics = json.loads(run.metrics.read_text())
    run.metrics.write_text(json.dumps({**metrics, "unsure": unsure}))
    assert any(told in sentence for sentence in report_document(run)["answer"]["sentences"])


@pytest.mark.parametrize(
    ("file", "part"),
    [("mistakes.json", "mistakes"), ("behaviour.json", "behaviour"), ("metrics.json", "results")],
)
def test_a_damaged_record_costs_its_part_and_is_told(run, file, part):
    (run.root / file).write_text('{"half', encoding="utf-8")
    document = report_document(run)
    assert document[part] is None
    assert any(warning.startswith(f"{file} cannot be read") for warning in document["warnings"])


@pytest.mark.parametrize(
    "file",
    ["metrics.json", "history.jsonl", "predictions.parquet", "mistakes.json", "behaviour.json", "rejected.jsonl"],
)
def test_a_run_of_an_older_version_may_lack_a_file(run, file):
    (run.root / file).unlink()
    assert report_document(run)["name"] == "books-minilm"


def test_a_line_of_the_history_that_a_kill_cut_off_is_passed_over(run):
    whole = report_document(run)["training"]["curve"]
    with run.history.open("a") as file:
        file.write('{"step": 61, "lo')
    assert report_document(run)["training"]["curve"] == whole


def test_predictions_with_other_columns_are_left_out(run):
    pq.write_table(pq.read_table(run.predictions).select(["text", "label"]), run.predictions)
    assert report_document(run)["calibration"]["coverage"] is None


def test_a_run_in_the_making_has_its_later_name(run):
    partial = run.root.rename(run.partial.root)
    document = report_document(RunFolder(partial))
    assert document["name"] == "books-minilm"
    assert document["run"] == str(run.root)


def test_no_run_is_a_sentence(tmp_path):
    with pytest.raises(ModelError, match="Not a run folder"):
        report_document(RunFolder(tmp_path))
