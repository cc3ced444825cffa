"""Results as a reader compares them: contenders side by side, labels that are confused, other data in short."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_METRICS = ("accuracy", "f1", "precision", "recall", "matthews", "log_loss", "ece")
_MAJORITY = "majority class"
_MOST_CONFUSIONS = 12
_MOST_EXAMPLES = 3


def contenders(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The model and what it has to beat, each with its scores on the same test texts.

    Args:
        metrics: The document of `train --json`.
    """
    test, baseline, blend = (metrics.get(name) or {} for name in ("test", "baseline", "blend"))
    found = [("fine-tuned, blended" if blend.get("weight") else "fine-tuned", test)]
    if blend.get("test_alone"):
        found.append(("fine-tuned alone", blend["test_alone"]))
    if baseline:
        found.append(("TF-IDF", baseline))
        found.append((_MAJORITY, baseline.get("majority") or {}))
    return [
        {
            "name": name,
            **{metric: scores.get(metric) for metric in _METRICS},
            # So far below the others that in one figure with it they could not be told apart.
            "is_floor": name == _MAJORITY,
        }
        for name, scores in found
        if scores
    ]


def frequent_confusions(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pairs of labels by how often the one is taken for the other, the most frequent first.

    Args:
        result: An evaluated data set.
    """
    labels, rows = result.get("labels") or (), result.get("confusion") or ()
    pairs = [
        {"label": labels[i], "predicted": labels[j], "n": n, "share": n / sum(row)}
        for i, row in enumerate(rows)
        for j, n in enumerate(row)
        if i != j and n and i < len(labels) and j < len(labels)
    ]
    return sorted(pairs, key=lambda pair: -pair["n"])[:_MOST_CONFUSIONS]


def short_evaluation(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the report shows of an evaluation on other data.

    Args:
        result: One data set of `evaluate --json`.
    """
    names = (
        "source",
        "dataset",
        "n",
        *_METRICS,
        "average",
        "mapping",
        "set_aside",
        "neutral",
        "with_shared",
        "scored",
        "honest",
        "unsure",
    )
    leakage = result.get("leakage")
    if isinstance(leakage, Mapping):
        leakage = {**leakage, "examples": list(leakage.get("examples") or ())[:_MOST_EXAMPLES]}
    return {
        **{name: result.get(name) for name in names},
        "leakage": leakage,
        "slices": [row for row in result.get("slices") or () if row.get("worse")],
    }
