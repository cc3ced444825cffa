"""A finished run on other data sets: the recipe behind `afina evaluate`."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import LoadNotes
from afina.evaluation import TrainingTexts, detail, evaluate_answers, find_mistakes, measure_threshold
from afina.inference import Classifier
from afina.recipes.kept import keep
from afina.recipes.labelled import Answers, ReadOptions, load_labelled
from afina.recipes.leakage import Leakage, read_fingerprints
from afina.recipes.reporting import Reporter, Silent
from afina.recipes.training_texts import training_texts_of
from afina.run_folder import RunFolder


def evaluate_run(
    run: str | os.PathLike[str],
    sources: Sequence[str],
    *,
    reading: ReadOptions | None = None,
    domain_column: str | None = None,
    reporter: Reporter | None = None,
    samples: int = 2000,
) -> dict[str, Any]:
    """Score a run on labelled texts, leaving out those that stand in the data it was trained on.

    What was found is kept beside the run too, a file a data set.

    Args:
        run: A finished run.
        sources: Labelled texts; `sample` means its test split, since a run may have learned the others.
        reading: How they are read; columns are found by themselves if not given.
        domain_column: Column that tells kinds of texts apart, such as the product; accuracy is given for each.
        reporter: Told of what happens.
        samples: Bootstrap resamples behind each interval.

    Returns:
        `{"run", "results"}`, the document of `evaluate --json`.

    Raises:
        ModelError: There is no such run, or it has changed.
        DataError: A source cannot be read, has labels that the run does not know, or one label only.
    """
    reporter = reporter or Silent()
    reporter.stage("Loading the run")
    classifier = Classifier.load(run)
    folder = RunFolder(Path(run))
    fingerprints = read_fingerprints(folder)
    loaded = load_labelled(
        sources, reading or ReadOptions(), labels=classifier.labels, reporter=reporter, domain_column=domain_column
    )
    reporter.stage("Reading the run's training texts")
    training = training_texts_of(folder)
    results = []
    for each in loaded:
        reporter.stage(f"Looking for training texts in {each.source}")
        leakage = Leakage.look(each.dataset, fingerprints)
        for message in each.notes.messages:
            reporter.tell(message)
        if leakage.sentence:
            reporter.warn(leakage.sentence)
        reporter.stage(f"Evaluating on {each.source}")
        scored = _evaluate(classifier, leakage, each.notes, training, reporter, samples=samples)
        result = {"source": each.source, **scored}
        if result["accuracy"]["high"] < 1 / len(classifier.labels):
            reporter.warn(
                f"The answers to {each.dataset.name} are worse than chance: perhaps its labels mean something else "
                "(--label-names says what)"
            )
        results.append(result)
        # One by one, so that what is done stays where a later set is interrupted.
        _keep(folder, result, reporter)
    return {"run": str(run), "results": results}


def _evaluate(
    classifier: Classifier,
    leakage: Leakage,
    notes: LoadNotes,
    training: TrainingTexts | None,
    reporter: Reporter,
    *,
    samples: int,
) -> dict[str, Any]:
    """The evaluation document of one data set: first the texts that are new to the run, beside them all."""
    dataset = leakage.dataset
    answers = Answers.of(classifier, dataset.texts, reporter)

    def score(rows: npt.NDArray[np.int64]) -> dict[str, Any]:
        return evaluate_answers(
            dataset.select(rows),
            answers.probabilities[rows],
            texts_per_second=answers.texts_per_second,
            samples=samples,
            share_truncated=float(answers.truncated[rows].mean()),
        ).as_dict()

    everything, rows = np.arange(len(dataset)), leakage.scored_rows
    chosen, probabilities = dataset.select(rows), answers.probabilities[rows]
    if len(np.unique(chosen.label_ids)) == 1:
        reporter.warn(
            f"The {len(chosen):,} texts of {dataset.name} that are scored are all "
            f"{dataset.labels.names[chosen.label_ids[0]]}: accuracy on them says nothing about the other labels"
        )
    details = detail(
        chosen, probabilities, truncated=answers.truncated[rows], domains=_domains(notes, rows), samples=samples
    )
    threshold = classifier.threshold
    return {
        **score(rows),
        "scored": leakage.scored,
        "honest": leakage.scored != "all",
        "leakage": leakage.as_dict(training.texts if training else None),
        "with_shared": score(everything) if leakage.overlap else None,
        "mapping": notes.mapping,
        "set_aside": notes.reasons,
        "neutral": _neutral(classifier, notes.neutral, reporter),
        **details.as_dict(),
        "unsure": None
        if threshold is None
        else measure_threshold(chosen.label_ids, probabilities, threshold).as_dict(),
        "mistakes": find_mistakes(chosen, probabilities, training=training),
    }


def _neutral(classifier: Classifier, texts: Sequence[str], reporter: Reporter) -> dict[str, Any] | None:
    """What a model that knows no neutral texts says of them; None where there are none."""
    if not texts:
        return None
    probabilities = Answers.of(classifier, texts, reporter).probabilities
    counts = np.bincount(probabilities.argmax(axis=1), minlength=len(classifier.labels))
    return {
        "n": len(texts),
        "predicted": dict(zip(classifier.labels, counts.tolist(), strict=True)),
        "mean_confidence": float(probabilities.max(axis=1).mean()),
    }


def _domains(notes: LoadNotes, rows: npt.NDArray[np.int64]) -> list[str] | None:
    """The domain of each of these texts, in words."""
    return None if notes.domains is None else [notes.domains[i] or "none given" for i in rows]


def _keep(run: RunFolder, result: Mapping[str, Any], reporter: Reporter) -> None:
    """Write a document beside the run, where its report finds it; a run that cannot be written to is no failure.

    It replaces what was found on the same source before, and nothing else, though sources may have the same name.
    """
    stem = re.sub(r"[^\w.-]+", "-", result["dataset"]).strip(".-") or "data"
    names = (f"{stem}-{number}" if number > 1 else stem for number in itertools.count(1))
    files = (run.evaluations / f"{name}.json" for name in names)
    file = next(file for file in files if _source_of(file) in (None, result["source"]))
    keep(result, file, reporter, or_say="The figures are not kept beside the run")


def _source_of(file: Path) -> str | None:
    """The source that a kept document is about; None where there is no file, or none that can be read."""
    try:
        source = json.loads(file.read_text(encoding="utf-8")).get("source")
    except (OSError, ValueError, AttributeError):
        return None
    return source if isinstance(source, str) else None
