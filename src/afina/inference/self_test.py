"""Texts with known answers that travel with an exported model, so that a machine which computes otherwise is found out.

Integer products overflow silently on some processors, and another version of a tokenizer may cut texts otherwise:
either would give wrong answers without any error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from afina.errors import ModelError
from afina.inference.onnx_backend import FP32, INT8
from afina.tokenization import Encoder, Encodings

if TYPE_CHECKING:
    from afina.inference.classifier import Backend

PROBES = (
    "Good.",
    "I expected little and was delighted",
    "The food was cold, the waiter was rude and we will not be back",
    "It isn't bad at all; 10/10, would buy again!!! 😀👍🏽",
    "No es lo que esperaba: ni bueno ni barato, aunque el servicio fue rápido.",
    "سيء جدا 很好 очень хорошо",
    "THE  SOUND\tis\nfine… <b>but</b> the battery (2h?) & the price — £99.90 — are not",
    "",
)
"""Short texts in several scripts."""
LONG_PROBE = "The plot takes its time, and the ending does not pay for it; still, the cast was worth the evening. " * 6
"""A text that fills a hundred tokens or more."""

# Largest difference of a logit, relative to the largest logit where that is above 1. Rounding differs between
# processors by a millionth, and may tip a few of an int8 model's integers by one.
_ALLOWED = {FP32: 1e-3, INT8: 0.1}


@dataclass(frozen=True)
class SelfTest:
    """What was answered where the model was exported."""

    texts: tuple[str, ...]
    token_ids: tuple[tuple[int, ...], ...]
    logits: Mapping[str, npt.NDArray[np.float32]]
    """By precision, (n_texts, n_labels)."""

    @classmethod
    def record(cls, encoder: Encoder, backends: Mapping[str, Backend]) -> SelfTest:
        """Have graphs, by precision, answer the probes."""
        texts = (*PROBES, LONG_PROBE)
        encodings = encoder.encode(texts)
        ids = tuple(tuple(encodings.of(i).tolist()) for i in range(len(texts)))
        return cls(texts, ids, {precision: backend.logits(encodings) for precision, backend in backends.items()})

    @classmethod
    def read(cls, written: bytes, *, name: str) -> SelfTest:
        """Read what `as_dict` wrote.

        Raises:
            ModelError: It is damaged.
        """
        try:
            document = json.loads(written)
            return cls(
                tuple(map(str, document["texts"])),
                tuple(tuple(map(int, ids)) for ids in document["token_ids"]),
                {precision: np.array(rows, dtype=np.float32) for precision, rows in document["logits"].items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"The file {name} is not one that afina wrote: {error}") from None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "texts": list(self.texts),
            "token_ids": [list(ids) for ids in self.token_ids],
            "logits": {precision: rows.tolist() for precision, rows in self.logits.items()},
        }

    def check_tokenizer(self, encoder: Encoder, *, name: str) -> Encodings:
        """Token ids of the probes.

        Raises:
            ModelError: The tokenizer cuts a probe otherwise than it did.
        """
        encodings = encoder.encode(self.texts)
        for i, (text, wanted) in enumerate(zip(self.texts, self.token_ids, strict=True)):
            if tuple(encodings.of(i).tolist()) != wanted:
                raise ModelError(
                    f"The tokenizer {name} is not that of its model: it reads {text[:40]!r} as other tokens than when "
                    "the model was exported",
                    hint="copy the run folder again, whole, or export it again with the libraries of this machine",
                )
        return encodings

    def difference(self, backend: Backend, precision: str, encodings: Encodings) -> float:
        """Largest difference of a logit to what it was, as a share of what is allowed: above 1 it is too large.

        Args:
            backend: What is tested.
            precision: Which of the answers it shall give.
            encodings: What `check_tokenizer` returned.
        """
        wanted = self.logits[precision]
        found = backend.logits(encodings)
        if found.shape != wanted.shape or not np.isfinite(found).all():
            return float("inf")
        return float(np.abs(found - wanted).max() / (_ALLOWED[precision] * max(1.0, np.abs(wanted).max())))
