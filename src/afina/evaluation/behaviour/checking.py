"""Tests of behaviour, run on any classifier.

After Ribeiro, Wu, Guestrin and Singh, "Beyond accuracy: behavioral testing of NLP models with CheckList" (ACL 2020,
aclanthology.org/2020.acl-main.442). The sentences are afina's own; the rules of failing are theirs: a minimum
functionality test fails where the label is another than the known one; an invariance test where the label flips and
its probability moves by more than `TOLERANCE` in any of the changed forms; a directional test where the probability of
the named label falls by more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.evaluation.behaviour.cases import BehaviourTest, Case
from afina.evaluation.intervals import Interval, exact_share
from afina.labels import LabelSet
from afina.protocols import Predictor

TOLERANCE = 0.1
_TEXTS_A_CALL = 1024
_EXAMPLES = 2

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Failure:
    """A case that failed: what was answered, and what before."""

    case: Case
    changed: int
    """Which of the case's texts the answer is about, from 0."""
    probabilities: Probabilities
    """Of all of its texts, (n_texts, n_labels)."""

    def as_dict(self, labels: LabelSet) -> dict[str, Any]:
        """The JSON form: `scores` are those of `predicted`, which is the answer to `other` where there is one."""
        first, answered = self.probabilities[0], self.probabilities[self.changed]
        names = labels.names
        is_pair = len(self.case.texts) > 1
        return {
            "text": self.case.texts[0],
            "other": self.case.texts[self.changed] if is_pair else None,
            "expected": " or ".join(self.case.labels) or names[int(first.argmax())],
            "predicted": names[int(answered.argmax())],
            "scores": _named(names, answered),
            "scores_before": _named(names, first) if is_pair else None,
        }


@dataclass(frozen=True)
class TestResult:
    """How often a classifier fails a test."""

    __test__ = False  # not a test of the kind that pytest collects

    test: BehaviourTest
    failures: tuple[Failure, ...]

    @property
    def failure_rate(self) -> Interval:
        """Share of cases that fail, with its exact interval."""
        return exact_share(len(self.failures), len(self.test.cases))

    def examples(self) -> tuple[Failure, ...]:
        """Failures to look at, from different places of the test, whose templates take turns."""
        step = max(1, len(self.failures) // _EXAMPLES)
        return self.failures[::step][:_EXAMPLES]


def run_tests(
    classifier: Predictor,
    tests: Sequence[BehaviourTest],
    *,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> list[TestResult]:
    """Run tests on a classifier; each different text is classified once.

    Args:
        classifier: Anything with `predict_proba`.
        tests: The tests, as `build_tests` makes them for its labels.
        advance: Told how many texts of how many are done.
    """
    rows: dict[str, int] = {}
    for test in tests:
        for case in test.cases:
            for text in case.texts:
                rows.setdefault(text, len(rows))
    texts = list(rows)
    probabilities = np.zeros((len(texts), len(classifier.labels)))
    for start in range(0, len(texts), _TEXTS_A_CALL):
        advance(start, len(texts))
        some = slice(start, start + _TEXTS_A_CALL)
        probabilities[some] = classifier.predict_proba(texts[some])
    advance(len(texts), len(texts))
    return [_result(test, rows, probabilities, classifier.labels) for test in tests]


def _result(test: BehaviourTest, rows: dict[str, int], probabilities: Probabilities, labels: LabelSet) -> TestResult:
    failing = {"MFT": _wrong, "INV": _flipped, "DIR": _fallen}[test.kind]
    failures = []
    for case in test.cases:
        answers = probabilities[[rows[text] for text in case.texts]]
        changed = failing(answers, [labels.id_of(label) for label in case.labels])
        if changed is not None:
            failures.append(Failure(case, changed, answers))
    return TestResult(test, tuple(failures))


def _wrong(answers: Probabilities, expected: list[int]) -> int | None:
    return None if int(answers[0].argmax()) in expected else 0


def _flipped(answers: Probabilities, expected: list[int]) -> int | None:
    """The changed form, if any, whose label flips and whose probability of the first label moves most."""
    first = int(answers[0].argmax())
    moved = np.where(answers.argmax(axis=1) == first, 0.0, np.abs(answers[:, first] - answers[0, first]))
    return int(moved.argmax()) if moved.max() > TOLERANCE else None


def _fallen(answers: Probabilities, expected: list[int]) -> int | None:
    return 1 if answers[1, expected].sum() < answers[0, expected].sum() - TOLERANCE else None


def _named(names: Sequence[str], probabilities: Probabilities) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, probabilities, strict=True)}
