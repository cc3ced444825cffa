"""Logits from batches: the one place where a model is called."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from afina.modeling.feeding import segment_ids
from afina.tokenization import Batch, Encodings, pad, sorted_batches

INFERENCE_BATCH_TOKENS = 4096


def batch_logits(model: Any, batch: Batch, device: torch.device | str = "cpu") -> torch.Tensor:
    """Logits of one batch, (n_texts, n_labels) float32, with gradients where they are enabled.

    A text in several windows has the mean of their logits.
    """
    logits: torch.Tensor = model(**model_inputs(model, batch, device)).logits.float()  # (n_windows, n_labels)
    if batch.owners is None:
        return logits
    owners = torch.from_numpy(batch.owners).to(device)
    sums = logits.new_zeros(len(batch.rows), logits.shape[1]).index_add(0, owners, logits)
    return sums / owners.bincount(minlength=len(batch.rows)).unsqueeze(1)


def model_inputs(model: Any, batch: Batch, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
    """What a model is called with for a batch: tensors of (n_windows, n_tokens) int64 by name."""
    token_ids = torch.from_numpy(batch.token_ids).to(device)
    inputs = {"input_ids": token_ids, "attention_mask": torch.from_numpy(batch.mask).to(device)}
    segments = segment_ids(model.config, token_ids)
    return inputs if segments is None else {**inputs, "token_type_ids": segments}


def predict_logits(
    model: Any,
    encodings: Encodings,
    *,
    pad_id: int,
    padding_side: str = "right",
    batch_tokens: int = INFERENCE_BATCH_TOKENS,
    device: torch.device | str = "cpu",
    logits_of: Callable[[Batch], torch.Tensor] | None = None,
) -> npt.NDArray[np.float32]:
    """Logits of all texts in evaluation mode, in the order of the texts: (n_texts, n_labels) float32.

    The model's training mode is restored afterwards.

    Args:
        model: A classifier.
        encodings: Token ids of the texts.
        pad_id: Token id that fills gaps.
        padding_side: `right` or `left`.
        batch_tokens: Most tokens in a batch, padding counted.
        device: Where the model is.
        logits_of: Another way from a batch to its logits than through the whole model.
    """
    logits_of = logits_of or partial(batch_logits, model, device=device)
    logits = np.zeros((len(encodings), int(model.config.num_labels)), dtype=np.float32)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for rows in sorted_batches(encodings.lengths, batch_tokens, window_counts=encodings.window_counts):
                batch = pad(encodings, rows, pad_id=pad_id, side=padding_side)
                logits[rows] = logits_of(batch).cpu().numpy()
    finally:
        model.train(was_training)
    return logits
