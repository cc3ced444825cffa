"""Short fine-tunings of a tiny model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from afina.config import load_config
from afina.recipes import FineTuned, fine_tune


@pytest.fixture
def tune(tiny_model: Path, reviews_csv: Path, tmp_path: Path) -> Callable[..., FineTuned]:
    """Fine-tune the tiny model for a few steps; keyword arguments go to `fine_tune`, the rest are settings."""

    def run(name: str = "run", settings: dict[str, object] | None = None, **arguments: object) -> FineTuned:
        options = {
            "data.source": str(reviews_csv), "modeling.name": str(tiny_model), "training.max_steps": 6,
            "training.learning_rate": 1e-2, "training.precision": "fp32", "tokenization.batch_tokens": 128,
            "out": str(tmp_path / name),
        }  # fmt: skip
        config, origins = load_config(options={**options, **(settings or {})})
        return fine_tune(config, origins=origins, **arguments)

    return run
