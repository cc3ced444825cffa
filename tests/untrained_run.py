"""A run of an untrained model, made in a moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from afina.labels import LabelSet
from afina.modeling import load_pretrained, quiet
from afina.run_folder import RunFolder, write_json

BINARY = LabelSet(("negative", "positive"))


def write_untrained_run(
    root: Path, model: Path, *, labels: LabelSet = BINARY, augment: Sequence[str] = (), tested: Sequence[str] = ()
) -> RunFolder:
    """Write a run with a random head on a model, which was taught these capabilities and tested on these texts."""
    folder = RunFolder(root)
    pretrained = load_pretrained(str(model), labels, seed=3, dropout=0.0)
    with quiet():
        pretrained.model.save_pretrained(folder.model)
        pretrained.tokenizer.save_pretrained(folder.model)
    if tested:
        pq.write_table(pa.table({"text": list(tested)}), folder.predictions)
    manifest = {
        "labels": list(labels), "temperature": 1.0, "settings": {"max_tokens": 64},
        "config": {"data": {"augment": list(augment)}}, "artifacts": folder.artifact_hashes(),
    }  # fmt: skip
    write_json(folder.manifest, manifest)
    return folder
