"""Which rung is enough: chosen by the dev texts, told with what the test texts show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from afina.data import TextDataset
from afina.evaluation import Interval, paired_difference
from afina.recipes.ladder.measuring import Measured

RULE = (
    "The pick is the first rung, from cheap to dear, that the dev texts cannot tell apart from the rung with the "
    "highest dev accuracy: the 95 % interval of the paired difference holds 0. The test texts choose nothing; they "
    "measure the pick."
)
CAVEAT = (
    "Dev texts also chose the best weights of each transformer and the best of all rungs, which flatters both a "
    "little; figures in the table are of the test texts."
)


@dataclass(frozen=True)
class Pick:
    """The rung that is enough, and why."""

    chosen: Measured
    best: Measured
    """The rung with the highest dev accuracy; of equal ones the cheapest."""
    above: Measured | None
    """The next rung up from the chosen one."""
    behind_best_dev: Interval
    """Dev accuracy of the best less that of the chosen rung."""
    behind_best: Interval
    """The same on the test texts."""
    behind_above: Interval | None
    """Test accuracy of the next rung up less that of the chosen one."""
    transformers_measured: bool

    def as_dict(self) -> dict[str, Any]:
        """For `ladder.json`."""
        return {
            "name": self.chosen.name,
            "title": self.chosen.title,
            "needs_transformer": self.needs_transformer,
            "best_on_dev": self.best.name,
            "behind_best_dev": self.behind_best_dev.as_dict(),
            "behind_best": self.behind_best.as_dict(),
            "next": None if self.above is None else self.above.name,
            "behind_next": None if self.behind_above is None else self.behind_above.as_dict(),
            "rule": RULE,
            "caveat": CAVEAT,
            "answer": self.answer,
            "why": " ".join(self.reasons),
            "reasons": self.reasons,
        }

    @property
    def needs_transformer(self) -> bool | None:
        """Whether a transformer is needed; None where none was measured, and so none can be said to be useless."""
        return self.chosen.is_transformer if self.transformers_measured else None

    @property
    def answer(self) -> str:
        """Whether a transformer is needed, in a sentence."""
        question = "Do these texts need a transformer?"
        if self.needs_transformer is None:
            return f"{question} Not answered: none was measured. Of the others, {self.chosen.title} is enough."
        if self.needs_transformer:
            return f"{question} Yes: {self.chosen.title} is the cheapest rung that keeps up with the best."
        return f"{question} Not for all that can be shown: {self.chosen.title} keeps up with the best."

    @property
    def reasons(self) -> list[str]:
        """The figures behind it, a sentence each."""
        sentences = [f"{self.chosen.title} reaches {_accuracy(self.chosen)} on the test texts, {_cost(self.chosen)}."]
        if self.chosen is self.best:
            sentences.append("It has the highest dev accuracy, and each cheaper rung is worse by more than chance.")
        else:
            sentences.append(
                f"On the dev texts {self.best.title} is best, but by no more than chance may do "
                f"({points(self.behind_best_dev)}); on the test texts the difference is {points(self.behind_best)}"
                f"{_seen_on_test(self.behind_best, self.best)}."
            )
        if self.above is not None and self.behind_above is not None:
            sentences.append(
                f"The next rung up, {self.above.title}, {_gain(self.behind_above)} on the test texts "
                f"({points(self.behind_above)}), and takes {_cost(self.above)}."
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

    def differ(part: TextDataset, predicted: Callable[[Measured], Any], better: Measured, other: Measured) -> Interval:
        return paired_difference(part.label_ids, predicted(better), predicted(other), samples=samples)

    def on_dev(better: Measured, other: Measured) -> Interval:
        return differ(dev, lambda rung: rung.dev_predicted, better, other)

    def on_test(better: Measured, other: Measured) -> Interval:
        return differ(test, lambda rung: rung.test_predicted, better, other)

    best = max(rungs, key=lambda rung: rung.dev_accuracy)
    chosen = next(rung for rung in rungs if rung is best or on_dev(best, rung).low <= 0)
    place = next(i for i, rung in enumerate(rungs) if rung is chosen)
    above = rungs[place + 1] if place + 1 < len(rungs) else None
    return Pick(
        chosen=chosen,
        best=best,
        above=above,
        behind_best_dev=on_dev(best, chosen),
        behind_best=on_test(best, chosen),
        behind_above=None if above is None else on_test(above, chosen),
        transformers_measured=any(rung.is_transformer for rung in rungs),
    )


def on_front(costs: Sequence[float], accuracies: Sequence[float]) -> list[bool]:
    """Whether each rung is on the Pareto front: no other is as good for less, or better for as much.

    Args:
        costs: Lower is better, (n_rungs,).
        accuracies: Higher is better, (n_rungs,).
    """
    points_ = list(zip(costs, accuracies, strict=True))
    return [
        not any(
            other_cost <= cost and other_accuracy >= accuracy and (other_cost, other_accuracy) != (cost, accuracy)
            for other_cost, other_accuracy in points_
        )
        for cost, accuracy in points_
    ]


def points(difference: Interval) -> str:
    """A difference of accuracies in percentage points, with its interval."""
    value, low, high = (100 * share for share in (difference.value, difference.low, difference.high))
    return f"{value:+.1f} points, {low:+.1f} to {high:+.1f}"


def minutes_in_words(minutes: float) -> str:
    """A time of training as it is said."""
    if minutes <= 0:
        return "no training"
    return f"{minutes:.1f} minutes of training" if minutes >= 1 else f"{60 * minutes:.2g} s of training"


def _accuracy(rung: Measured) -> str:
    found = rung.test.metrics.accuracy
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _cost(rung: Measured) -> str:
    return (
        f"{minutes_in_words(rung.minutes)}, {rung.milliseconds_a_text:.2g} ms a text and "
        f"{rung.fitted.size.bytes / 1e6:.2g} MB"
    )


def _gain(difference: Interval) -> str:
    if difference.low > 0:
        return "gains"
    return "loses" if difference.high < 0 else "gains nothing that these texts can show"


def _seen_on_test(difference: Interval, best: Measured) -> str:
    if difference.low > 0:
        return f", which is more than chance: more dev texts would have chosen {best.title} or a rung between"
    return ""
