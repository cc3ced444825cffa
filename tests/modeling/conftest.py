"""Model folders of every architecture, built once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.modeling.families import FAMILIES


@pytest.fixture(scope="session")
def build_family(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Callable[[str], Path]:
    """Folder of a small random model by the name of its family; not to be written to."""
    folders: dict[str, Path] = {}

    def build(name: str) -> Path:
        if name not in folders:
            folders[name] = FAMILIES[name](tmp_path_factory.mktemp(name))
        return folders[name]

    return build


@pytest.fixture(scope="session", params=sorted(FAMILIES))
def family_folder(request: pytest.FixtureRequest, build_family: Callable[[str], Path]) -> Path:
    """Folder of a small random model, of each family in turn.

    `@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)` takes some of them.
    """
    return build_family(request.param)
