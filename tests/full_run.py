"""A run folder that holds everything a run can hold, written by hand in the form that commands write it."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from afina.config import load_config

LABELS = ["negative", "positive"]
N_TEST = 400
PARTS = ("train", "dev", "test")


def estimate(value: float, half_width: float = 0.03) -> dict[str, float]:
    return {"value": value, "low": max(0.0, value - half_width), "high": min(1.0, value + half_width)}


def scores(dataset: str, accuracy: float, **more: Any) -> dict[str, Any]:
    wrong = round(N_TEST * (1 - accuracy) / 2)
    return {
        "dataset": dataset, "n": N_TEST, "labels": LABELS, "accuracy": estimate(accuracy),
        "f1": estimate(accuracy - 0.01), "precision": estimate(accuracy - 0.02), "recall": estimate(accuracy + 0.01),
        "matthews": estimate(2 * accuracy - 1, 0.06), "log_loss": 1.2 - accuracy, "ece": 0.031,
        "confusion": [[N_TEST // 2 - wrong, wrong], [wrong, N_TEST // 2 - wrong]],
        "average": "positive class: positive", "texts_per_second": 85.4, "share_truncated": 0.12, **more,
    }  # fmt: skip


def details() -> dict[str, Any]:
    grid = [i / 40 for i in range(41)]
    rows = [{"label": label, "n": 200, "predicted": 200 + shift, "precision": estimate(0.93), "recall": estimate(0.94),
             "f1": estimate(0.935), "roc_auc": estimate(0.97, 0.01), "average_precision": estimate(0.968, 0.01)}
            for label, shift in (("negative", -3), ("positive", 3))]  # fmt: skip
    slices = [("length", "1 to 10 words", 0.97, 60), ("length", "11 to 20 words", 0.95, 120),
              ("length", "over 40 words", 0.84, 90), ("label", "negative", 0.93, 200), ("label", "positive", 0.95, 200),
              ("negation", "with a negation", 0.88, 150), ("negation", "without one", 0.97, 250),
              ("contrast", "with a contrast", 0.86, 80), ("domain", "books", 0.95, 210)]  # fmt: skip
    bins = [{"low": 0.5 + i / 20, "high": 0.55 + i / 20, "n": 4 + 2**i // 4, "confidence": 0.525 + i / 20,
             "accuracy": 0.5 + i / 19, "accuracy_low": 0.3 + i / 15, "accuracy_high": min(1.0, 0.75 + i / 30)}
            for i in range(10)]  # fmt: skip
    return {
        "per_class": rows,
        "curves": {
            "roc": [{"label": "positive", "false_positive_rate": grid, "true_positive_rate": [x**0.1 for x in grid],
                     "auc": estimate(0.97, 0.01)}],
            "precision_recall": [{"label": "positive", "recall": grid, "precision": [1 - x**6 / 2 for x in grid],
                                  "average_precision": estimate(0.968, 0.01)}],
        },
        "calibration": {"ece": 0.031, "brier": 0.05, "reliability": bins},
        "slices": [{"slice": kind, "value": value, "n": n, "accuracy": estimate(accuracy), "ece": 0.04,
                    "accuracy_elsewhere": 0.94, "worse": accuracy < 0.9}
                   for kind, value, accuracy, n in slices],
    }  # fmt: skip


def unsure() -> dict[str, Any]:
    return {"error_rate": 0.05, "confidence": 0.9, "threshold": 0.83, "dev_coverage": 0.9,
            "test": {"coverage": estimate(0.912), "error_rate": estimate(0.041, 0.02)}}  # fmt: skip


def metrics() -> dict[str, Any]:
    baseline = scores("books", 0.908, name="TF-IDF + logistic regression", trained_on=1376,
                      majority=scores("books", 0.501, name="majority class"))  # fmt: skip
    return {
        "run": "runs/books-minilm", "model": "minilm", "method": "full", "labels": LABELS, "steps": 736, "epochs": 4.0,
        "examples_seen": 5504, "tokens_seen": 676928, "tokens_per_second": 3187.2, "budget_seconds": 300.0,
        "seconds": {"total": 239.86, "load": 4.6, "baseline": 1.82, "train": 212.64, "evaluate": 7.22},
        "stopped_by": "epochs", "parameters": {"all": 22713986, "trained": 10795394},
        "memory_mb": {"peak": 1680.8, "weights": 90.9}, "seed": 0, "share_truncated_training": 0.13,
        "forecast": {"train_texts": 1376, "dev_texts": 197, "test_texts": N_TEST, "epochs": 4.0,
                     "training_seconds": 231.0, "reserve_seconds": 14.0, "expected_epochs": 3.6,
                     "cache_precision": "off", "cache_on_disk": False, "cache_bytes": 0,
                     "seconds": 201.0, "total_seconds": 228.0, "memory_mb": 1540.0, "made_by": "plan",
                     "seconds_factor": 1.0, "memory_factor": 1.0, "rules": 1},
        "outcome": {"seconds": 212.64, "total_seconds": 239.86, "memory_mb": 1680.8, "share_done": 1.0,
                    "resumed": False},
        "forecast_error": {"seconds": 0.0579, "total_seconds": 0.052, "memory_mb": 0.0914},
        "machine": {"fingerprint": "0123456789ab", "processor": "a processor", "threads": 2},
        "finished": "2026-01-05T10:51:06.123+00:00",
        "settings": chosen_settings(), "checkpoint_mb": 178.2,
        "tokenization": {"texts": 400, "type": "WordPiece", "vocabulary": 30522, "median_tokens": 96, "p5": 20,
                         "p25": 51, "p75": 170, "p95": 330, "max": 2210, "fertility": 1.18, "unknown_rate": 0.0004,
                         "share_truncated": 0.13, "share_tokens_truncated": 0.21, "share_words_lost": 0.001,
                         "lowercases": True, "characters_per_token": 4.1, "texts_per_second": 4100.0,
                         "padding": {"batch_tokens": 1024, "real_tokens": 50_000, "batched_tokens": 57_000,
                                     "fixed_tokens": 102_400, "batched": 0.12, "fixed": 0.51}},
        "dev": {"n": 197, "accuracy": 0.93, "log_loss": 0.21},
        "test": scores("books", 0.939, **details()),
        "blend": {**blend(), "test_alone": scores("books", 0.929)}, "calibration": calibration(),
        "unsure": unsure(), "baseline": baseline, "difference": {"value": 0.031, "low": 0.003, "high": 0.059},
        "beats_baseline": True,
        "verdict": "The fine-tuned model beats TF-IDF + logistic regression (+3.1 points, 95 % interval +0.3 to +5.9)",
        "seeds": seeds(),
        "warnings": ["Of 13 % of the training texts only a part is read: `--max-tokens 512` reads more"],
    }  # fmt: skip


def blend() -> dict[str, Any]:
    return {"weight": 0.55, "temperature": 1.31, "file": "blend.npz", "dev_accuracy": 0.94,
            "dev_accuracy_alone": 0.93}  # fmt: skip


def calibration() -> dict[str, Any]:
    return {"temperature": 1.42, "folded": True, "blend_temperature": 1.31,
            "dev": {"ece_before": 0.061, "ece_after": 0.022},
            "test": {"ece_before": 0.058, "ece_after": 0.031, "ece_by_chance": 0.02}}  # fmt: skip


def seeds() -> dict[str, Any]:
    runs = [{"seed": i, "run": f"runs/books-minilm-seed{i}", "n": N_TEST, "accuracy": estimate(0.93 + i / 200),
             "f1": estimate(0.92 + i / 200), "log_loss": 0.27, "ece": 0.03, "beats_baseline": i > 0, "steps": 736,
             "seconds": 99.0} for i in range(3)]  # fmt: skip
    spread = {"mean": 0.935, "deviation": 0.005, "low": 0.93, "high": 0.94}
    return {"n": 3, "runs": runs, **dict.fromkeys(("accuracy", "f1", "log_loss", "ece"), spread),
            "budget_seconds": 300.0, "seconds": 297.0}  # fmt: skip


def chosen_settings() -> dict[str, Any]:
    return {"method": "full", "max_tokens": 256, "long_text": "head-tail", "max_windows": 8, "batch_tokens": 1024,
            "epochs": 4.0, "learning_rate": 5e-05, "evaluations": 6, "patience": 6,
            "freeze_embeddings": True, "freeze_layers": 0,
            "dropout": 0.0, "precision": "fp32", "bits": None}  # fmt: skip


def manifest() -> dict[str, Any]:
    part = {"name": "books", "texts": 1376, "labels": {"negative": 685, "positive": 691}}
    given = {
        "data.source": "books.csv", "data.test_share": 0.2, "data.augment": "negation,typos",
        "tokenization.long_text": "head-tail", "training.budget": 300.0, "blend": True, "out": "runs/books-minilm",
    }  # fmt: skip
    names = ("data.source", "data.test_share", "data.augment", "tokenization.long_text", "training.budget", "blend")
    return {
        "afina": "0.1.0", "created": "2026-01-05T10:51:05+00:00", "labels": LABELS, "temperature": 1.42,
        "settings": chosen_settings(), "calibration": calibration(), "blend": blend(), "unsure": unsure(),
        "config": load_config(options=given)[0].model_dump(mode="json"),
        "origins": dict.fromkeys(names, "command line") | {"data.test_share": "--set"},
        "data": {
            "source": "books.csv", "dev_source": None, "test_source": "held-out.csv",
            "leakage": {"test_exact": 12, "test_near": 3, "train_removed": 16},
            "messages": ["held-out.csv: read as cp1252"], "set_aside": {"neutral stars": 55}, "pool": {"train": 5504},
            "augment": {"kinds": {"negation": 160, "typos": 160}, "texts": 320, "share": 0.25},
            **{name: {**part, "sha256": hashlib.sha256(name.encode()).hexdigest()} for name in PARTS},
        },
        "machine": {"platform": "Linux", "processor": "x86_64", "device": "cpu", "threads": 2},
        "libraries": {"python": "3.12.1", "torch": "2.13.0", "numpy": "2.4.6"}, "artifacts": {},
    }  # fmt: skip


def mistake(text: str, confidence: float) -> dict[str, Any]:
    neighbours = [{"text": f"A neighbour of it: {text}", "label": "positive", "similarity": 0.81, "contradicts": True},
                  {"text": "Another neighbour, further away.", "label": "negative", "similarity": 0.63,
                   "contradicts": False}]  # fmt: skip
    return {"row": 7, "text": text, "label": "negative", "predicted": "positive", "correct": False,
            "confidence": confidence, "margin": 2 * confidence - 1, "baseline_predicted": "negative",
            "neighbours": neighbours}  # fmt: skip


def mistakes() -> dict[str, Any]:
    return {
        "n": 24, "n_texts": N_TEST, "max_characters": 600, "neighbours_from": "training texts",
        "confident": [mistake("A triumph, if boredom is what you are after.", 0.993),
                      mistake("I wanted to love it. " * 40, 0.981)],
        "near_misses": [mistake("It is all right, I suppose.", 0.502)],
        "against_baseline": {"n_won": 31, "n_lost": 19, "won": [mistake("Not half as dull as I feared.", 0.9)],
                             "lost": [mistake("Could not put it down: the glue on the cover is still wet.", 0.87)]},
    }  # fmt: skip


def behaviour() -> dict[str, Any]:
    def test(name: str, kind: str, rate: float, **more: Any) -> dict[str, Any]:
        example = {"text": "The plot is good.", "other": "The plot is not good.", "expected": "negative",
                   "predicted": "positive", "scores": {"negative": 0.2, "positive": 0.8},
                   "scores_before": None}  # fmt: skip
        return {"name": name, "capability": name.split(":", maxsplit=1)[0], "kind": kind, "on": None, "n": 200,
                "failed": round(200 * rate), "failure_rate": estimate(rate, 0.06), "published": None,
                "published_source": None, "examples": [example], "taught": False, **more}  # fmt: skip

    return {
        "run": "runs/books-minilm",
        "tests": [
            test("vocabulary: plain words", "MFT", 0.02, published=0.04, published_source="CheckList, table 1"),
            test("negation: negated positive", "MFT", 0.18, published=0.548, published_source="CheckList", taught=True),
            test("names: another first name", "INV", 0.01, published=0.07, published_source="CheckList"),
            test("additions: a sentence of praise", "DIR", 0.35, examples=[]),
        ],
        "capabilities": [{"capability": name, "tests": 3, "n": 600, "failed": 9, "failure_rate": estimate(rate),
                          "taught": name == "negation"} for name, rate in (("vocabulary", 0.02), ("negation", 0.2))],
        "published_source": "Ribeiro et al. 2020",
        "skipped": [{"name": "emoji", "capability": "emoji", "why": "the tokenizer knows none"}],
        "labels": LABELS, "language": "English", "seed": 0, "cases": 200, "on": None, "taught": ["negation"],
        "overall": {"tests": 4, "n": 800, "failed": 112, "failure_rate": estimate(0.14)},
        "published": {"compared": 3, "below": 3}, "seconds": 4.0, "limit": None,
    }  # fmt: skip


def evaluation(dataset: str, accuracy: float, **more: Any) -> dict[str, Any]:
    leakage = {"checked": True, "sentence": None, "exact": 0, "near": 0, "rows": 0, "share": 0.0, "by_role": {},
               "other_label": 0, "examples": []}  # fmt: skip
    return {**scores(dataset, accuracy), **details(), "source": f"{dataset}.csv", "leakage": leakage, "scored": "new",
            "honest": True, "with_shared": None, "mapping": None, "set_aside": {}, "neutral": None, "unsure": None,
            "mistakes": mistakes(), **more}  # fmt: skip


def evaluations() -> dict[str, dict[str, Any]]:
    example = {"text": "a good film", "training_text": "a fine film", "kind": "near", "similarity": 0.91,
               "label": "positive", "training_label": "negative", "training_row": 3, "role": "train"}  # fmt: skip
    some = {"checked": True, "sentence": "40 of the 400 texts of kitchen stand in the run's training data",
            "exact": 30, "near": 10, "rows": 40, "share": 0.1, "by_role": {"train": 40}, "other_label": 1,
            "examples": [example]}  # fmt: skip
    every = {**some, "rows": N_TEST, "sentence": f"All {N_TEST} texts of train stand in the run's training data"}
    return {
        "kitchen": evaluation(
            "kitchen", 0.871, leakage=some, with_shared=scores("kitchen", 0.91), set_aside={"are neutral": 44},
            mapping="stars 1 and 2 are negative, 4 and 5 positive",
            neutral={"n": 44, "predicted": {"negative": 30, "positive": 14}, "mean_confidence": 0.8},
        ),
        "phones": evaluation("phones", 0.902),
        "train": evaluation("train", 0.99, leakage=every, scored="all", honest=False),
    }  # fmt: skip


def matrix() -> dict[str, Any]:
    sources = ["books", "kitchen", "phones"]
    cells = [
        {"train": train, "test": test, "n": 400, "accuracy": estimate(0.94 - 0.03 * abs(i - j)), "ece": 0.03,
         "baseline_accuracy": estimate(0.9 - 0.04 * abs(i - j)),
         "drop": estimate(0.03 * abs(i - j)) if i != j else None, "distance": 0.4 * abs(i - j), "removed": i}
        for i, train in enumerate(sources) for j, test in enumerate(sources)
    ]  # fmt: skip
    models = [{"name": "books", "run": "matrix/runs/books-minilm"}]
    return {"sources": sources, "trained_on": sources, "models": models, "cells": cells,
            "verdict": ["Away from its own texts a model loses 3.1 points of accuracy on average"]}  # fmt: skip


def history(steps: int = 736) -> list[dict[str, Any]]:
    rows = []
    for step in range(1, steps + 1):
        share = step / steps
        row = {"step": step, "epoch": 4 * share, "texts": 8, "tokens": 1000,
               "loss": 0.7 * math.exp(-3 * share) + 0.1 * (1 + math.sin(step)),
               "learning_rate": 5e-05 * min(10 * share, (1 - share) / 0.9), "grad_norm": 1.0,
               "progress": share}  # fmt: skip
        if step % (steps // 6) == 0:
            place = step // (steps // 6)
            row |= {"dev_accuracy": 0.93 - 0.01 * abs(place - 4), "dev_log_loss": 0.21 + 0.02 * abs(place - 4)}
        rows.append(row)
    rows[-1]["stopped_by"] = "epochs"
    return rows


def write_full_run(root: Path, *, steps: int = 736) -> Path:
    """Write the run, and the matrix it belongs to two folders above it."""
    for folder in ("model", "evaluations"):
        (root / folder).mkdir(parents=True)
    config = json.dumps({"id2label": dict(enumerate(LABELS))})
    (root / "model" / "config.json").write_text(config, encoding="utf-8")
    held = manifest()
    held["artifacts"] = {"model/config.json": hashlib.sha256(config.encode()).hexdigest()}
    documents = {"run": held, "metrics": metrics(), "mistakes": mistakes(), "behaviour": behaviour()}
    documents |= {f"evaluations/{name}": found for name, found in evaluations().items()}
    for name, document in documents.items():
        (root / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    lines = "".join(json.dumps(row) + "\n" for row in history(steps))
    (root / "history.jsonl").write_text(lines, encoding="utf-8")
    row = {"file": "books.csv", "place": "line 9", "reason": "ragged", "content": "a,b,c"}
    (root / "rejected.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (root.parent.parent / "matrix.json").write_text(json.dumps(matrix()), encoding="utf-8")
    _write_predictions(root / "predictions.parquet")
    return root


def _write_predictions(path: Path) -> None:
    positive = [(i * 37 % N_TEST + 0.5) / N_TEST for i in range(N_TEST)]
    true = [value + 0.3 * math.sin(i) > 0.5 for i, value in enumerate(positive)]
    columns = {
        "text": [f"text {i}" for i in range(N_TEST)], "label": [LABELS[i] for i in true],
        "predicted_label": [LABELS[value > 0.5] for value in positive],
        "probability_negative": [1 - value for value in positive], "probability_positive": positive,
    }  # fmt: skip
    pq.write_table(pa.table(columns), path)
