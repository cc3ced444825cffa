"""From the values that stand in a label column to label names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afina.data.columns import MAX_DISTINCT_LABELS, as_text
from afina.errors import DataError
from afina.labels import SENTIMENT_ORDER, LabelSet
from afina.utf8 import as_utf8

_WORDS = {
    "negative": "negative", "neg": "negative", "bad": "negative", "negativo": "negative", "negativa": "negative",
    "positive": "positive", "pos": "positive", "good": "positive", "positivo": "positive", "positiva": "positive",
    "neutral": "neutral", "neu": "neutral", "neutro": "neutral", "neutra": "neutral",
}  # fmt: skip
_NUMBERED = {
    frozenset({"0", "1"}): {"0": "negative", "1": "positive"},
    frozenset({"-1", "1"}): {"-1": "negative", "1": "positive"},
    frozenset({"0", "4"}): {"0": "negative", "4": "positive"},
    frozenset({"1", "2"}): {"1": "negative", "2": "positive"},
    frozenset({"-1", "0", "1"}): {"-1": "negative", "0": "neutral", "1": "positive"},
    frozenset({"0", "2", "4"}): {"0": "negative", "2": "neutral", "4": "positive"},
}
_STARS = {"1": "negative", "2": "negative", "4": "positive", "5": "positive"}
# As TweetEval counts. Only for a model of these three: elsewhere 0, 1 and 2 may be anything.
_THREE_SENTIMENTS = {"0": "negative", "1": "neutral", "2": "positive"}
_STAR_COLUMN = re.compile(r"star|rating|score|overall", re.IGNORECASE)
# aclImdb ships a folder of reviews without a label beside pos and neg.
_UNLABELLED = {"unsup", "unlabeled", "unlabelled"}
_THREE_STARS = "with 3 stars lean neither way"
_MIDDLE_POINTS = "with 5 or 6 of 10 points lean neither way"
_UNKNOWN_NEUTRAL = "are neutral, which this model does not know"


@dataclass(frozen=True)
class LabelMapping:
    """How the values of a label column become label names."""

    names: Mapping[str, str]
    """Label name by value."""
    set_aside: Mapping[str, str] = field(default_factory=dict)
    """Values that belong to no label, and what is to be said of their rows, which are left out and counted."""

    @property
    def neutral(self) -> set[str]:
        """The values that are set aside because they lean neither way."""
        leaning = {_THREE_STARS, _MIDDLE_POINTS, _UNKNOWN_NEUTRAL}
        return {value for value, reason in self.set_aside.items() if reason in leaning}

    @property
    def message(self) -> str | None:
        """What a user should be told, or None where values are the names."""
        pairs = [f"{value} -> {name}" for value, name in sorted(self.names.items()) if value != name]
        return f"Labels mapped: {', '.join(pairs)}" if pairs else None


def canonical(value: Any) -> str | None:
    """A label value as text: None for a missing one, whole floats without their `.0`."""
    if value is None or (isinstance(value, float) and value != value):  # NaN is what readers make of an empty cell
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = as_utf8(as_text(value)).strip()
    # "1.0" and "01" are the number 1, written by other programs.
    return re.sub(r"^(-?)0*(0|[1-9]\d*)(?:\.0+)?$", r"\1\2", text) or None


def infer_mapping(
    values: Iterable[str],
    *,
    column: str,
    class_names: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    known: LabelSet | None = None,
    keep: bool = False,
) -> LabelMapping:
    """Decide what each distinct value means.

    Args:
        values: Values of the label column, as `canonical` gives them.
        column: Its name; stars and ratings are recognised by it.
        class_names: Names of label ids that the file itself carries.
        names: What values mean, where the user says so; of values not named nothing is assumed.
        known: Labels that must be met, as those of the training set.
        keep: Use values as they stand.

    Raises:
        DataError: There are too many values to be labels, or one is not among the known labels.
    """
    distinct = set(values)
    if len(distinct) > MAX_DISTINCT_LABELS:
        raise DataError(
            f"The label column {column!r} has {len(distinct):,} distinct values",
            hint=f"a label column has at most {MAX_DISTINCT_LABELS}; pass --label-column",
        )
    if names is not None:
        mapping = LabelMapping({value: names.get(value, value) for value in distinct})
    else:
        mapping = _keep(distinct) if keep else _interpret(distinct, column, class_names)
    if known is None:
        return mapping
    if names is None and not set(mapping.names.values()) <= set(known):
        if distinct <= set(known):
            mapping = _keep(distinct)
        elif not keep and distinct == set(_THREE_SENTIMENTS) and set(map(_sentiment, known)) == set(SENTIMENT_ORDER):
            mapping = LabelMapping(_THREE_SENTIMENTS) if mapping == _keep(distinct) else mapping
    return _restrict(mapping, known)


def _keep(distinct: set[str]) -> LabelMapping:
    return LabelMapping({value: value for value in distinct})


def _interpret(distinct: set[str], column: str, class_names: Sequence[str] | None) -> LabelMapping:
    if not distinct:
        return LabelMapping({})
    # The Hub's data sets mark a row without a label with -1.
    named = distinct - {"-1"}
    if class_names and all(value.isdigit() and int(value) < len(class_names) for value in named):
        names = {value: class_names[int(value)] for value in named}
        aside = dict.fromkeys(distinct - named, "have no label")
        return LabelMapping({value: _WORDS.get(name.lower(), name) for value, name in names.items()}, aside)
    lowered = {value: value.lower() for value in distinct}
    unlabelled = {value for value, low in lowered.items() if low in _UNLABELLED}
    words = {value: _WORDS[low] for value, low in lowered.items() if low in _WORDS}
    if words and len(words) == len(distinct) - len(unlabelled):
        return LabelMapping(words, dict.fromkeys(unlabelled, "have no label"))
    return _numbers(distinct, column) or _as_they_stand(lowered)


def _numbers(distinct: set[str], column: str) -> LabelMapping | None:
    """Numbers that are known to stand for sentiment."""
    if not all(re.fullmatch(r"-?\d+", value) for value in distinct):
        return None
    numbers = {int(value) for value in distinct}
    is_stars = bool(_STAR_COLUMN.search(column))
    if numbers <= {1, 2, 3, 4, 5} and (is_stars or {1, 5} <= numbers):
        aside = dict.fromkeys(distinct & {"3"}, _THREE_STARS)
        return LabelMapping({value: _STARS[value] for value in distinct if value in _STARS}, aside)
    if numbers <= set(range(11)) and max(numbers) > 5 and is_stars:
        # The convention of the Large Movie Review Dataset (Maas et al. 2011): 1-4 negative, 7-10 positive.
        names = {str(n): "negative" if n <= 4 else "positive" for n in numbers if n <= 4 or n >= 7}
        return LabelMapping(names, dict.fromkeys(distinct - set(names), _MIDDLE_POINTS))
    known = _NUMBERED.get(frozenset(distinct))
    return LabelMapping(known) if known else None


def _as_they_stand(lowered: Mapping[str, str]) -> LabelMapping:
    by_name: dict[str, set[str]] = {}
    for value, low in lowered.items():
        by_name.setdefault(low, set()).add(value)
    # "Spam" and "spam" are one label; the spelling first in order stands for all.
    return LabelMapping({value: min(same) for same in by_name.values() for value in same})


def _sentiment(name: str) -> str:
    """The sentiment that a name stands for, or the name in lower case."""
    return _WORDS.get(name.lower(), name.lower())


def _restrict(mapping: LabelMapping, known: LabelSet) -> LabelMapping:
    """The mapping to labels that a model knows, whichever of their usual names they have there."""
    folded = {_sentiment(name): name for name in known} | {name.lower(): name for name in known}
    # A label that the model knows to the letter is that label, though it may know it in capitals too.
    names = {
        value: name if name in known else folded.get(name.lower(), folded.get(_sentiment(name), name))
        for value, name in mapping.names.items()
    }
    set_aside = dict(mapping.set_aside)
    if "neutral" in folded:
        names |= {value: folded["neutral"] for value in mapping.neutral}
        set_aside = {value: reason for value, reason in set_aside.items() if value not in mapping.neutral}
    elif set(folded) >= {"negative", "positive"} and len(known) == 2:
        neutral = [value for value, name in names.items() if name == "neutral"]
        set_aside |= dict.fromkeys(neutral, _UNKNOWN_NEUTRAL)
        names = {value: name for value, name in names.items() if name != "neutral"}
    unknown = sorted(set(names.values()) - set(known))
    if unknown and len(mapping.names) == 1:
        raise DataError(
            f"The only label is {unknown[0]!r}, which the model does not know",
            hint=f"the model's labels are {', '.join(known)}; give texts of two of them at least",
        )
    if unknown:
        numbers = all(re.fullmatch(r"-?\d+", name) for name in unknown)
        told = "; tell `afina evaluate` what numbers mean with --label-names" if numbers else ""
        raise DataError(
            f"Labels that the model does not know: {', '.join(map(repr, unknown[:8]))}",
            hint=f"the model's labels are {', '.join(known)}{told}",
        )
    return LabelMapping(names, set_aside)
