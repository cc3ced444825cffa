"""The real review sets of the speed benchmarks: a pool to train on, and held-out texts to test on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from afina.data import TextDataset, find_overlap, load_dataset, split, take
from afina.labels import LabelSet

DATA = Path(os.environ.get("AFINA_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
# Which texts are held out never depends on the seed of a run, so that all runs are tested on the same ones.
_SEED = 0


@dataclass(frozen=True)
class ReviewSet:
    """A file to train on and where its test texts come from."""

    name: str
    max_tokens: int
    """Tokens kept of a text; the usual recipe pads to as many."""
    test: str | None
    """File of the test texts; None holds a tenth of the training file out."""


SETS = {
    "sst2_train": ReviewSet("sst2_train", 128, "sst2_dev"),
    "imdb_train": ReviewSet("imdb_train", 256, None),
}


def load_pool_and_test(name: str, folder: Path, *, max_test: int) -> tuple[TextDataset, TextDataset]:
    """Texts to train on and at most `max_test` to test on; no text stands, exactly or nearly, in both."""
    chosen = SETS[name]
    pool, _ = load_dataset(str(folder / f"{name}.parquet"), seed=_SEED)
    if chosen.test is None:
        pool, test = split(pool, (0.9, 0.1), seed=_SEED)
    else:
        test, _ = load_dataset(str(folder / f"{chosen.test}.parquet"), labels=pool.labels, seed=_SEED)
        overlap = find_overlap(pool.normal_forms, test.normal_forms)
        pool = pool.select(np.setdiff1d(np.arange(len(pool)), overlap.rows))
    return pool, take(test, max_test, seed=_SEED)


def write_texts(path: Path, **parts: TextDataset) -> None:
    """Data sets with the same labels as one JSON file, for a process of its own to read."""
    document = {
        "labels": list(next(iter(parts.values())).labels),
        "parts": {
            name: {"texts": list(part.texts), "label_ids": part.label_ids.tolist()} for name, part in parts.items()
        },
    }
    path.write_text(json.dumps(document), encoding="utf-8")


def read_texts(path: Path) -> dict[str, TextDataset]:
    """What `write_texts` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    labels = LabelSet(tuple(document["labels"]))
    return {
        name: TextDataset(part["texts"], np.array(part["label_ids"], dtype=np.int64), labels, name=name)
        for name, part in document["parts"].items()
    }
