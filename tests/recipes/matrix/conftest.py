"""Small sources of two kinds, whose labels show in one word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import NEGATIVE, POSITIVE

from afina.config import RunConfig, load_config


def reviews(thing: str, n: int, *, first: int = 0) -> list[tuple[str, str]]:
    """`n` reviews of a thing with their labels, half of each; numbers keep them apart."""
    rows = []
    for i in range(first, first + n):
        number, positive = divmod(i, 2)
        words = POSITIVE if positive else NEGATIVE
        # Two words that no other review has: one alone would make two reviews near-duplicates.
        text = f"the {words[number % 8]} {thing} {thing[0]}{i} was {words[(number // 8 + 3) % 8]} and {i}{thing[-1]}"
        rows.append((text, "positive" if positive else "negative"))
    return rows


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write rows of text and label as csv; the path as the command line has it."""

    def to_file(name: str, rows: list[tuple[str, str]]) -> str:
        path = tmp_path / name
        path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
        return str(path)

    return to_file


@pytest.fixture
def two_sources(write: Callable[..., str]) -> list[str]:
    """Films and rooms."""
    return [write("films.csv", reviews("film", 80)), write("rooms.csv", reviews("room", 120))]


@pytest.fixture
def config(tiny_model: Path, tmp_path: Path) -> RunConfig:
    """A few steps of the tiny model."""
    options = {
        "modeling.name": str(tiny_model), "training.max_steps": 4, "training.learning_rate": 1e-2,
        "training.precision": "fp32", "tokenization.batch_tokens": 128, "evaluation.bootstrap_samples": 100,
        "out": str(tmp_path / "matrix"),
    }  # fmt: skip
    return load_config(options=options)[0]
