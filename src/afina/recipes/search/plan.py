"""How a search shares out its time: trials in small, and the winner's training in full.

A trial is the final training in small: the same share of the texts as of the seconds. So what a setting costs in time
counts in a trial as it will count in the end.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from afina.errors import MachineLimitError

TRIAL_EVALUATIONS = 2
"""Looks at the dev set during a trial: one halfway, when it may be given up, and one at its end."""

# Most of the time that the search may take where the final training could use all of it.
_SEARCH_SHARE = 0.5
# A winner may cost more than the defaults: more epochs, longer texts, smaller batches.
_DEARER = 1.5
_TRIALS_WISHED, _FEWEST_TRIALS = 8, 2
# Of a trial's longest time, what one takes on average: half are given up halfway, and cheap ones end early.
_MEAN_USE = 0.7
_DEV_SHARE = 0.3
_FEWEST_DEV, _MOST_DEV = 20, 1000
_FEWEST_TEXTS, _ENOUGH_TEXTS = 100, 250
_MARGIN_SHARE = 0.02
# As `allocate` does: more texts are drawn than the measured speed allows for.
_OVERSHOOT = 1.25
_SLOWDOWN = 1.25
_TEST_SHARE, _BASELINE_SHARE, _REFIT_DEV_SHARE = 0.25, 0.15, 0.12


@dataclass(frozen=True)
class Costs:
    """Seconds on this machine, with the default settings."""

    load: float
    """Loading the model."""
    train_text: float
    """Training on a text, once."""
    predict_text: float
    """Scoring a text."""
    encode_text: float
    """Tokenizing a text."""
    baseline: float
    """Fitting the baseline."""
    saving: float
    """Writing the run and the search's page."""


@dataclass(frozen=True)
class TrialSize:
    """What all trials of a study have in common, whichever machine runs them."""

    texts: int
    """Training texts."""
    dev_texts: int
    seconds: float
    """Most seconds of fitting, dev scores counted, on a machine that trains on a text in `train_text` seconds."""
    train_text: float

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)

    def seconds_at(self, costs: Costs) -> float:
        """Most seconds of fitting on a machine of another speed."""
        return self.seconds * costs.train_text / self.train_text


@dataclass(frozen=True)
class SearchPlan:
    """What the time is spent on."""

    trial: TrialSize
    overhead_seconds: float
    """Of a trial: loading, tokenizing and the last scores."""
    refit_texts: int
    """Training texts that the winner is fitted on."""
    refit_seconds: float
    """Most seconds kept for the winner's training."""
    finish_seconds: float
    """Seconds kept for all else that comes after the search."""

    def with_trial(self, trial: TrialSize, costs: Costs) -> SearchPlan:
        """The plan of a worker that joins a study: its trials are as those that were run before."""
        return replace(self, trial=replace(trial, seconds=trial.seconds_at(costs), train_text=costs.train_text))

    def kept_seconds(self, fit_seconds: float | None) -> float:
        """Seconds to be left when the search ends.

        Args:
            fit_seconds: Seconds of fitting in the best trial so far; None where there is none yet.
        """
        refit = self.refit_seconds
        if fit_seconds is not None:
            refit = min(refit, 1.15 * fit_seconds * self.refit_texts / max(1, self.trial.texts))
        return self.finish_seconds + refit

    def has_room(self, seconds_left: float, fit_seconds: float | None) -> bool:
        """Whether one more trial fits before the time that is kept for the winner."""
        return seconds_left - self.kept_seconds(fit_seconds) >= self.overhead_seconds + self.trial.seconds


def plan_search(
    seconds_left: float, costs: Costs, *, n_train: int, n_dev: int, n_test: int, epochs: float, evaluations: int
) -> SearchPlan:
    """Share out the time that is left after loading.

    Args:
        seconds_left: Seconds until the budget ends, from now.
        costs: What things take on this machine.
        n_train: Training texts there are.
        n_dev: Dev texts there are.
        n_test: Test texts there are.
        epochs: Epochs of an ordinary run.
        evaluations: Dev evaluations of an ordinary run.

    Raises:
        MachineLimitError: The time does not suffice for two trials and the winner's training.
    """

    def plan(seconds: float) -> SearchPlan | None:
        return _plan(
            seconds, costs, n_train=n_train, n_dev=n_dev, n_test=n_test, epochs=epochs, evaluations=evaluations
        )

    if found := plan(seconds_left):
        return found
    needed = max(seconds_left, 1.0)
    while plan(needed) is None:
        needed *= 1.05
    raise MachineLimitError(
        f"The budget is too short for a search: {max(seconds_left, 0.0):.0f} s are left after loading, and two trials, "
        f"the winner's training and the test need about {math.ceil(needed)} s",
        hint="give a longer --budget, or take the defaults: `afina train`",
    )


def _plan(
    seconds: float, costs: Costs, *, n_train: int, n_dev: int, n_test: int, epochs: float, evaluations: int
) -> SearchPlan | None:
    # The ordinary recipe cuts test and baseline where they would take more than these shares.
    after = (1 - _SEARCH_SHARE) * seconds
    testing = min(_SLOWDOWN * n_test * costs.predict_text, _TEST_SHARE * after)
    baseline = min(costs.baseline, _BASELINE_SHARE * after)
    encoding = min((n_train + n_dev + n_test) * costs.encode_text, _BASELINE_SHARE * after)
    finish = costs.load + encoding + baseline + testing + costs.saving + _MARGIN_SHARE * seconds
    available = seconds - finish
    if available <= 0:
        return None
    refit = min(_DEARER * n_train * epochs * costs.train_text, (1 - _SEARCH_SHARE) * available)
    refit_texts = min(n_train, math.ceil(_OVERSHOOT * refit / (min(1.0, epochs) * costs.train_text)))
    dev = min(evaluations * n_dev * costs.predict_text, _REFIT_DEV_SHARE * refit)
    size, overhead = _trial_size(available - refit - dev, costs, refit=refit, refit_texts=refit_texts, n_dev=n_dev)
    if size.texts < min(_FEWEST_TEXTS, n_train):
        return None
    # Where trials are whole trainings, what one may take is enough for the last one too.
    final = refit + dev if size.texts < refit_texts else max(refit + dev, size.seconds)
    return SearchPlan(size, overhead, refit_texts, final, finish)


def _trial_size(search: float, costs: Costs, *, refit: float, refit_texts: int, n_dev: int) -> tuple[TrialSize, float]:
    """As many trials as are wished for, or fewer where each would see hardly any texts."""
    for trials in range(_TRIALS_WISHED, _FEWEST_TRIALS - 1, -1):
        # One trial may take all it may; the others take what they do on average.
        slot = search / max(_FEWEST_TRIALS, 1 + _MEAN_USE * (trials - 1)) - costs.load
        scoring = (TRIAL_EVALUATIONS + 1) * costs.predict_text
        dev_texts = min(n_dev, _MOST_DEV, max(_FEWEST_DEV, int(_DEV_SHARE * max(slot, 0.0) / scoring)))
        usable = slot - dev_texts * (scoring + costs.encode_text)
        # A share s of the texts takes s * (refit + refit_texts * encode_text) seconds.
        share = min(1.0, usable / (refit + refit_texts * costs.encode_text))
        texts = math.floor(share * refit_texts)
        if texts >= min(_ENOUGH_TEXTS, refit_texts):
            break
    overhead = costs.load + (max(texts, 0) + dev_texts) * costs.encode_text + dev_texts * costs.predict_text
    seconds = max(share, 0.0) * refit + TRIAL_EVALUATIONS * dev_texts * costs.predict_text
    if share >= 1:
        # Whole trainings, and time for as many as are wished for: none of them is cut short by a wrong forecast.
        seconds = max(seconds, slot)
    return TrialSize(texts, dev_texts, seconds, costs.train_text), overhead
