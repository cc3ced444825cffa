"""The document of a run's report: everything that is known about the run, gathered from its files.

The page only draws it. A part that the run does not hold is None, and `missing` names the command that would add it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from afina.recipes.run_report.curves import dev_scores, training_curve
from afina.recipes.run_report.predictions import read_certainty
from afina.recipes.run_report.records import RunRecords
from afina.recipes.run_report.reproducing import given_settings, setting, train_command
from afina.recipes.run_report.results import contenders, frequent_confusions, short_evaluation
from afina.recipes.run_report.sentences import answer_sentences
from afina.run_folder import RunFolder

_PARTS = ("train", "dev", "test")
# What one page holds of texts; the run's own files hold the rest.
_MOST_MISTAKES = 8
_MOST_EXAMPLES = 3
_MOST_REJECTED = 8


def report_document(folder: RunFolder, *, matrix: Path | None = None) -> dict[str, Any]:
    """Gather what is known about a run.

    Args:
        folder: A finished run, of this version or an older one.
        matrix: Folder that `afina matrix` wrote; without one, that of the matrix the run belongs to.

    Returns:
        The document of `afina report --json`.

    Raises:
        ModelError: It is no run.
    """
    records = RunRecords(folder)
    manifest, metrics = records.manifest, records.metrics()
    evaluations = [short_evaluation(result) for result in records.evaluations()]
    document: dict[str, Any] = {
        "run": records.path,
        "name": records.name,
        "created": manifest.get("created"),
        "afina": manifest.get("afina"),
        "labels": manifest["labels"],
        "answer": _answer(metrics, evaluations),
        "warnings": list(metrics.get("warnings") or ()),
        "asked": _asked(manifest, metrics),
        "data": _data(manifest, records.rejected()),
        "tokenization": _tokenization(manifest, metrics),
        "training": _training(metrics, records.history()),
        "time": _time(metrics),
        "results": _results(metrics),
        "evaluations": evaluations,
        "matrix": records.matrix(matrix) or None,
        "calibration": _calibration(folder, manifest, metrics),
        "behaviour": _behaviour(records.behaviour()),
        "mistakes": _mistakes(records.mistakes()),
        "reproduce": _reproduce(manifest, metrics),
    }
    document["missing"] = _missing(document)
    document["warnings"] += records.problems
    return document


def _answer(metrics: Mapping[str, Any], evaluations: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What someone who reads on no further should know."""
    test, baseline = metrics.get("test"), metrics.get("baseline") or {}
    if not isinstance(test, Mapping):
        return None
    return {
        "dataset": test.get("dataset"),
        "n": test.get("n"),
        "accuracy": test.get("accuracy"),
        "baseline": {"name": baseline.get("name"), "accuracy": baseline.get("accuracy")},
        "difference": metrics.get("difference"),
        "beats_baseline": metrics.get("beats_baseline"),
        "verdict": metrics.get("verdict"),
        "unsure": metrics.get("unsure"),
        "sentences": answer_sentences(metrics, evaluations),
    }


def _asked(manifest: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they were given and where, and those that were chosen from the data and the machine."""
    config, origins = manifest.get("config") or {}, given_settings(manifest)
    return {
        "model": metrics.get("model") or setting(config, "modeling.name"),
        "method": metrics.get("method") or setting(manifest, "settings.method"),
        "given": [
            {"setting": name, "value": setting(config, name), "origin": origin} for name, origin in origins.items()
        ],
        "chosen": manifest.get("settings") or {},
        "parameters": metrics.get("parameters"),
        "blend": metrics.get("blend") or manifest.get("blend"),
    }


def _data(manifest: Mapping[str, Any], rejected: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    record = manifest.get("data")
    if not isinstance(record, Mapping):
        return None
    return {
        **record,
        "parts": [{"part": part, **record[part]} for part in _PARTS if isinstance(record.get(part), Mapping)],
        "rejected": {"rows": len(rejected), "examples": list(rejected[:_MOST_REJECTED])},
    }


def _tokenization(manifest: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    """Figures of the tokenizer where the run holds them, and what is known without."""
    chosen = manifest.get("settings") or {}
    seen, tokens = metrics.get("examples_seen"), metrics.get("tokens_seen")
    if not chosen and not tokens:
        return None
    return {
        "max_tokens": chosen.get("max_tokens"),
        "long_text": chosen.get("long_text"),
        "mean_tokens": tokens / seen if tokens and seen else None,
        "cut": {
            "training": metrics.get("share_truncated_training"),
            "test": setting(metrics, "test.share_truncated"),
        },
        **(metrics.get("tokenization") or {}),
    }


def _training(metrics: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not history:
        return None
    dev = dev_scores(history, metrics.get("dev"))
    names = ("steps", "epochs", "examples_seen", "tokens_seen", "tokens_per_second", "memory_mb", "stopped_by")
    return {
        **{name: metrics.get(name) for name in names},
        "curve": training_curve(history),
        "dev": dev,
        "dev_texts": setting(metrics, "dev.n"),
        "best": next((score for score in dev if score["is_best"]), None),
    }


def _time(metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    seconds = metrics.get("seconds")
    if not isinstance(seconds, Mapping):
        return None
    stages = {name: value for name, value in seconds.items() if name != "total"}
    rest = (seconds.get("total") or 0) - sum(stages.values())
    return {
        "total_seconds": seconds.get("total"),
        "stages": {**stages, **({"writing the run": round(rest, 2)} if rest > 0.05 else {})},
        "budget_seconds": metrics.get("budget_seconds"),
        "forecast": metrics.get("forecast"),
        "outcome": metrics.get("outcome"),
        "stopped_by": metrics.get("stopped_by"),
        "epochs": metrics.get("epochs"),
        "training_seconds": seconds.get("train"),
        "tokens_per_second": metrics.get("tokens_per_second"),
        "texts_per_second": setting(metrics, "test.texts_per_second"),
    }


def _results(metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    test = metrics.get("test")
    if not isinstance(test, Mapping):
        return None
    return {
        "test": test,
        "contenders": contenders(metrics),
        "difference": metrics.get("difference"),
        "verdict": metrics.get("verdict"),
        "confused": frequent_confusions(test),
        "seeds": metrics.get("seeds"),
    }


def _calibration(folder: RunFolder, manifest: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    """How far confidence can be trusted, and what being sure costs."""
    found = metrics.get("calibration") or manifest.get("calibration") or {}
    certainty = read_certainty(
        folder.predictions, manifest["labels"], temperature=found.get("blend_temperature") or found.get("temperature")
    )
    reliability = setting(metrics, "test.calibration.reliability")
    if not found and certainty is None and not reliability:
        return None
    return {
        **found,
        "ece": setting(metrics, "test.ece"),
        "brier": setting(metrics, "test.calibration.brier"),
        "reliability": reliability,
        "reliability_before": (certainty or {}).get("reliability_before"),
        "coverage": (certainty or {}).get("coverage"),
        "unsure": metrics.get("unsure") or manifest.get("unsure"),
    }


def _behaviour(found: Mapping[str, Any]) -> dict[str, Any] | None:
    if not found.get("tests"):
        return None
    tests = [
        {**test, "examples": list(test.get("examples") or ())[:_MOST_EXAMPLES]}
        for test in found["tests"]
        if isinstance(test, Mapping)
    ]
    return {**found, "tests": tests}


def _mistakes(found: Mapping[str, Any]) -> dict[str, Any] | None:
    if not found:
        return None
    against = found.get("against_baseline") or {}
    lists = {
        "confident": found.get("confident"),
        "near_misses": found.get("near_misses"),
        "lost": against.get("lost"),
        "won": against.get("won"),
    }
    numbers = {"n": found.get("n"), "n_texts": found.get("n_texts"), "n_won": against.get("n_won")}
    numbers |= {"n_lost": against.get("n_lost"), "neighbours_from": found.get("neighbours_from")}
    return {**numbers, **{name: list(rows or ())[:_MOST_MISTAKES] for name, rows in lists.items()}}


def _reproduce(manifest: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    config = manifest.get("config") or {}
    return {
        "command": train_command(config, given_settings(manifest)),
        "seed": setting(config, "training.seed"),
        # By steps a run repeats to the bit; by the clock it does what the machine has time for.
        "is_repeatable": setting(config, "training.max_steps") is not None,
        "steps": metrics.get("steps"),
        "machine": manifest.get("machine") or {},
        "libraries": manifest.get("libraries") or {},
        "artifacts": manifest.get("artifacts") or {},
        "fingerprints": {
            part: setting(manifest, f"data.{part}.sha256")
            for part in _PARTS
            if setting(manifest, f"data.{part}.sha256")
        },
    }


def _missing(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """What the page lacks, and the command that would add it."""
    run = shlex.quote(document["run"])
    again = document["reproduce"]["command"]
    commands = {
        "How it does on other data": (document["evaluations"], f"afina evaluate {run} OTHER.csv"),
        "Behaviour: negation, typos, names and the like": (document["behaviour"], f"afina check {run}"),
        "How well it generalizes from one set to another": (document["matrix"], "afina matrix A.csv B.csv"),
        "Mistakes to read": (document["mistakes"], again),
        "A threshold for “not sure”": (setting(document, "calibration.unsure"), again),
        "Chance, by repeating the training": (setting(document, "results.seeds"), f"{again} --seeds 3"),
    }
    return [{"what": what, "command": command} for what, (found, command) in commands.items() if not found]
