"""Two runs on the same texts: the recipe behind `afina compare`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from afina.config import DEFAULT_MAX_ROWS
from afina.data import SAMPLE, TextDataset, load_dataset, public_name
from afina.data.writing import check_output, row_writer
from afina.errors import ConfigError, DataError, ModelError
from afina.evaluation import compare_predictions, evaluate_answers, find_disagreements
from afina.recipes.contender import Contender, weigh_cost
from afina.recipes.leakage import Leakage
from afina.recipes.reporting import Reporter, Silent

# Roles of fingerprints: texts that weights were fitted on, or chosen by.
_LEARNED = ("train", "dev")


def compare_runs(
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    sources: Sequence[str],
    *,
    reporter: Reporter | None = None,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    label_names: Mapping[str, str] | None = None,
    max_rows: int | None = DEFAULT_MAX_ROWS,
    samples: int = 2000,
    out: Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Compare two runs on labelled texts that neither has learned from.

    Args:
        first: A finished run.
        second: Another one, with the same labels.
        sources: Labelled texts; `sample` means its test split.
        reporter: Told of what happens.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        label_column: Column with the label.
        label_names: What the values of the label column mean, where that is not to be found by itself.
        max_rows: Rows to hold of each source; of more, a random part. None holds all.
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
    # All are read before the first is classified, so that a mistake in the last costs no waiting.
    for source in sources:
        reporter.stage(f"Reading {public_name(source)}")
        dataset, notes = load_dataset(
            f"{SAMPLE}:test" if source == SAMPLE else source,
            text_column=text_column,
            title_column=title_column,
            label_column=label_column,
            label_names=label_names,
            labels=contenders[0].classifier.labels,
            max_rows=max_rows,
        )
        for message in notes.messages:
            reporter.tell(message)
        texts.append(_only_new(dataset, contenders, reporter))
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
    learned = [each.rows_with(_LEARNED) for each in found]
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
    labels = [name for name, count in dataset.counts().items() if count]
    if len(labels) == 1:
        raise DataError(
            f"Only one label occurs in {dataset.name}: all {len(dataset):,} texts are {labels[0]}",
            hint="accuracy on one class says nothing about the others; give a set with texts of two labels at least",
        )
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
        probabilities, speed = contender.classify(dataset.texts, dataset.labels, reporter)
        answers.append(probabilities)
        evaluation = evaluate_answers(
            dataset,
            probabilities,
            texts_per_second=speed,
            samples=samples,
            share_truncated=contender.classifier.share_truncated(dataset.texts),
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
