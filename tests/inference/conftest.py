"""A run folder with an untrained tiny model, made without training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afina.evaluation import BLEND_FILE, write_tfidf
from afina.evaluation.tfidf import TfidfModel
from afina.labels import LabelSet
from afina.modeling import load_pretrained, quiet
from afina.run_folder import RunFolder, write_json

LABELS = LabelSet(("negative", "positive"))


@pytest.fixture
def write_run(tiny_model: Path, tmp_path: Path) -> Callable[..., RunFolder]:
    """Write a run with these entries in its manifest, and perhaps a baseline to blend in."""

    def write(settings: Any, *, tfidf: TfidfModel | None = None, **entries: Any) -> RunFolder:
        folder = RunFolder(tmp_path / "run")
        pretrained = load_pretrained(str(tiny_model), LABELS, seed=3, dropout=0.0)
        with quiet():
            pretrained.model.save_pretrained(folder.model)
            pretrained.tokenizer.save_pretrained(folder.model)
        if tfidf is not None:
            write_tfidf(tfidf, folder.root / BLEND_FILE)
        manifest = {
            "labels": list(LABELS), "temperature": 1.0, "settings": settings, "artifacts": folder.artifact_hashes()
        }  # fmt: skip
        write_json(folder.manifest, manifest | entries)
        return folder

    return write
