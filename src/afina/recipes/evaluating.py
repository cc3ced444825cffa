"""A finished run on other data sets: the recipe behind `afina evaluate`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.config import DEFAULT_MAX_ROWS
from afina.data import SAMPLE, LoadNotes, TextDataset, load_dataset, public_name
from afina.errors import DataError
from afina.evaluation import TrainingTexts, detail, evaluate_answers, find_mistakes, measure_threshold
from afina.inference import Classifier
from afina.recipes.leakage import Leakage, read_fingerprints
from afina.recipes.reporting import Reporter, Silent
from afina.recipes.training_texts import training_texts_of
from afina.run_folder import RunFolder, write_json

# So many texts are classified between two moves of the progress bar.
_TEXTS_AT_A_TIME = 1_000


def evaluate_run(
    run: str | os.PathLike[str],
    sources: Sequence[str],
    *,
    reporter: Reporter | None = None,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    domain_column: str | None = None,
    label_names: Mapping[str, str] | None = None,
    max_rows: int | None = DEFAULT_MAX_ROWS,
    samples: int = 2000,
) -> dict[str, Any]:
    """Score a run on labelled texts, leaving out those that stand in the data it was trained on.

    What was found is kept beside the run too, a file a data set.

    Args:
        run: A finished run.
        sources: Labelled texts; `sample` means its test split, since a run may have learned the others.
        reporter: Told of what happens.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        label_column: Column with the label.
        domain_column: Column that tells kinds of texts apart, such as the product; accuracy is given for each.
        label_names: What the values of the label column mean, where that is not to be found by itself.
        max_rows: Rows to hold of each source; of more, a random part. None holds all.
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
    loaded = []
    # All are read before the first is classified, so that a mistake in the last costs no waiting.
    for source in sources:
        reporter.stage(f"Reading {public_name(source)}")
        dataset, notes = load_dataset(
            f"{SAMPLE}:test" if source == SAMPLE else source,
            text_column=text_column,
            title_column=title_column,
            label_column=label_column,
            group_column=domain_column,
            label_names=label_names,
            labels=classifier.labels,
            max_rows=max_rows,
        )
        _require_two_labels(dataset, public_name(source))
        loaded.append((public_name(source), dataset, notes))
    reporter.stage("Reading the run's training texts")
    training = training_texts_of(folder)
    results = []
    for source, dataset, notes in loaded:
        reporter.stage(f"Looking for training texts in {source}")
        leakage = Leakage.look(dataset, fingerprints)
        for message in notes.messages:
            reporter.tell(message)
        if leakage.sentence:
            reporter.warn(leakage.sentence)
        reporter.stage(f"Evaluating on {source}")
        scored = _evaluate(classifier, dataset, notes, leakage, training, reporter, samples=samples)
        result = {"source": source, **scored}
        if result["accuracy"]["high"] < 1 / len(classifier.labels):
            reporter.warn(
                f"The answers to {dataset.name} are worse than chance: perhaps its labels mean something else "
                "(--label-names says what)"
            )
        results.append(result)
    _keep(folder, results, reporter)
    return {"run": str(run), "results": results}


@dataclass(frozen=True)
class _Answers:
    """What a run says of texts, and how long it took."""

    probabilities: npt.NDArray[np.float64]
    """(n_texts, n_labels)."""
    truncated: npt.NDArray[np.bool_]
    """Whether some part of each text was not read, (n_texts,)."""
    seconds: float

    @classmethod
    def of(cls, classifier: Classifier, texts: Sequence[str], reporter: Reporter) -> _Answers:
        """Classify texts, moving a progress bar."""
        started = time.perf_counter()
        probabilities, truncated = [], []
        for start in range(0, len(texts), _TEXTS_AT_A_TIME):
            reporter.advance(start, len(texts))
            some = texts[start : start + _TEXTS_AT_A_TIME]
            probabilities.append(classifier.predict_proba(some))
            truncated.append(classifier.truncated(some))
        return cls(np.concatenate(probabilities), np.concatenate(truncated), time.perf_counter() - started)


def _evaluate(
    classifier: Classifier,
    dataset: TextDataset,
    notes: LoadNotes,
    leakage: Leakage,
    training: TrainingTexts | None,
    reporter: Reporter,
    *,
    samples: int,
) -> dict[str, Any]:
    """The evaluation document of one data set: first the texts that are new to the run, beside them all."""
    answers = _Answers.of(classifier, dataset.texts, reporter)
    speed = len(dataset) / max(answers.seconds, 1e-9)

    def score(rows: npt.NDArray[np.int64]) -> dict[str, Any]:
        return evaluate_answers(
            dataset.select(rows),
            answers.probabilities[rows],
            texts_per_second=speed,
            samples=samples,
            share_truncated=float(answers.truncated[rows].mean()),
        ).as_dict()

    everything, rows = np.arange(len(dataset)), leakage.scored_rows
    chosen, probabilities = dataset.select(rows), answers.probabilities[rows]
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


def _require_two_labels(dataset: TextDataset, source: str) -> None:
    found = [name for name, count in dataset.counts().items() if count]
    if len(found) == 1:
        raise DataError(
            f"Only one label occurs in {source}: all {len(dataset):,} texts are {found[0]}",
            hint="accuracy on one class says nothing about the others; give a set with texts of two labels at least",
        )


def _neutral(classifier: Classifier, texts: Sequence[str], reporter: Reporter) -> dict[str, Any] | None:
    """What a model that knows no neutral texts says of them; None where there are none."""
    if not texts:
        return None
    probabilities = _Answers.of(classifier, texts, reporter).probabilities
    counts = np.bincount(probabilities.argmax(axis=1), minlength=len(classifier.labels))
    return {
        "n": len(texts),
        "predicted": dict(zip(classifier.labels, counts.tolist(), strict=True)),
        "mean_confidence": float(probabilities.max(axis=1).mean()),
    }


def _domains(notes: LoadNotes, rows: npt.NDArray[np.int64]) -> list[str] | None:
    """The domain of each of these texts, in words."""
    return None if notes.domains is None else [notes.domains[i] or "none given" for i in rows]


def _keep(run: RunFolder, results: Sequence[Mapping[str, Any]], reporter: Reporter) -> None:
    """Write each document beside the run, where its report finds it; a run that cannot be written to is no failure."""
    taken: set[str] = set()
    try:
        run.evaluations.mkdir(exist_ok=True)
        for result in results:
            stem = re.sub(r"[^\w.-]+", "-", result["dataset"]).strip(".-") or "data"
            name = next(name for i in range(len(results)) if (name := f"{stem}-{i + 1}" if i else stem) not in taken)
            taken.add(name)
            write_json(run.evaluations / f"{name}.json", result)
    except OSError as error:
        reporter.warn(f"The figures are not kept beside the run: {error.strerror or error}: {run.evaluations}")
