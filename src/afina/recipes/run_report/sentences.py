"""The report in a few sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def answer_sentences(metrics: Mapping[str, Any], evaluations: Sequence[Mapping[str, Any]]) -> list[str]:
    """What came of the run: when it is not sure, where it did worst, and what its data shared.

    Args:
        metrics: The document of `train --json`.
        evaluations: Data sets it was evaluated on later.
    """
    found = [_of_unsure(metrics.get("unsure")), _of_elsewhere(evaluations), *map(_of_shared, evaluations)]
    return [sentence for sentence in found if sentence]


def _of_unsure(unsure: Mapping[str, Any] | None) -> str | None:
    if not unsure or unsure.get("error_rate") is None:
        return None
    wished = f"{unsure['error_rate']:.0%}" if unsure["error_rate"] >= 0.01 else f"{unsure['error_rate']:.1%}"
    if unsure.get("threshold") is None:
        return f"No threshold promises at most {wished} wrong answers, so it never says “not sure”"
    test = unsure.get("test") or {}
    coverage, error_rate = test.get("coverage"), test.get("error_rate")
    if unsure["threshold"] <= 0:
        return f"It answers every text: at most {wished} wrong answers were wished for" + (
            f", and {_share(error_rate)} of the test are" if error_rate else ""
        )
    told = f"It says “not sure” where its confidence is below {unsure['threshold']:.1%}"
    if coverage:
        told += f": it answers {coverage['value']:.1%} of the test texts"
    if error_rate:
        told += f", {_share(error_rate)} of them wrongly, where at most {wished} were wished for"
    return told


def _of_elsewhere(evaluations: Sequence[Mapping[str, Any]]) -> str | None:
    # What the run held out of its own source is no other data: that is the figure of its test once more.
    scored = [
        result
        for result in evaluations
        if result.get("scored") == "new" and isinstance(result.get("accuracy"), Mapping)
    ]
    if not scored:
        return None
    worst = min(scored, key=lambda result: float(result["accuracy"]["value"]))
    if len(scored) == 1:
        return f"On {worst['dataset']} its accuracy is {_share(worst['accuracy'])}"
    return f"Of {len(scored)} data sets it does worst on {worst['dataset']}: accuracy {_share(worst['accuracy'])}"


def _of_shared(result: Mapping[str, Any]) -> str | None:
    sentence: str | None = (result.get("leakage") or {}).get("sentence")
    return sentence


def _share(estimate: Mapping[str, Any]) -> str:
    told = f"{estimate['value']:.1%}"
    if estimate.get("low") is not None and estimate.get("high") is not None:
        told += f" ({estimate['low']:.1%} to {estimate['high']:.1%})"
    return told
