"""Random numbers of a run."""

from __future__ import annotations

import torch


def seed_everything(seed: int) -> None:
    """Seed the generator behind new heads and dropout; afina's own draws take the seed as an argument."""
    torch.manual_seed(seed)
