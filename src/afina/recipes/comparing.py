"""Two runs on the same texts: the recipe behind `afina compare`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from afina.data import TextDataset
from afina.data.writing import check_output, row_writer
from afina.errors import ConfigError, DataError, ModelError
from afina.evaluation import compare_predictions, evaluate_answers, find_disagreements
from afina.recipes.contender import Contender, weigh_cost
from afina.recipes.labelled import Answers, ReadOptions, load_labelled, require_two_labels
from afina.recipes.leakage import LEARNED, Leakage
from afina.recipes.reporting import Reporter, Silent


def compare_runs(
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    sources: Sequence[str],
    *,
    reading: ReadOptions | None = None,
    reporter: Reporter | None = None,
    samples: int = 2000,
    out: Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Compare two runs on labelled texts that neither has learned from.

    Args:
        first: A finished run.
        second: Another one, with the same labels.
        sources: Labelled texts; `sample` means its test split.
        reading: How they are read; columns are found by themselves if not given.
        reporter: Told of what happens.
        samples: Bootstrap resamples behind each interval.
        out: File to write the texts to that the two label differently: csv, tsv, jsonl or parquet.
        force: Replace a file that stands there.

    Returns:
        `{"first", "second", "results"}`, the document of `compare --json`. Each run has `run`, `model`, `method`,
        `labels` and `size_mb`; each result `dataset`, `n`, `removed`, both evaluations under `first` and `second`, what
        `Comparison.as_dict` gives (differences are those of the second less the first), `sentence`, `cheaper`,
        `cost_sentence`, and all `disagreements`.

    Raises:
        ConfigError: Both runs are the same folder.
        ModelError: There is no such run, it has changed, or the two know other labels.
        DataError: A source cannot be read, has labels that the runs do not know or one label only, or holds nothing
            that both runs have not learned from; or the output's type is unknown.
        OutputError: The output exists or cannot be written.
    """
    reporter = reporter or Silent()
    if Path(first).resolve() == Path(second).resolve():
        raise ConfigError(f"Both runs are {first}", hint="give two runs: afina compare RUN RUN --on SOURCE")
    if out is not None:
        check_output(out, force=force)
    reporter.stage("Loading the runs")
    contenders = (Contender.load(first), Contender.load(second))
    _require_same_labels(*contenders)
    texts = []
    for each in load_labelled(
        sources, reading or ReadOptions(), labels=contenders[0].classifier.labels, reporter=reporter
    ):
        for message in each.notes.messages:
            reporter.tell(message)
        texts.append(_only_new(each.dataset, contenders, reporter))
    results = [_compare(contenders, dataset, removed, reporter, samples=samples) for dataset, removed in texts]
    if out is not None:
        _write_disagreements(out, results, force=force)
    return {"first": contenders[0].as_dict(), "second": contenders[1].as_dict(), "results": results}


def _require_same_labels(first: Contender, second: Contender) -> None:
    labels = first.classifier.labels, second.classifier.labels
    if set(labels[0]) != set(labels[1]):
        raise ModelError(
            f"The runs know other labels: {first.name} tells {', '.join(labels[0])} apart, {second.name} "
            f"{', '.join(labels[1])}",
            hint="compare runs that were trained with the same labels",
        )


def _only_new(
    dataset: TextDataset, contenders: Sequence[Contender], reporter: Reporter
) -> tuple[TextDataset, dict[str, Any]]:
    """The texts that neither run has learned from, and how many were taken out."""
    reporter.stage(f"Looking for training texts in {dataset.name}")
    found = [Leakage.look(dataset, contender.fingerprints) for contender in contenders]
    # What a run held out for its own test is fair to both.
    learned = [each.rows_with(LEARNED) for each in found]
    kept = np.setdiff1d(np.arange(len(dataset)), np.union1d(*learned))
    removed = {
        "rows": len(dataset) - len(kept),
        **{
            which: {"checked": each.checked, "rows": len(rows), "exact": len(np.intersect1d(rows, each.overlap.exact))}
            for which, each, rows in zip(("first", "second"), found, learned, strict=True)
        },
    }
    for contender, each in zip(contenders, found, strict=True):
        if not each.checked:
            reporter.warn(f"Not known what {contender.name} has learned from: an older afina wrote it")
    if not len(kept):
        raise DataError(
            f"One of the runs has learned from each of the {len(dataset):,} texts of {dataset.name}",
            hint="compare them on texts that are new to both",
        )
    if removed["rows"]:
        reporter.warn(
            f"{removed['rows']:,} of {len(dataset):,} texts of {dataset.name} are left out: a run has learned from "
            "them, or from texts nearly equal"
        )
    dataset = dataset.select(kept)
    require_two_labels(dataset, dataset.name)
    return dataset, removed


def _compare(
    contenders: Sequence[Contender],
    dataset: TextDataset,
    removed: Mapping[str, Any],
    reporter: Reporter,
    *,
    samples: int,
) -> dict[str, Any]:
    answers, evaluations = [], []
    for contender in contenders:
        reporter.stage(f"{contender.name} on {dataset.name}")
        given = Answers.of(contender.classifier, dataset.texts, reporter, labels=dataset.labels)
        answers.append(given.probabilities)
        evaluation = evaluate_answers(
            dataset,
            given.probabilities,
            texts_per_second=given.texts_per_second,
            samples=samples,
            share_truncated=float(given.truncated.mean()),
        )
        evaluations.append(evaluation.as_dict())
    comparison = compare_predictions(dataset.label_ids, answers[0], answers[1], dataset.labels, samples=samples)
    cheaper, cost = weigh_cost(contenders, [each["texts_per_second"] for each in evaluations])
    return {
        "dataset": dataset.name,
        "n": len(dataset),
        "removed": removed,
        "first": evaluations[0],
        "second": evaluations[1],
        **comparison.as_dict(),
        "sentence": comparison.sentence(contenders[0].name, contenders[1].name),
        "cheaper": cheaper,
        "cost_sentence": cost,
        "disagreements": find_disagreements(dataset, answers[0], answers[1]),
    }


def _write_disagreements(out: Path, results: Sequence[Mapping[str, Any]], *, force: bool) -> None:
    rows = [
        {
            "dataset": result["dataset"],
            "row": found["row"],
            "text": found["text"],
            "label": found["label"],
            **{
                f"{which}_{key}": found[which][key]
                for which in ("first", "second")
                for key in ("predicted", "confidence")
            },
            "right": found["right"],
        }
        for result in results
        for found in result["disagreements"]
    ]
    with row_writer(out, force=force) as writer:
        writer.write(rows)
