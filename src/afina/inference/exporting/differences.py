"""How far the logits of an exported graph are from those of PyTorch, on every kind of batch there is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from afina.inference.classifier import Backend
from afina.inference.self_test import LONG_PROBE, PROBES
from afina.tokenization import Encoder, Encodings

MOST_IN_FP32 = 1e-4
"""Largest difference of a logit that rounding explains."""


def largest_differences(
    reference: Backend, exported: Backend, encoder: Encoder, texts: Sequence[str] = ()
) -> dict[str, float]:
    """Largest difference of a logit, by kind of batch.

    Args:
        reference: PyTorch.
        exported: The graph.
        encoder: What cuts texts for both.
        texts: Texts beside our own short ones, such as those of the run.

    Returns:
        `short` texts, texts as `long` as the model reads, those and shorter ones `mixed` in padded batches, and each
        text in a batch of `one`.
    """
    long = [LONG_PROBE * (1 + encoder.max_tokens // 100)] * 2
    short = list(PROBES)
    mixed = [*short, *long, *texts]
    together = encoder.encode(mixed)
    wanted = reference.logits(together)
    return {
        "short": _difference(reference, exported, encoder.encode(short)),
        "long": _difference(reference, exported, encoder.encode(long)),
        "mixed": float(np.abs(exported.logits(together) - wanted).max()),
        "one": float(np.abs(_one_by_one(exported, together) - wanted).max()),
    }


def _difference(reference: Backend, exported: Backend, encodings: Encodings) -> float:
    return float(np.abs(exported.logits(encodings) - reference.logits(encodings)).max())


def _one_by_one(backend: Backend, encodings: Encodings) -> npt.NDArray[np.float32]:
    return np.concatenate([backend.logits(encodings.select(np.array([i]))) for i in range(len(encodings))])
