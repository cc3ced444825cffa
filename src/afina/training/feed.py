"""Texts on their way into a model: the batches of an epoch, and the logits of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from afina.modeling import PrefixStates, batch_logits, predict_logits
from afina.tokenization import Batch, Encodings, pad, shuffled_batches


@dataclass(frozen=True)
class Feed:
    """A data set and the model that reads it, from its tokens or from what frozen layers made of them.

    Args:
        model: A classifier, as accelerate prepared it.
        encodings: Token ids of the texts.
        pad_id: Token id that fills gaps.
        padding_side: `right` or `left`.
        batch_tokens: Most tokens in a batch of training, padding counted.
        device: Where the model is.
        states: Kept states of the frozen layers; the encodings are then those they belong to.
    """

    model: Any
    encodings: Encodings
    pad_id: int
    padding_side: str
    batch_tokens: int
    device: torch.device | str = "cpu"
    states: PrefixStates | None = None

    def order(self, *, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
        """Positions of the texts of each batch of an epoch, a function of (seed, epoch) alone."""
        return shuffled_batches(
            self.encodings.lengths,
            self.batch_tokens,
            seed=seed,
            epoch=epoch,
            window_counts=self.encodings.window_counts,
        )

    def batches(self, *, seed: int, epoch: int) -> Sequence[Callable[[], Batch]]:
        """The batches of an epoch, each made when called."""
        make = partial(pad, self.encodings, pad_id=self.pad_id, side=self.padding_side)
        return [partial(make, rows) for rows in self.order(seed=seed, epoch=epoch)]

    def logits(self, batch: Batch) -> torch.Tensor:
        """Logits of a batch, (n_texts, n_labels) float32, with gradients where they are enabled."""
        return batch_logits(self.model, batch, self.device) if self.states is None else self.states.logits(batch)

    def predict(self) -> npt.NDArray[np.float32]:
        """Logits of all texts in evaluation mode: (n_texts, n_labels)."""
        return predict_logits(
            self.model,
            self.encodings,
            pad_id=self.pad_id,
            padding_side=self.padding_side,
            device=self.device,
            logits_of=self.logits,
        )
