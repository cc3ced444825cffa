from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from afina.data import TextDataset
from afina.evaluation import Evaluation, paired_difference, score
from afina.labels import LabelSet
from afina.recipes.matrix.cells import make_cells, mean_behind_home, summarise
from afina.recipes.matrix.distances import Distances
from afina.recipes.matrix.rows import MatrixRow
from afina.recipes.matrix.sources import ALL, MatrixSource, Removed
from afina.recipes.matrix.verdict import choose_best, sentences

LABELS = LabelSet(("negative", "positive"))
SAMPLES = 500


def dataset(name: str, n: int) -> TextDataset:
    return TextDataset([f"{name} {i}" for i in range(n)], np.arange(n) % 2, LABELS, name)


def evaluation(test: TextDataset, n_wrong: int, confidence: float = 0.9) -> Evaluation:
    """Answers of which the first `n_wrong` are wrong, all equally sure."""
    predicted = test.label_ids.copy()
    predicted[:n_wrong] = 1 - predicted[:n_wrong]
    probabilities = np.full((len(test), 2), 1 - confidence)
    probabilities[np.arange(len(test)), predicted] = confidence
    return Evaluation(test.name, score(test.label_ids, probabilities, LABELS, samples=SAMPLES), probabilities, 1, None)


def row(name: str, tests, wrong, baseline_wrong) -> MatrixRow:
    model = {test: evaluation(tests[test], wrong[test]) for test in tests}
    baseline = {test: evaluation(tests[test], baseline_wrong[test]) for test in tests}
    return MatrixRow(name, Path(name), {}, model, baseline, 1.0)


@pytest.fixture
def grid():
    """Books and phones: both lose 10 points on the other, TF-IDF 30; the model of all loses nothing."""
    tests = {"books": dataset("books", 200), "phones": dataset("phones", 100)}
    rows = {
        "books": row("books", tests, {"books": 20, "phones": 20}, {"books": 40, "phones": 50}),
        "phones": row("phones", tests, {"books": 40, "phones": 10}, {"books": 100, "phones": 20}),
        ALL: row(ALL, tests, {"books": 20, "phones": 10}, {"books": 40, "phones": 20}),
    }
    removed = {"books": {"phones": Removed(2, 1)}, "phones": {}, ALL: {"phones": Removed(2, 1)}}
    trained_on = {
        name: MatrixSource(name, f"{name}.csv", dataset(name, 9), dataset(name, 3), dataset(name, 3), 0, removed[name])
        for name in rows
    }
    distances = Distances({frozenset(("books", "phones")): (1.7, 0.1)}, 500, 100.0)
    return rows, trained_on, tests, distances


def cells_of(grid):
    return {(cell["train"], cell["test"]): cell for cell in make_cells(*grid, samples=SAMPLES)}


def test_a_drop_is_against_the_model_of_the_tested_source_on_the_same_texts(grid):
    rows, _, tests, _ = grid
    cell = cells_of(grid)["books", "phones"]
    predicted = [rows[name].model["phones"].probabilities.argmax(axis=1) for name in ("phones", "books")]
    expected = paired_difference(tests["phones"].label_ids, *predicted, samples=SAMPLES)
    assert cell["drop"] == expected.as_dict()
    assert cell["drop"]["value"] == pytest.approx(0.1)
    assert cell["baseline_drop"]["value"] == pytest.approx(0.3)
    assert cell["over_baseline"]["value"] == pytest.approx(0.3)
    assert cell["n"] == 100


def test_cells_tell_distance_leaks_and_the_drift_of_calibration(grid):
    cells = cells_of(grid)
    cell = cells["books", "phones"]
    assert (cell["distance"], cell["mmd"]) == (1.7, 0.1)
    assert (cell["removed"], cell["removed_exact"], cell["removed_near"]) == (3, 2, 1)
    # Always 90 % sure: right at home, and ten points too sure away from it.
    assert cells["books", "books"]["ece"] == pytest.approx(0)
    assert cell["ece_drift"] == pytest.approx(0.1)


def test_the_diagonal_has_no_drop_and_all_together_has_one_but_no_distance(grid):
    cells = cells_of(grid)
    home, whole = cells["books", "books"], cells[ALL, "phones"]
    assert home["in_domain"]
    assert home["drop"] is home["distance"] is home["ece_drift"] is None
    assert whole["drop"]["value"] == 0
    assert whole["distance"] is None


def test_a_model_that_is_missing_leaves_a_gap_and_no_drops_in_its_column(grid):
    rows, trained_on, tests, distances = grid
    del rows["phones"]
    cells = cells_of((rows, trained_on, tests, distances))
    assert {train for train, _ in cells} == {"books", ALL}
    assert cells["books", "phones"]["drop"] is None
    assert cells[ALL, "books"]["drop"] is not None


def test_every_set_counts_the_same_in_a_mean(grid):
    rows, _, tests, _ = grid
    cells = list(cells_of(grid).values())
    summary = summarise(rows, cells, tests, samples=SAMPLES)
    assert summary["mean_accuracy"]["books"]["value"] == pytest.approx((0.9 + 0.8) / 2)
    assert summary["mean_drop"]["value"] == pytest.approx(0.1)
    assert summary["baseline_mean_drop"]["value"] == pytest.approx(0.3)
    assert summary["correlation"] == {"cells": 2, "proxy_a": None, "mmd": None}
    assert mean_behind_home(rows[ALL], rows, tests, samples=SAMPLES).value == 0


def test_sentences_say_what_drops_what_does_not_and_which_model_is_best(grid):
    rows, _, tests, _ = grid
    cells = list(cells_of(grid).values())
    summary = summarise(rows, cells, tests, samples=SAMPLES)
    best = choose_best(rows, summary, tests, samples=SAMPLES)
    told = sentences(rows, cells, summary, best, tests, samples=SAMPLES)
    assert best["name"] == ALL
    assert best["ahead"]["low"] > 0
    assert told[0].startswith("Trained on books, phones loses 10.0 points (") or told[0].startswith(
        "Trained on phones, books loses 10.0 points ("
    )
    assert any("fine-tuned models lose 10.0 points" in t and "loses 30.0 points" in t for t in told)
    assert any("One model trained on all sources cannot be told from the in-domain models" in t for t in told)
    assert any("the model trained on all sources" in t and "ahead of" in t for t in told)
    assert any(t.startswith("Calibration") and "0.000" in t and "0.100" in t for t in told)


def test_a_drop_that_may_be_chance_is_not_called_one(grid):
    rows, trained_on, tests, distances = grid
    same = {"books": 20, "phones": 10}
    rows |= {name: row(name, tests, same, same) for name in ("books", "phones")}
    cells = list(cells_of((rows, trained_on, tests, distances)).values())
    summary = summarise(rows, cells, tests, samples=SAMPLES)
    best = choose_best(rows, summary, tests, samples=SAMPLES)
    told = sentences(rows, cells, summary, best, tests, samples=SAMPLES)
    assert told[0].startswith("No model is clearly worse on another source")
    assert "cannot tell it from" in best["why"]
