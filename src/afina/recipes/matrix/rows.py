"""A row of the matrix: one model trained on one source, and tested with its baseline on the test texts of all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.config import DataConfig, RunConfig
from afina.data import TextDataset
from afina.evaluation import Evaluation, evaluate
from afina.recipes.baseline import fit_tfidf_in_time
from afina.recipes.fine_tuning import fine_tune
from afina.recipes.matrix.sources import MatrixSource
from afina.recipes.preparation import PreparedData
from afina.recipes.reporting import Prefixed, Reporter

_BASELINE_SECONDS_A_CHARACTER = 1e-6


# Settings that each run has from the matrix.
_DECIDED = ("data.source", "training.budget", "out")


@dataclass(frozen=True)
class MatrixRow:
    """A trained model and what it reached on each test set."""

    name: str
    run: Path
    summary: dict[str, Any]
    """The document of `train --json`."""
    model: Mapping[str, Evaluation]
    """By test set."""
    baseline: Mapping[str, Evaluation]
    """TF-IDF trained on the same source, by test set."""
    test_seconds: float
    """Seconds that both together took to be tested on all test sets."""

    @property
    def fixed_seconds(self) -> float:
        """Seconds that went into this row beside training: loading, the baseline, tests and writing."""
        seconds = self.summary["seconds"]
        return float(seconds["total"] - seconds.get("train", 0.0) + self.test_seconds)

    @property
    def overrun(self) -> float:
        """How many times its budget the run took, 1 for one that kept it: so busy is the machine."""
        budget = self.summary["budget_seconds"]
        return max(1.0, float(self.summary["seconds"]["total"]) / budget) if budget else 1.0


def train_and_test(
    source: MatrixSource,
    tests: Mapping[str, TextDataset],
    config: RunConfig,
    *,
    origins: Mapping[str, str],
    run: Path,
    seconds: float | None,
    test_seconds: float,
    overrun: float = 1.0,
    reporter: Reporter,
) -> MatrixRow:
    """Fine-tune on a source as `afina train` does, and test the model and its baseline on every test set.

    Args:
        source: What to train on.
        tests: Test texts by name; no text of the source stands in them.
        config: The user's settings.
        origins: Where each setting that was given came from.
        run: Where the run folder is written.
        seconds: What training and testing may take together; None where steps are limited instead.
        test_seconds: What testing is expected to take of it.
        overrun: How many times its budget a run is expected to take; the budget given to it is as much shorter.
        reporter: Told of what happens.

    Raises:
        AfinaError: As `fine_tune`.
    """
    began = time.monotonic()
    budget = None if seconds is None else max((seconds - test_seconds) / overrun, 1.0)
    settings = config.model_copy(
        update={
            "data": config.data.model_copy(update={"source": source.source}),
            "training": config.training.model_copy(update={"budget": budget}),
            "out": str(run),
        }
    )
    tuned = fine_tune(
        settings, reporter=Prefixed(reporter, source.name), started=began, data=_as_prepared(source, settings.data),
        origins={**origins, **dict.fromkeys(_DECIDED, "afina matrix")},
    )  # fmt: skip
    reporter.stage(f"Testing {source.name} on all sources")
    tested = time.monotonic()
    samples = config.evaluation.bootstrap_samples
    model = {}
    for done, (name, test) in enumerate(tests.items()):
        reporter.advance(done, len(tests))
        model[name] = evaluate(tuned.classifier, test, samples=samples)
    left = float("inf") if seconds is None else seconds - (time.monotonic() - began)
    tfidf = fit_tfidf_in_time(source.train, left, seed=config.training.seed)
    baseline = {name: evaluate(tfidf, test, samples=samples) for name, test in tests.items()}
    return MatrixRow(source.name, tuned.run.root, tuned.summary, model, baseline, time.monotonic() - tested)


def _as_prepared(source: MatrixSource, config: DataConfig) -> PreparedData:
    """The texts of a source as `fine_tune` takes them, with the record that a run keeps of them."""
    # What was left out because another source is tested on it stays known: the matrix has shown a figure of it.
    whole = {**source.whole, "train": source.whole["train"].without(source.shared.training.rows)}
    return PreparedData.of(
        source.train, source.dev, source.test, config=config, whole=whole, shared=source.shared,
        messages=list(source.messages),
    )  # fmt: skip


def expected_test_seconds(tests: Mapping[str, TextDataset], texts_per_second: float) -> float:
    """What a model and its baseline will take on all test sets.

    Args:
        tests: Test texts by name.
        texts_per_second: Texts that the pretrained model reads in a second.
    """
    n_texts = sum(map(len, tests.values()))
    characters = sum(len(text) for test in tests.values() for text in test.texts)
    return n_texts / texts_per_second + _BASELINE_SECONDS_A_CHARACTER * characters


def order_by_size(sources: Sequence[MatrixSource]) -> list[MatrixSource]:
    """Sources with the fewest characters first: what they leave of their share of the time, larger ones can use."""
    return sorted(sources, key=lambda source: sum(map(len, source.train.texts)))
