"""How a training that no longer gets better is ended: not at once, but with the learning rate led to zero."""

from __future__ import annotations

import math
from dataclasses import dataclass

from afina.training.budget import Budget

# Of very few steps a share is none; the rate then falls over so many.
_FEWEST_STEPS = 5


@dataclass(frozen=True)
class Cooldown:
    """A short end of training, over which the learning rate falls in a line from where it is to 0.

    Weights of a high rate still jump about a minimum; while the rate falls they come to rest, so that a training can
    end well at any step: the cooldown of Hägele et al. 2024 (Scaling Laws and Compute-Optimal Training Beyond Fixed
    Training Durations, arXiv:2405.18392), the decay of Hu et al. 2024 (MiniCPM, arXiv:2404.06395).
    """

    step: int
    """Steps done when it began."""
    seconds: float
    """Seconds of training used when it began."""
    steps: int
    """Steps that it lasts where the time suffices; 0 where training stops at once."""
    learning_rate: float
    """Learning rate of the last step before it."""
    evaluations: int
    """Dev evaluations before it that were no higher."""
    highest_step: int
    """Step of the highest dev accuracy before it."""

    @property
    def last_step(self) -> int:
        """Steps done when it ends."""
        return self.step + self.steps

    def part_of(self, budget: Budget) -> Budget:
        """Its steps, and the time that was left of a budget when it began."""
        return Budget(
            self.steps,
            None if budget.seconds is None else budget.seconds - self.seconds,
            elapsed=budget.seconds_used - self.seconds,
            clock=budget.clock,
        )


def cooldown_steps(steps_done: int, share: float) -> int:
    """Steps of a cooldown after so many steps; 0 where the share is 0."""
    return max(_FEWEST_STEPS, math.ceil(share * steps_done)) if share else 0
