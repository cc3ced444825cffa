"""Short fine-tunings of a tiny model, and a model that is far too large."""

from __future__ import annotations

import json
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


@pytest.fixture
def giant(tmp_path: Path) -> str:
    """A folder with nothing but the config of a model of 300 billion weights."""
    folder = tmp_path / "giant"
    folder.mkdir()
    fields = {
        "model_type": "bert", "hidden_size": 16384, "num_hidden_layers": 96, "num_attention_heads": 128,
        "intermediate_size": 65536, "vocab_size": 30522,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    return str(folder)
