"""Tests of behaviour with their cases made, ready for any classifier of their labels."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afina.config import DEFAULT_CASES, Capability
from afina.data.augmentation import fill, fill_each, fill_many
from afina.evaluation.behaviour.changes import change_text
from afina.evaluation.behaviour.suite_files import Kind, TestSpec, load_lexicon, load_reviews, load_specs
from afina.labels import LabelSet

# A text is tried with several draws before it counts as one that a change cannot alter, and so is a template.
_TRIES_A_CASE = 20
_MEANINGS = {
    "positive": ("positive",),
    "negative": ("negative",),
    "neutral": ("neutral",),
    "not_negative": ("neutral", "positive"),
}


@dataclass(frozen=True)
class Case:
    """One sentence, or one sentence and what it becomes.

    Args:
        texts: The sentence, and in invariance and directional tests its changed forms.
        labels: Labels of which one must be given, or whose probability must not fall; none in an invariance test.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class BehaviourTest:
    """One test: what it is called, and its cases."""

    name: str
    capability: Capability
    kind: Kind
    cases: tuple[Case, ...]
    published: float | None = None
    """Published failure rate of the test closest to it, a share."""
    published_as: str | None = None
    """What that test is about."""
    on: str | None = None
    """Name of the user's data set whose texts were changed; None for sentences of the suite."""


@dataclass(frozen=True)
class SkippedTest:
    """A test that says nothing about this classifier, and why."""

    name: str
    capability: Capability
    why: str


def build_tests(
    labels: LabelSet,
    *,
    n_cases: int = DEFAULT_CASES,
    seed: int = 0,
    capabilities: Sequence[Capability] = (),
    texts: Sequence[str] = (),
    texts_name: str | None = None,
) -> tuple[list[BehaviourTest], list[SkippedTest]]:
    """Make the tests that suit a classifier.

    Args:
        labels: Labels of the classifier. All tests suit those of sentiment; others are tested on `texts` alone, for
            changes that leave any label as it is.
        n_cases: Cases of each test; fewer where its templates or the texts hold no more.
        seed: Equal seeds make equal cases, and a test's cases depend on no other test.
        capabilities: What to test; everything without it.
        texts: The user's own texts, changed in invariance tests beside the sentences of the suite.
        texts_name: Name of their data set.

    Returns:
        The tests, and those left out with the reason.
    """
    tests: list[BehaviourTest] = []
    skipped: list[SkippedTest] = []
    of_sentiment = labels.is_sentiment
    for spec in load_specs():
        if capabilities and spec.capability not in capabilities:
            continue
        made: list[BehaviourTest] = []
        if of_sentiment:
            cases = _cases(spec, labels, n_cases, _chance(seed, spec.name))
            made.append(_test(spec, cases))
        if texts and spec.kind == "INV" and spec.change and (of_sentiment or spec.any_labels):
            cases = _changed(spec, texts, n_cases, _chance(seed, spec.name, "own texts"))
            made.append(_test(spec, cases, on=texts_name or "your texts"))
        found = [test for test in made if test.cases]
        tests += found
        if not found:
            why = _why_skipped(spec, labels, of_sentiment=of_sentiment, with_texts=bool(texts))
            skipped.append(SkippedTest(spec.name, spec.capability, why))
    return tests, skipped


def _why_skipped(spec: TestSpec, labels: LabelSet, *, of_sentiment: bool, with_texts: bool) -> str:
    if of_sentiment:
        return "its sentences are neutral, and this model does not know neutral"
    if not spec.any_labels:
        return f"it is about sentiment, and the labels are {', '.join(labels)}"
    return "nothing in the texts can be changed" if with_texts else "it needs texts of your own: --on SOURCE"


def _chance(seed: int, *names: str) -> random.Random:
    return random.Random("/".join((str(seed), *names)))


def _test(spec: TestSpec, cases: Sequence[Case], *, on: str | None = None) -> BehaviourTest:
    published = None if spec.published is None else round(spec.published / 100, 4)
    return BehaviourTest(spec.name, spec.capability, spec.kind, tuple(cases), published, spec.published_as, on)


def _cases(spec: TestSpec, labels: LabelSet, n: int, rng: random.Random) -> list[Case]:
    if spec.vary is not None:
        return _varied(spec, spec.vary, n, rng)
    if spec.change is None:
        return _expected(spec, labels, n, rng)
    templates = [template for meaning in spec.reviews for template in load_reviews()[meaning]]
    drawn = (fill(templates[i % len(templates)], load_lexicon(), rng) for i in range(n * _TRIES_A_CASE))
    return _changed(spec, drawn, n, rng)


def _varied(spec: TestSpec, slot: str, n: int, rng: random.Random) -> list[Case]:
    """The same sentence about each group."""
    cases: dict[tuple[str, ...], None] = {}
    for i in range(n * _TRIES_A_CASE):
        if len(cases) == n:
            break
        cases[tuple(fill_each(spec.sentences[i % len(spec.sentences)], load_lexicon(), slot, rng))] = None
    return [Case(texts) for texts in cases]


def _expected(spec: TestSpec, labels: LabelSet, n: int, rng: random.Random) -> list[Case]:
    """Sentences, or pairs of them, whose label is known: as many of each meaning, in turns."""
    by_meaning = {
        meaning: tuple(label for label in known if label in labels)
        for meaning, known in _MEANINGS.items()
        if getattr(spec, meaning)
    }
    usable = {meaning: known for meaning, known in by_meaning.items() if known}
    made = []
    for meaning, known in usable.items():
        # A pair is filled as one sentence, so that both have the same words.
        templates = [each if isinstance(each, str) else "\0".join(each) for each in getattr(spec, meaning)]
        sentences = fill_many(templates, load_lexicon(), -(-n // len(usable)), rng)
        made.append([Case(_halves(sentence), known) for sentence in sentences])
    return [case for turn in range(n) for cases in made for case in cases[turn : turn + 1]][:n]


def _halves(sentence: str) -> tuple[str, ...]:
    return tuple(half[0].upper() + half[1:] for half in sentence.split("\0"))


def _changed(spec: TestSpec, texts: Iterable[str], n: int, rng: random.Random) -> list[Case]:
    """Different texts with what they become, those first that come first and can be changed."""
    labels = (spec.must_not_fall,) if spec.must_not_fall else ()
    cases: dict[str, Case] = {}
    for text in texts:
        if len(cases) == n:
            break
        if text in cases:
            continue
        changed = change_text(spec.change or "", text, rng, lexicon=load_lexicon(), words=spec.words)
        if changed is not None:
            cases[text] = Case((text, changed), labels)
    return list(cases.values())
