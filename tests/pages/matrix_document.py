"""A document of `matrix --json`, as small as it may be with everything in it."""

from __future__ import annotations

from typing import Any


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def cell(train: str, test: str, accuracy: float, **more: Any) -> dict[str, Any]:
    return {
        "train": train, "test": test, "in_domain": train == test, "n": 500, "accuracy": interval(accuracy),
        "f1": interval(accuracy), "average": "positive class: positive", "ece": 0.07, "ece_drift": None, "drop": None,
        "baseline_accuracy": interval(0.75), "baseline_drop": None, "over_baseline": interval(0.1), "distance": None,
        "mmd": None, "removed": 0, "removed_exact": 0, "removed_near": 0, **more,
    }  # fmt: skip


def away(train: str, test: str, accuracy: float, **more: Any) -> dict[str, Any]:
    lost = {"drop": interval(0.041), "baseline_drop": interval(0.123), "ece_drift": 0.045}
    return cell(train, test, accuracy, **{**lost, "distance": 1.73, "mmd": 0.084, "removed": 1234, **more})


GRID: dict[str, Any] = {
    "afina": "0.1", "source": "books, phones", "sources": ["books", "phones"],
    "trained_on": ["books", "phones", "all"], "complete": False, "model": "minilm", "equal_size": False,
    "sets": [{"name": name, "source": f"{name}.csv", "train": 1400, "dev": 160, "test": 489, "set_aside": 17,
              "labels": {"negative": 700, "positive": 700}} for name in ("books", "phones")],
    "models": [{"name": name, "run": f"out/runs/{name}", "train": 1400, "method": "full", "epochs": 2.5,
                "examples_seen": 3500, "stopped_by": "epochs", "budget_seconds": 300.0, "seconds": 291.2,
                "test_seconds": 30.1} for name in ("books", "all")],
    "failed": [{"name": "phones", "why": "The budget is too short"}],
    "cells": [cell("books", "books", 0.91), away("books", "phones", 0.85), cell("phones", "phones", 0.89),
              away("phones", "books", 0.84), away("all", "books", 0.9, distance=None, mmd=None)],
    "distances": [{"sources": ["books", "phones"], "proxy_a": 1.73, "mmd": 0.084}], "distance_texts": 500,
    "mean_accuracy": {"books": interval(0.88), "all": interval(0.9)}, "mean_drop": interval(0.041),
    "baseline_mean_drop": interval(0.123), "ece": {"in_domain": 0.02, "out_of_domain": 0.07, "drift": 0.05},
    "correlation": {"cells": 2, "proxy_a": 0.31, "mmd": 0.42},
    "best": {"name": "all", "mean_accuracy": interval(0.9), "next": "books", "ahead": interval(0.02), "why": "Best"},
    "verdict": ["Trained on books, phones loses 4.1 points"], "warnings": ["Removed from what books is trained on"],
    "out": "out",
}  # fmt: skip
