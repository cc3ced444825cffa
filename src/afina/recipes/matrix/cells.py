"""The cells of a matrix: how each model does on each test set, and what it loses away from its own texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset
from afina.evaluation import Evaluation, Interval, bootstrap_mean_of_sets, paired_difference, rank_correlation
from afina.recipes.matrix.distances import Distances
from afina.recipes.matrix.rows import MatrixRow
from afina.recipes.matrix.sources import ALL, MatrixSource

Floats = npt.NDArray[np.float64]


def make_cells(
    rows: Mapping[str, MatrixRow],
    trained_on: Mapping[str, MatrixSource],
    tests: Mapping[str, TextDataset],
    distances: Distances | None,
    *,
    samples: int,
) -> list[dict[str, Any]]:
    """A cell for each trained model and each test set, in the order of both.

    Args:
        rows: What each model reached, by what it was trained on; one that failed is not there.
        trained_on: The sources and their whole, in order, for what was removed from each.
        tests: Test texts by name, in order.
        distances: Between sources; None where they were not measured.
        samples: Bootstrap resamples behind each interval.
    """
    return [
        _cell(rows, trained_on[train], test, tests[test], distances, samples=samples)
        for train in trained_on
        if train in rows
        for test in tests
    ]


def _cell(
    rows: Mapping[str, MatrixRow],
    source: MatrixSource,
    test: str,
    texts: TextDataset,
    distances: Distances | None,
    *,
    samples: int,
) -> dict[str, Any]:
    train, row = source.name, rows[source.name]
    model, baseline = row.model[test], row.baseline[test]
    metrics = model.metrics
    at_home = rows.get(test)
    proxy_a, discrepancy = distances.between(train, test) if distances and train != test else (None, None)
    removed = source.removed.get(test)

    def lost(home: Evaluation, away: Evaluation) -> dict[str, float]:
        predicted = (evaluation.probabilities.argmax(axis=1) for evaluation in (home, away))
        return paired_difference(texts.label_ids, *predicted, samples=samples).as_dict()

    home_ece = row.model[train].metrics.ece if train in row.model else None
    is_away = at_home is not None and train != test
    return {
        "train": train,
        "test": test,
        "in_domain": train == test,
        "n": metrics.n,
        "accuracy": metrics.accuracy.as_dict(),
        "f1": metrics.f1.as_dict(),
        "average": metrics.average,
        "ece": metrics.ece,
        "ece_drift": None if home_ece is None or train == test else metrics.ece - home_ece,
        "drop": lost(at_home.model[test], model) if at_home is not None and is_away else None,
        "baseline_accuracy": baseline.metrics.accuracy.as_dict(),
        "baseline_drop": lost(at_home.baseline[test], baseline) if at_home is not None and is_away else None,
        "over_baseline": lost(model, baseline),
        "distance": proxy_a,
        "mmd": discrepancy,
        "removed": removed.rows if removed else 0,
        "removed_exact": removed.exact if removed else 0,
        "removed_near": removed.near if removed else 0,
    }


def summarise(
    rows: Mapping[str, MatrixRow], cells: Sequence[Mapping[str, Any]], tests: Mapping[str, TextDataset], *, samples: int
) -> dict[str, Any]:
    """What the cells come to: mean accuracies, mean drops, drift of calibration, and what distance has to do with it.

    Args:
        rows: What each model reached.
        cells: As `make_cells` gives them.
        tests: Test texts by name.
        samples: Bootstrap resamples behind each interval.
    """
    means = {
        name: bootstrap_mean_of_sets([_correct(row.model[test], tests[test]) for test in tests], samples=samples)
        for name, row in rows.items()
    }
    away = [cell for cell in cells if cell["drop"] is not None and cell["train"] != ALL]
    measured = [cell for cell in away if cell["distance"] is not None]
    drops = [cell["drop"]["value"] for cell in measured]
    drifts = [cell["ece_drift"] for cell in away if cell["ece_drift"] is not None]
    home = [cell["ece"] for cell in cells if cell["in_domain"]]
    return {
        "mean_accuracy": {name: mean.as_dict() for name, mean in means.items()},
        "mean_drop": _mean_drop(rows, tests, "model", samples=samples),
        "baseline_mean_drop": _mean_drop(rows, tests, "baseline", samples=samples),
        "ece": {
            "in_domain": float(np.mean(home)) if home else None,
            "out_of_domain": float(np.mean([cell["ece"] for cell in away])) if away else None,
            "drift": float(np.mean(drifts)) if drifts else None,
        },
        "correlation": {
            "cells": len(measured),
            "proxy_a": rank_correlation([cell["distance"] for cell in measured], drops),
            "mmd": rank_correlation([cell["mmd"] for cell in measured], drops),
        },
    }


def compare_means(
    one: MatrixRow, other: MatrixRow, tests: Mapping[str, TextDataset], *, samples: int, kind: str = "model"
) -> Interval:
    """By how much the mean accuracy over all test sets of one model exceeds that of another, paired by text."""
    pairs = [
        (_correct(getattr(one, kind)[name], test), _correct(getattr(other, kind)[name], test))
        for name, test in tests.items()
    ]
    return bootstrap_mean_of_sets([first - second for first, second in pairs], samples=samples)


def mean_behind_home(
    row: MatrixRow, rows: Mapping[str, MatrixRow], tests: Mapping[str, TextDataset], *, samples: int
) -> Interval | None:
    """How far a model lies, on average over the test sets, behind the model that was trained on each; None without."""
    at_home = [name for name in tests if name in rows]
    lost = [_correct(rows[n].model[n], tests[n]) - _correct(row.model[n], tests[n]) for n in at_home]
    return bootstrap_mean_of_sets(lost, samples=samples) if lost else None


def _mean_drop(
    rows: Mapping[str, MatrixRow], tests: Mapping[str, TextDataset], kind: str, *, samples: int
) -> dict[str, float] | None:
    """The mean over test sets of what models of other sources lose there against the model of the same source."""
    lost = []
    for name, test in tests.items():
        strangers = [row for train, row in rows.items() if train not in (name, ALL)]
        if name in rows and strangers:
            away = np.mean([_correct(getattr(row, kind)[name], test) for row in strangers], axis=0)
            lost.append(_correct(getattr(rows[name], kind)[name], test) - away)
    return bootstrap_mean_of_sets(lost, samples=samples).as_dict() if lost else None


def _correct(evaluation: Evaluation, test: TextDataset) -> Floats:
    """1 for each text that was answered rightly and 0 for the others, (n_texts,)."""
    return np.asarray(evaluation.probabilities.argmax(axis=1) == test.label_ids, dtype=np.float64)
