"""Random numbers of a run."""

from __future__ import annotations

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed the generator behind new heads; afina's own draws take the seed as an argument."""
    torch.manual_seed(seed)


def seed_step(seed: int, step: int) -> None:
    """Seed what one optimizer step draws, which is dropout, from its number alone.

    So a resumed run draws what the whole one would have drawn, on any device, without a saved state of generators.

    Args:
        seed: Seed of the run.
        step: Steps done before this one.
    """
    (mixed,) = np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)
    torch.manual_seed(int(mixed) >> 1)
