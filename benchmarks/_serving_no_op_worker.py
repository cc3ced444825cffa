"""A worker whose models compute nothing, but tokenize as those of their runs do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from afina.inference import Classifier
from afina.serving.computing.worker import main
from afina.tokenization import Encodings


class NoBackend:
    """Zeros."""

    name = "no-op"

    def __init__(self, n_labels: int) -> None:
        self._n_labels = n_labels

    def logits(self, encodings: Encodings) -> np.ndarray:
        """Logits of 0, (n_texts, n_labels)."""
        return np.zeros((len(encodings), self._n_labels), dtype=np.float32)


def load(run: Path, **options: Any) -> Classifier:
    """A run's tokenizer and labels, and nothing else of it."""
    whole = Classifier.load(run, **options)
    return Classifier(NoBackend(len(whole.labels)), whole.encoder, whole.labels)


if __name__ == "__main__":
    main(load=load)
