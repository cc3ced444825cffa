"""Two classifiers on the same texts: how far they differ, whether that is more than chance, and where they disagree.

The tests are paired: each text is answered by both, so that texts which are easy or hard for both cancel out. They
speak of these two trained models, and not of the methods that made them: another seed makes another model (Dietterich,
"Approximate statistical tests for comparing supervised classification learning algorithms", Neural Computation 1998).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset
from afina.errors import DataError
from afina.evaluation.intervals import CONFIDENCE, TAILS, Interval, bootstrap_mean, confusion_metrics
from afina.evaluation.mcnemar import detectable_difference, mcnemar_mid_p, texts_needed
from afina.evaluation.metrics import paired_difference
from afina.labels import LabelSet

# As scikit-learn takes the logarithm of 0.
_LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
_COUNTS_AT_ONCE = 4_000_000
# Resampling so many values takes 100 MB; the mean of more is normal to far more digits than are shown.
_MOST_RESAMPLED = 5_000

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Comparison:
    """The second classifier against the first, on the same texts."""

    n: int
    first_only: int
    """Texts that only the first labels rightly."""
    second_only: int
    disagreements: int
    """Texts to which they give different labels, right or wrong."""
    accuracy: Interval
    """That of the second less that of the first; so are the other differences."""
    f1: Interval
    """Of the positive class for two labels, macro otherwise."""
    log_loss: Interval
    """Below 0 where the second gives the right label more probability."""
    p_value: float
    """McNemar's test, mid-p: how often two equally accurate classifiers would differ by at least so much."""

    @property
    def better(self) -> str | None:
        """`first` or `second`, or None where these texts cannot tell.

        Asked for are both, an interval of the accuracy difference without 0 and a p-value under 0.05: where only a
        handful of texts tell the two apart, the bootstrap alone is too sure.
        """
        if self.p_value >= 1 - CONFIDENCE or self.accuracy.low <= 0 <= self.accuracy.high:
            return None
        return "second" if self.accuracy.value > 0 else "first"

    @property
    def texts_needed(self) -> int | None:
        """Roughly how many texts it would take to tell them apart; None where both are right equally often."""
        return texts_needed(self.first_only, self.second_only, self.n)

    def sentence(self, first: str, second: str) -> str:
        """The outcome in a sentence, with these names for the two."""
        if not self.disagreements:
            return f"{first} and {second} give the same label to each of these {self.n:,} texts"
        if self.better:
            if self.better == "second":
                ahead, behind, lead = second, first, self.accuracy
            else:
                ahead, behind, lead = first, second, -self.accuracy
            return (
                f"{ahead} is better than {behind} by {100 * lead.value:.1f} points of accuracy "
                f"(95 % interval {lead.bounds_in_points()}; {_p(self.p_value)})"
            )
        needed = self.texts_needed
        more = (
            f"about {needed:,} texts would be needed to, if the difference is as it seems"
            if needed
            else "each is right where the other errs equally often"
        )
        return (
            f"These {self.n:,} texts cannot tell {first} and {second} apart: {second} is at "
            f"{100 * self.accuracy.value:+.1f} points of accuracy (95 % interval "
            f"{self.accuracy.bounds_in_points(signed=True)}; {_p(self.p_value)}); {more}"
        )

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, as `compare --json` has it."""
        return {
            "difference": {name: getattr(self, name).as_dict() for name in ("accuracy", "f1", "log_loss")},
            "mcnemar": {
                "test": "mid-p",
                "first_only": self.first_only,
                "second_only": self.second_only,
                "p_value": self.p_value,
            },
            "better": self.better,
            "n_disagreements": self.disagreements,
            "texts_needed": None if self.better else self.texts_needed,
            "detectable": detectable_difference(self.first_only, self.second_only, self.n),
        }


def compare_predictions(
    label_ids: Ints, first: Floats, second: Floats, labels: LabelSet, *, samples: int = 2000, seed: int = 0
) -> Comparison:
    """Compare two classifiers by their answers to the same texts.

    Args:
        label_ids: Right label ids, (n_texts,).
        first: Probabilities of the one, (n_texts, n_labels).
        second: Those of the other, columns in the same order.
        labels: What the columns mean.
        samples: Bootstrap resamples of texts behind each interval.
        seed: Equal seeds give equal intervals.

    Raises:
        DataError: There are no texts.
    """
    if not len(label_ids):
        raise DataError("There are no texts to compare on")
    answers = [probabilities.argmax(axis=1) for probabilities in (first, second)]
    right = [answer == label_ids for answer in answers]
    first_only, second_only = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    losses = [-np.log(np.maximum(_of_label(each, label_ids), _LEAST_PROBABILITY)) for each in (first, second)]
    return Comparison(
        n=len(label_ids),
        first_only=first_only,
        second_only=second_only,
        disagreements=int((answers[0] != answers[1]).sum()),
        accuracy=paired_difference(label_ids, answers[1], answers[0], samples=samples, seed=seed),
        f1=_f1_difference(label_ids, answers[0], answers[1], labels, samples=samples, seed=seed),
        log_loss=_mean(losses[1] - losses[0], samples=samples, seed=seed),
        p_value=mcnemar_mid_p(first_only, second_only),
    )


def find_disagreements(dataset: TextDataset, first: Floats, second: Floats) -> list[dict[str, Any]]:
    """All texts to which two classifiers give different labels, those that differ most first.

    The order is by how differently probable they hold the right label.

    Args:
        dataset: The texts.
        first: Probabilities of the one, (n_texts, n_labels).
        second: Those of the other.

    Returns:
        For each text `{"row", "text", "label", "first": {"predicted", "confidence"}, "second": {...}, "right"}`; `row`
        is that of the source where it is known, `right` is `first`, `second` or `neither`.
    """
    label_ids, names = dataset.label_ids, dataset.labels.names
    answers = {"first": first.argmax(axis=1), "second": second.argmax(axis=1)}
    apart = np.flatnonzero(answers["first"] != answers["second"])
    gaps = np.abs(_of_label(first, label_ids) - _of_label(second, label_ids))
    confidences = {"first": first.max(axis=1), "second": second.max(axis=1)}
    return [
        {
            "row": None if dataset.row_numbers is None else int(dataset.row_numbers[i]),
            "text": dataset.texts[i],
            "label": names[label_ids[i]],
            **{
                which: {"predicted": names[answers[which][i]], "confidence": float(confidences[which][i])}
                for which in answers
            },
            "right": next((which for which in answers if answers[which][i] == label_ids[i]), "neither"),
        }
        for i in apart[np.argsort(-gaps[apart], kind="stable")]
    ]


def _of_label(probabilities: Floats, label_ids: Ints) -> Floats:
    """The probability given to the right label of each text, (n_texts,)."""
    chosen: Floats = probabilities[np.arange(len(label_ids)), label_ids]
    return chosen


def _f1_difference(
    label_ids: Ints, first: Ints, second: Ints, labels: LabelSet, *, samples: int, seed: int
) -> Interval:
    """F1 of the second less that of the first, with a paired percentile interval.

    Texts with equal (true label, first answer, second answer) count the same, so their counts are resampled.
    """
    n_labels = len(labels)
    codes = (label_ids * n_labels + first) * n_labels + second
    cells, counts = np.unique(codes, return_counts=True)
    tables = _tables(cells, n_labels)

    def difference(draws: Ints) -> Floats:
        scores = [
            confusion_metrics(
                np.asarray(draws @ table).reshape(len(draws), n_labels, n_labels), positive_id=labels.positive_id
            )["f1"]
            for table in tables
        ]
        return scores[1] - scores[0]

    rng, n = np.random.default_rng(seed), len(label_ids)
    at_once = max(1, _COUNTS_AT_ONCE // max(len(cells), n_labels**2))
    resampled = np.concatenate(
        [difference(rng.multinomial(n, counts / n, size=size)) for size in _blocks(samples, at_once)]
    )
    low, high = np.quantile(resampled, TAILS)
    return Interval(float(difference(counts[None])[0]), float(low), float(high))


def _tables(cells: Ints, n_labels: int) -> list[Any]:
    """For the first and the second, which entry of its confusion matrix each cell counts in: (n_cells, n_labels²)."""
    from scipy.sparse import csr_array

    true, answers = np.divmod(cells, n_labels**2)
    ones, ends = np.ones(len(cells), np.int64), np.arange(len(cells) + 1)
    return [
        csr_array((ones, true * n_labels + answer, ends), shape=(len(cells), n_labels**2))
        for answer in np.divmod(answers, n_labels)
    ]


def _blocks(total: int, most: int) -> Iterator[int]:
    for start in range(0, total, most):
        yield min(most, total - start)


def _mean(values: Floats, *, samples: int, seed: int) -> Interval:
    """A mean with its interval: by the bootstrap, or where there are too many values for it, by the normal law."""
    if len(values) <= _MOST_RESAMPLED:
        return bootstrap_mean(values, samples=samples, seed=seed)
    mean = float(values.mean())
    margin = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * float(values.std(ddof=1)) / len(values) ** 0.5
    return Interval(mean, mean - margin, mean + margin)


def _p(value: float) -> str:
    return "p under 0.001" if value < 0.001 else f"p = {value:.3f}"
