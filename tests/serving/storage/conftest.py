"""A server's storage on real files, whose jobs need no model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from tests.serving.storage.planned_score import COMMAND

from afina.serving.settings import ServingSettings
from afina.serving.storage import Storage, open_storage

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def opened(tmp_path, monkeypatch) -> Iterator[Callable[..., Storage]]:
    """Open the storage in a folder, as often as one likes; all are closed in the end."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    storages = []

    def open_(folder: Path | None = None, **settings) -> Storage:
        given = ServingSettings(state_dir=folder or tmp_path / "state", **settings)
        storages.append(open_storage(given, {"reviews": tmp_path / "run"}, score_command=COMMAND))
        return storages[-1]

    yield open_
    for storage in storages:
        storage.close()


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
