"""Commands with the tiny model, and texts with wrong labels."""

from __future__ import annotations

import pytest
from tests.conftest import NEGATIVE, POSITIVE


@pytest.fixture
def inspect(afina_command, tiny_model):
    def run(*arguments):
        return afina_command("data", "inspect", *arguments, "--model", tiny_model)

    return run


@pytest.fixture
def audit(afina_command, tiny_model):
    def run(*arguments):
        return afina_command("data", "audit", *arguments, "--model", tiny_model)

    return run


@pytest.fixture
def flipped_csv(tmp_path):
    """Texts whose words tell the label, but for eleven of them."""
    lines = ["text,label"]
    for i in range(120):
        words = (NEGATIVE, POSITIVE)[i % 2]
        given = ("negative", "positive")[(i + (i in range(4, 100, 9))) % 2]
        text = " ".join(words[(i // 2 * step + step) % 8] for step in (1, 3, 5))
        lines.append(f"the {text} film number {i},{given}")
    path = tmp_path / "flipped.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
