"""Real review data, where they stand beside the project; skipped elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from afina.config import load_config
from afina.recipes import fine_tune


def _train(*arguments: object) -> tuple[dict, str]:
    command = [sys.executable, "-m", "afina", "train", *map(str, arguments), "--json"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout), finished.stderr


def test_the_overlap_of_a_known_pair_is_found_and_not_trained_on(shared_data, tiny_model, tmp_path):
    options = {
        "data.source": str(shared_data / "sst2_dev.parquet"), "data.test": str(shared_data / "sample_reviews.parquet"),
        "modeling.name": str(tiny_model), "training.max_steps": 1, "out": str(tmp_path / "run"),
    }  # fmt: skip
    result = fine_tune(load_config(options=options)[0])
    leakage = result.run.read_manifest()["data"]["leakage"]
    assert (leakage["test_exact"], leakage["test_near"]) == (139, 11)
    assert leakage["train_removed"] == 150
    assert any("139 exactly, 11 nearly" in warning for warning in result.summary["warnings"])


@pytest.mark.slow
def test_long_sorted_reviews_with_a_tiny_budget_still_give_a_model(shared_data, tmp_path):
    began = time.monotonic()
    summary, _ = _train(shared_data / "imdb_train.parquet", "--budget", "20s", "--out", tmp_path / "run")
    assert time.monotonic() - began < 25
    assert summary["budget_seconds"] == 20
    assert summary["test"]["n"] >= 40
    assert min(map(sum, summary["test"]["confusion"])) > 10, "both labels are tested though the file is sorted by label"
    assert any("budget allow" in warning for warning in summary["warnings"])


@pytest.mark.slow
def test_sentences_within_five_minutes(shared_data, tmp_path):
    arguments = (shared_data / "sst2_train.parquet", "--test", shared_data / "sst2_dev.parquet", "--budget", "5m")
    summary, _ = _train(*arguments, "--out", tmp_path / "run")
    assert summary["seconds"]["total"] <= 300
    assert summary["test"]["accuracy"]["value"] >= 0.87
    assert summary["beats_baseline"]
