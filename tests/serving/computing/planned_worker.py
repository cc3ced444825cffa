"""A worker whose model does what the words of a text say: it starts in a moment, and fails in any way on demand."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers

from afina.evaluation import at_temperature
from afina.inference import Classifier
from afina.labels import LabelSet
from afina.serving.computing.worker import main
from afina.tokenization import Encoder, Encodings

COMMAND = (sys.executable, __file__)
LABELS = LabelSet(("bad", "good"))
SLOW_S = 0.15
MAX_TOKENS = 200
FAULTS = ("slow", "nan", "broken", "die", "die_once", "hang_once", "hungry", "hungry_together")
_WORDS = ("[UNK]", *FAULTS, *(f"w{i}" for i in range(100)))
_IDS = {word: i for i, word in enumerate(_WORDS)}


class PlannedBackend:
    """Logits that depend on a row's tokens alone, unless the tokens ask for something else."""

    name = "planned"

    def __init__(self, run: Path) -> None:
        self._run = run

    def logits(self, encodings: Encodings) -> np.ndarray:
        rows = [encodings.of(i) for i in range(len(encodings))]
        with (self._run / "batches.jsonl").open("a") as file:
            file.write(json.dumps([row.tolist() for row in rows]) + "\n")
        words = {_WORDS[token] for row in rows for token in row}
        if "slow" in words:
            time.sleep(SLOW_S)
        if "broken" in words:
            raise RuntimeError("planned")
        if "hungry" in words or ("hungry_together" in words and len(rows) > 1):
            raise MemoryError
        if "die" in words or ("die_once" in words and self._first_time("died")):
            os.kill(os.getpid(), signal.SIGKILL)
        if "hang_once" in words and self._first_time("hung"):
            os.kill(os.getpid(), signal.SIGSTOP)
        sums = np.array([float((row.astype(np.int64) * np.arange(1, len(row) + 1)).sum()) for row in rows])
        logits = np.stack([np.sin(sums), np.cos(sums)], axis=1).astype(np.float32)
        return np.full_like(logits, np.nan) if "nan" in words else logits

    def _first_time(self, name: str) -> bool:
        mark = self._run / name
        is_first = not mark.exists()
        mark.touch()
        return is_first


class LengthBaseline:
    """Reads the texts themselves."""

    labels = LABELS

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        return at_temperature(np.array([[len(text) % 7, 1.0] for text in texts]), 1.0)


def load(run: Path, *, backend: str = "auto", threads: int | None = None, warn=None) -> Classifier:
    """As `Classifier.load`; a run called `blended` has a baseline, one called `windows` reads texts in windows."""
    if (run / "unloadable").exists():
        raise MemoryError("planned")
    if warn is not None:
        warn(f"The run {run} is planned")
    tokenizer = Tokenizer(models.WordLevel(_IDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    sys.stdout.write("what a library prints\n")
    mixed = {"baseline": LengthBaseline(), "baseline_weight": 0.5} if run.name == "blended" else {}
    encoder = Encoder(tokenizer, MAX_TOKENS, long_text="windows" if run.name == "windows" else "head")
    return Classifier(PlannedBackend(run), encoder, LABELS, threshold=0.6, **mixed)


if __name__ == "__main__":
    main(load=load)
