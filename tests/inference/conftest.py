"""A run folder with an untrained tiny model, made without training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afina.labels import LabelSet
from afina.modeling import load_pretrained, quiet
from afina.run_folder import RunFolder, write_json

LABELS = LabelSet(("negative", "positive"))


@pytest.fixture
def write_run(tiny_model: Path, tmp_path: Path) -> Callable[..., RunFolder]:
    """Write a run with these entries in its manifest."""

    def write(settings: Any, **entries: Any) -> RunFolder:
        folder = RunFolder(tmp_path / "run")
        pretrained = load_pretrained(str(tiny_model), LABELS, seed=3, dropout=0.0)
        with quiet():
            pretrained.model.save_pretrained(folder.model)
            pretrained.tokenizer.save_pretrained(folder.model)
        manifest = {
            "labels": list(LABELS), "temperature": 1.0, "settings": settings, "artifacts": folder.artifact_hashes()
        }  # fmt: skip
        write_json(folder.manifest, manifest | entries)
        return folder

    return write
