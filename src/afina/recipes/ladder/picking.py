"""Which rung is enough: chosen by the dev texts, told with what the test texts show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afina.data import TextDataset
from afina.evaluation import Interval, paired_difference
from afina.recipes.ladder.measuring import Measured

_PICK_RULE = (
    "The pick is the first rung, from cheap to dear, that the dev texts cannot tell apart from the rung with the "
    "highest dev accuracy: the 95 % interval of the paired difference holds 0. The test texts choose nothing; they "
    "measure the pick."
)
_CAVEAT = (
    "Dev texts also chose the best weights of each transformer and the best of all rungs, which flatters both a "
    "little; figures in the table are of the test texts."
)


@dataclass(frozen=True)
class Gap:
    """How much more accurate one rung is than another, on the same texts."""

    dev: Interval
    test: Interval

    @property
    def told_apart(self) -> bool:
        """Whether the dev texts show the better one to be better."""
        return self.dev.low > 0

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"dev": self.dev.as_dict(), "test": self.test.as_dict(), "told_apart": self.told_apart}


@dataclass(frozen=True)
class Pick:
    """The rung that is enough, and why."""

    chosen: Measured
    best: Measured
    """The rung with the highest dev accuracy; of equal ones the cheapest."""
    behind_best: dict[str, Gap]
    """The best rung against each, by name."""
    above: Measured | None
    """The next rung up from the chosen one."""
    behind_above: Gap | None
    """That one against the chosen one."""
    transformers_measured: bool

    def as_dict(self) -> dict[str, Any]:
        """For `ladder.json`."""
        return {
            "name": self.chosen.name,
            "title": self.chosen.title,
            "needs_transformer": self.needs_transformer,
            "best_on_dev": self.best.name,
            "next": None if self.above is None else self.above.name,
            "behind_next": None if self.behind_above is None else self.behind_above.as_dict(),
            "rule": _PICK_RULE,
            "caveat": _CAVEAT,
            "answer": self.answer,
            "reasons": self.reasons,
            "why": " ".join(self.reasons),
        }

    @property
    def needs_transformer(self) -> bool | None:
        """Whether a transformer is needed; None where none was measured, and so none can be said to be useless."""
        return self.chosen.is_transformer if self.transformers_measured else None

    @property
    def answer(self) -> str:
        """Whether a transformer is needed, in a sentence."""
        title = self.chosen.title
        if self.needs_transformer is None:
            return (
                f"Whether these texts need a transformer is open, since none was measured; {title} is the pick so far"
            )
        if self.needs_transformer:
            return f"These texts need a transformer: {title} is the cheapest rung that keeps up with the best"
        return f"These texts need no transformer, as far as can be shown: {title} keeps up with the best"

    @property
    def reasons(self) -> list[str]:
        """The figures behind it, a sentence each."""
        sentences = [
            f"{_upper(self.chosen.title)} reaches {self.chosen.test.metrics.accuracy} on the test texts, at "
            f"{_cost(self.chosen)}."
        ]
        if self.chosen is self.best:
            sentences.append("It has the highest dev accuracy, and each cheaper rung is worse by more than chance.")
        else:
            gap = self.behind_best[self.chosen.name]
            sentences.append(
                f"On the dev texts {self.best.title} is best, by no more than chance may do "
                f"({gap.dev.as_difference()}); on the test texts it has {gap.test.as_difference()}"
                f"{_seen_on_test(gap.test)}."
            )
        if self.above is not None and self.behind_above is not None:
            sentences.append(
                f"The next rung up, {self.above.title}, {_gain(self.behind_above.test)} on the test texts "
                f"({self.behind_above.test.as_difference()}), at {_cost(self.above)}."
            )
        return sentences


def choose_pick(rungs: Sequence[Measured], dev: TextDataset, test: TextDataset, *, samples: int) -> Pick:
    """Find the cheapest rung that is as good as the best, as far as the dev texts can tell.

    Args:
        rungs: At least one, from cheap to dear.
        dev: Texts that choose.
        test: Texts that report.
        samples: Bootstrap resamples behind each interval.
    """

    def gap(better: Measured, other: Measured) -> Gap:
        return Gap(
            paired_difference(dev.label_ids, better.dev_predicted, other.dev_predicted, samples=samples),
            paired_difference(test.label_ids, better.test_predicted, other.test_predicted, samples=samples),
        )

    best = max(rungs, key=lambda rung: rung.dev_accuracy)
    behind_best = {rung.name: gap(best, rung) for rung in rungs}
    place = next(i for i, rung in enumerate(rungs) if not behind_best[rung.name].told_apart)
    chosen, above = rungs[place], next(iter(rungs[place + 1 :]), None)
    return Pick(
        chosen=chosen,
        best=best,
        behind_best=behind_best,
        above=above,
        behind_above=None if above is None else gap(above, chosen),
        transformers_measured=any(rung.is_transformer for rung in rungs),
    )


def on_front(costs: Sequence[float], accuracies: Sequence[float]) -> list[bool]:
    """Whether each rung is on the Pareto front: no other is as accurate for less, or more accurate for as much.

    Args:
        costs: Lower is better, (n_rungs,).
        accuracies: Higher is better, (n_rungs,).
    """
    found = list(zip(costs, accuracies, strict=True))
    return [
        not any(
            other_cost <= cost and other_accuracy >= accuracy and (other_cost, other_accuracy) != (cost, accuracy)
            for other_cost, other_accuracy in found
        )
        for cost, accuracy in found
    ]


def _cost(rung: Measured) -> str:
    return (
        f"{_training(rung.minutes)}, {_significant(rung.milliseconds_a_text)} ms a text and "
        f"{_significant(rung.fitted.size.bytes / 1e6)} MB"
    )


def _training(minutes: float) -> str:
    if not minutes:
        return "no training"
    return f"{minutes:.1f} minutes of training" if minutes >= 1 else f"{_significant(60 * minutes)} s of training"


def _significant(value: float) -> str:
    """Two significant digits, and no exponent."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _upper(title: str) -> str:
    return title[0].upper() + title[1:]


def _gain(difference: Interval) -> str:
    if difference.low > 0:
        return "gains"
    return "loses" if difference.high < 0 else "gains nothing that can be shown"


def _seen_on_test(difference: Interval) -> str:
    """Where more texts than the dev texts do tell the two apart."""
    if difference.low > 0:
        return ", which is more than chance: with more dev texts a rung further up would have been picked"
    return ""
