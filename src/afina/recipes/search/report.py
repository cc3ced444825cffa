"""What a search found: its trials, the winner, and what mattered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afina.recipes.search.score import OBJECTIVE, Gain, gain_over
from afina.recipes.search.space import Params, SearchSpace
from afina.recipes.search.study import ACCURACY, LOSSES, REASON, SECONDS, SearchStudy

# Fewer finished trials tell nothing of what mattered.
_FEWEST_FOR_IMPORTANCE = 4
_FORMATS = {"learning_rate": "{:.2g}", "epochs": "{:.2g}", "label_smoothing": "{:.2f}"}


@dataclass(frozen=True)
class Winner:
    """The settings that are trained in full, and why."""

    trial: Any
    """The Optuna trial."""
    is_default: bool
    gain: Gain | None
    """Of the trial with the lowest log loss over the defaults; None where one of the two is missing or they are one."""
    verdict: str

    @property
    def params(self) -> Params:
        """Its values."""
        return dict(self.trial.params)


def tell_params(params: Mapping[str, float]) -> str:
    """Values for one line of a screen."""
    return ", ".join(
        f"{name.replace('_', ' ')} {_FORMATS.get(name, '{:,}').format(value)}" for name, value in params.items()
    )


def is_default(params: Mapping[str, float], space: SearchSpace) -> bool:
    """Whether these are the values of an ordinary run."""
    defaults = space.defaults
    return params.keys() == defaults.keys() and all(
        math.isclose(params[name], value, rel_tol=1e-9, abs_tol=1e-12) for name, value in defaults.items()
    )


def choose_winner(complete: Sequence[Any], space: SearchSpace) -> Winner:
    """The trial with the lowest log loss, or the defaults where it is not lower by more than its standard error.

    The lowest of many noisy values is partly luck, and the defaults were measured on other sets before: they need no
    further proof, what is to replace them does.

    Args:
        complete: Complete trials, at least one.
        space: For the defaults.
    """
    best = min(complete, key=lambda trial: trial.value)
    defaults = min((t for t in complete if is_default(t.params, space)), key=lambda t: t.value, default=None)
    n = len(complete)
    finished = f"{n} complete trial" if n == 1 else f"{n} complete trials"
    if defaults is None:
        return Winner(best, False, None, f"Trial {best.number} is the best of {finished}; the defaults did not finish")
    if defaults is best and n == 1:
        return Winner(best, True, None, "No trial but that with the defaults was completed: they stay")
    if defaults is best:
        return Winner(best, True, None, f"Of {finished} none did better on the dev texts than the defaults: they stay")
    gain = gain_over(defaults.user_attrs[LOSSES], best.user_attrs[LOSSES])
    told = f"lowers the log loss of {len(best.user_attrs[LOSSES]):,} dev texts by {gain.interval.value:.4f}"
    if gain.is_more_than_chance:
        interval = f"95 % interval {gain.interval.low:+.4f} to {gain.interval.high:+.4f}"
        return Winner(best, False, gain, f"Trial {best.number}, the best of {finished}, {told} ({interval})")
    verdict = (
        f"The best of {finished} {told}, which is no more than its standard error of {gain.standard_error:.4f}: the "
        "defaults stay"
    )
    return Winner(defaults, True, gain, verdict)


def describe_search(study: SearchStudy, space: SearchSpace, winner: Winner) -> dict[str, Any]:
    """The part of `tuning.json` that is known when the search ends.

    Args:
        study: The study with all its trials.
        space: What was sought.
        winner: What is trained in full.
    """
    trials = [_row(trial, space) for trial in study.trials()]
    counts = {state: sum(row["state"] == state for row in trials) for state in ("complete", "pruned", "failed")}
    importances = study.importances() if counts["complete"] >= _FEWEST_FOR_IMPORTANCE else None
    gain = winner.gain
    return {
        "study": {"name": study.name, "storage": study.public_url, **counts},
        "objective": OBJECTIVE,
        "space": space.as_dict(),
        "trials": trials,
        "importances": importances,
        "winner": {
            "number": winner.trial.number,
            "is_default": winner.is_default,
            "params": winner.params,
            "value": winner.trial.value,
            "accuracy": winner.trial.user_attrs.get(ACCURACY),
        },
        "gain": None if gain is None else {**gain.interval.as_dict(), "standard_error": gain.standard_error},
        "search_verdict": winner.verdict,
    }


def _row(trial: Any, space: SearchSpace) -> dict[str, Any]:
    state = trial.state.name.lower()
    duration = trial.duration
    return {
        "number": trial.number,
        "state": "failed" if state == "fail" else state,
        "is_default": is_default(trial.params, space),
        "value": trial.value if state == "complete" else None,
        "accuracy": trial.user_attrs.get(ACCURACY),
        "dev_log_loss": {str(step): value for step, value in sorted(trial.intermediate_values.items())},
        "params": trial.params,
        "seconds": None if duration is None else round(duration.total_seconds(), 2),
        "fit_seconds": trial.user_attrs.get(SECONDS),
        "reason": trial.user_attrs.get(REASON, "interrupted or killed") if state == "fail" else None,
    }
