"""One forward and backward pass over a few texts of different lengths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from afina.labels import LabelSet
from afina.modeling import load_pretrained
from afina.modeling.load import PretrainedClassifier
from afina.tokenization import Batch, Encoder, Encodings, pad

TEXTS = (
    "the film was good", "awful", "this room was not very fresh and it was sad and stale", "a lovely number",
    "it was kind and happy and brilliant and great and fine", "poor and dull",
)  # fmt: skip
LABEL_IDS = torch.tensor([1, 0, 0, 1, 1, 0])


def load(folder: Path, *, dropout: float = 0.0) -> PretrainedClassifier:
    """A classifier of two labels with a new head."""
    return load_pretrained(str(folder), LabelSet(("negative", "positive")), seed=0, dropout=dropout)


def encode(pretrained: PretrainedClassifier, **options) -> Encodings:
    """Token ids of the texts."""
    return Encoder(pretrained.backend_tokenizer, options.pop("max_tokens", 32), **options).encode(TEXTS)


def batch_of(pretrained: PretrainedClassifier, encodings: Encodings) -> Batch:
    """All texts in one batch, out of order."""
    rows = np.array([3, 0, 5, 2, 4, 1])
    return pad(encodings, rows, pad_id=pretrained.pad_id, side=pretrained.padding_side)


def gradients(model, logits: torch.Tensor, batch: Batch) -> dict[str, torch.Tensor]:
    """Gradients of the loss, by name of the weight."""
    model.zero_grad()
    F.cross_entropy(logits, LABEL_IDS[torch.from_numpy(batch.rows)]).backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def assert_same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], tolerance: float) -> None:
    """The same weights have gradients, and these are equal within a share of the largest."""
    assert set(found) == set(expected)
    assert expected
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=tolerance * largest, msg=name)
