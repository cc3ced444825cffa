"""Which labels are likely wrong: confident learning on probabilities for texts that a model was not fitted on.

The method of Northcutt, Jiang and Chuang ("Confident learning: estimating uncertainty in dataset labels", JAIR 2021),
as the cleanlab library has it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data.text_dataset import TextDataset
from afina.errors import DataError
from afina.extras import require

Probabilities = npt.NDArray[np.float64]
# Chosen on SST-2 and Amazon reviews with labels flipped at random; see benchmarks/label_audit.py.
_STRENGTH_ON_EMBEDDINGS, _STRENGTH_ON_WORDS = 1.0, 3.0


@dataclass(frozen=True)
class LabelAudit:
    """What was found about each label, (n_texts,) each."""

    quality: npt.NDArray[np.float64]
    """Probability of the given label, for a model that has not seen the text: low where it looks wrong."""
    suggested: npt.NDArray[np.int64]
    """Label id the model would give."""
    is_issue: npt.NDArray[np.bool_]
    """Likely a label error: confident learning counts it among those in its class that are mislabelled."""

    @property
    def ranked(self) -> npt.NDArray[np.int64]:
        """Positions, likeliest error first."""
        return np.argsort(self.quality, kind="stable").astype(np.int64)


def audit(label_ids: npt.NDArray[np.int64], probabilities: Probabilities) -> LabelAudit:
    """Compare given labels with out-of-sample probabilities.

    Args:
        label_ids: Given labels, (n_texts,).
        probabilities: (n_texts, n_labels), each row from a model that was not fitted on that text.

    Raises:
        MissingExtraError: cleanlab is not installed.
    """
    rank, filters = require("cleanlab.rank", extra="data"), require("cleanlab.filter", extra="data")
    quality = rank.get_label_quality_scores(label_ids, probabilities, method="self_confidence")
    with warnings.catch_warnings():
        # cleanlab warns of a label with one text; the ranking holds it all the same.
        warnings.simplefilter("ignore", UserWarning)
        issues = filters.find_label_issues(label_ids, probabilities, filter_by="both", n_jobs=1)
    return LabelAudit(np.asarray(quality), probabilities.argmax(axis=1).astype(np.int64), np.asarray(issues, np.bool_))


def probabilities_from_embeddings(
    embeddings: npt.NDArray[np.float32], label_ids: npt.NDArray[np.int64], folds: Sequence[npt.NDArray[np.int64]]
) -> Probabilities:
    """Out-of-sample probabilities of a logistic regression on frozen embeddings, (n_texts, n_labels).

    Args:
        embeddings: (n_texts, width), of length 1.
        label_ids: (n_texts,).
        folds: Positions held out in turn, as `make_folds` gives them.
    """
    return _cross_validated(embeddings, label_ids, folds, strength=_STRENGTH_ON_EMBEDDINGS)


def probabilities_from_words(
    texts: Sequence[str], label_ids: npt.NDArray[np.int64], folds: Sequence[npt.NDArray[np.int64]]
) -> Probabilities:
    """Out-of-sample probabilities of a logistic regression on TF-IDF of words and word pairs, (n_texts, n_labels).

    Args:
        texts: The texts.
        label_ids: (n_texts,).
        folds: Positions held out in turn.
    """
    text = require("sklearn.feature_extraction.text", extra="data")
    # Weighting words takes no labels, so it may see all texts.
    vectorizer = text.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[^\w\s]")
    return _cross_validated(vectorizer.fit_transform(texts), label_ids, folds, strength=_STRENGTH_ON_WORDS)


def combine(one: Probabilities, other: Probabilities) -> Probabilities:
    """The normalised product of two models' probabilities: what both doubt is doubted most."""
    product = np.clip(one, 1e-9, 1) * np.clip(other, 1e-9, 1)
    return np.asarray(product / product.sum(axis=1, keepdims=True))


def make_folds(
    dataset: TextDataset, clusters: npt.NDArray[np.int64], *, n_folds: int, seed: int
) -> list[npt.NDArray[np.int64]]:
    """Divide the rows so that near-duplicates are held out together: a copy would vouch for its twin's label.

    Args:
        dataset: Texts with labels.
        clusters: Cluster of each row, as `find_clusters` gives it.
        n_folds: Number of parts.
        seed: Equal seeds give equal parts.

    Raises:
        DataError: A label has fewer distinct texts than there are folds, or all but a few of its texts repeat another.
    """
    model_selection = require("sklearn.model_selection", extra="data")
    for label_id, name in enumerate(dataset.labels):
        distinct = len(np.unique(clusters[dataset.label_ids == label_id]))
        if distinct < n_folds:
            raise DataError(
                f"The label {name!r} has {distinct} distinct text{'' if distinct == 1 else 's'}, an audit needs at "
                f"least {n_folds}",
                hint="add examples of it, or remove it from the data",
            )
    splitter = model_selection.StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    folds = list(splitter.split(np.zeros(len(dataset)), dataset.label_ids, clusters))
    for rest, _ in folds:
        for label_id in np.setdiff1d(dataset.label_ids, dataset.label_ids[rest]):
            raise DataError(
                f"The texts of the label {dataset.labels.names[label_id]!r} repeat one another too much for an audit",
                hint="remove near-duplicates, or add examples",
            )
    return [held_out for _, held_out in folds]


def flip_labels(
    label_ids: npt.NDArray[np.int64], n_labels: int, share: float, *, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Give a share of the texts another label, drawn at random.

    Returns:
        The label ids, and which of them were changed, (n_texts,) each.
    """
    rng = np.random.default_rng(seed)
    changed = np.zeros(len(label_ids), dtype=np.bool_)
    changed[rng.permutation(len(label_ids))[: round(share * len(label_ids))]] = True
    shift = rng.integers(1, n_labels, size=len(label_ids))
    return np.where(changed, (label_ids + shift) % n_labels, label_ids), changed


def _cross_validated(
    features: Any, label_ids: npt.NDArray[np.int64], folds: Sequence[npt.NDArray[np.int64]], *, strength: float
) -> Probabilities:
    linear_model = require("sklearn.linear_model", extra="data")
    probabilities = np.zeros((len(label_ids), int(label_ids.max()) + 1))
    for held_out in folds:
        rest = np.setdiff1d(np.arange(len(label_ids)), held_out)
        model = linear_model.LogisticRegression(C=strength, max_iter=2000).fit(features[rest], label_ids[rest])
        probabilities[np.ix_(held_out, model.classes_)] = model.predict_proba(features[held_out])
    return probabilities
