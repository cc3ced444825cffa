"""What a rung costs, measured the same way for all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset
from afina.evaluation import Evaluation, evaluate
from afina.protocols import Predictor

SINGLE_TEXTS = 60
"""Calls with one text, over which the median is taken."""
_WARM_UP = 3
# On a machine that others keep busy a call may take half a second; the other rungs need their time.
_MOST_SECONDS = 4.0
_FEWEST_TEXTS = 5


@dataclass(frozen=True)
class Size:
    """What must be kept of a model."""

    parameters: int
    bytes: int


@dataclass(frozen=True)
class Fitted:
    """A rung's classifier, and what it took to get it."""

    classifier: Predictor
    training_seconds: float
    """Fitting alone, without loading and testing."""
    trained_on: int
    """Texts it was fitted on."""
    size: Size
    run: Path | None = None
    """Folder of the finished run, where it is one."""
    details: dict[str, Any] | None = None
    """More about the training, for `ladder.json`."""


@dataclass(frozen=True)
class Measured:
    """A rung's scores on the dev and the test texts, and its cost."""

    name: str
    title: str
    is_transformer: bool
    fitted: Fitted
    dev_predicted: npt.NDArray[np.int64]
    """Predicted label ids, (n_dev,)."""
    test_predicted: npt.NDArray[np.int64]
    """Predicted label ids, (n_test,)."""
    dev_accuracy: float
    test: Evaluation
    milliseconds_a_text: float
    """Median of calls with a single text."""

    @property
    def accuracy(self) -> float:
        """Of the test texts."""
        return self.test.metrics.accuracy.value

    @property
    def minutes(self) -> float:
        """Minutes of training."""
        return self.fitted.training_seconds / 60

    def as_dict(self) -> dict[str, Any]:
        """The rung as `ladder.json` has it."""
        size, details = self.fitted.size, self.fitted.details or {}
        return {
            "name": self.name,
            "title": self.title,
            "transformer": self.is_transformer,
            "accuracy": self.test.metrics.accuracy.as_dict(),
            "f1": self.test.metrics.f1.as_dict(),
            "dev_accuracy": self.dev_accuracy,
            "minutes": self.minutes,
            "model_mb": size.bytes / 1e6,
            "milliseconds_a_text": self.milliseconds_a_text,
            "texts_per_second": self.test.texts_per_second,
            "parameters": size.parameters,
            "trained_on": self.fitted.trained_on,
            "run": None if self.fitted.run is None else str(self.fitted.run),
            **details,
            "test": self.test.as_dict(),
        }


def measure(
    name: str, title: str, fitted: Fitted, *, is_transformer: bool, dev: TextDataset, test: TextDataset, samples: int
) -> Measured:
    """Score a fitted rung and time its answers.

    Args:
        name: Short name of the rung.
        title: Its name in tables.
        fitted: The rung, fitted.
        is_transformer: Whether it is a transformer.
        dev: Texts by which rungs are compared.
        test: Texts by which they are reported.
        samples: Bootstrap resamples behind each interval.
    """
    classifier = fitted.classifier
    dev_predicted = classifier.predict_proba(dev.texts).argmax(axis=1)
    evaluation = evaluate(classifier, test, samples=samples)
    return Measured(
        name=name,
        title=title,
        is_transformer=is_transformer,
        fitted=fitted,
        dev_predicted=dev_predicted,
        test_predicted=evaluation.probabilities.argmax(axis=1),
        dev_accuracy=float((dev_predicted == dev.label_ids).mean()),
        test=evaluation,
        milliseconds_a_text=time_single_texts(classifier, test.texts),
    )


def time_single_texts(classifier: Predictor, texts: Sequence[str], *, most: int = SINGLE_TEXTS) -> float:
    """Median milliseconds of a call with one text, over the same texts for every classifier, or the first of them.

    Args:
        classifier: Anything with `predict_proba`.
        texts: At least one text; of more than `most`, a random part is used.
        most: Texts to time.
    """
    some = [texts[i] for i in np.random.default_rng(0).permutation(len(texts))[:most]]
    for text in some[:_WARM_UP]:
        classifier.predict_proba([text])
    seconds: list[float] = []
    for text in some:
        if sum(seconds) > _MOST_SECONDS and len(seconds) >= _FEWEST_TEXTS:
            break
        began = time.perf_counter()
        classifier.predict_proba([text])
        seconds.append(time.perf_counter() - began)
    return 1000 * statistics.median(seconds)


def folder_bytes(folder: Path) -> int:
    """Size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
