"""Short fine-tunings of a tiny model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import train_tiny

from afina.recipes import FineTuned


@pytest.fixture
def tune(tiny_model: Path, reviews_csv: Path, tmp_path: Path) -> Callable[..., FineTuned]:
    """Fine-tune the tiny model for a few steps; keyword arguments go to `fine_tune`, the rest are settings."""

    def run(name: str = "run", settings: dict[str, object] | None = None, **arguments: object) -> FineTuned:
        few = {"training.max_steps": 6, **(settings or {})}
        return train_tiny(tiny_model, reviews_csv, tmp_path / name, few, **arguments)

    return run
