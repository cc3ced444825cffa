"""Logits from a fine-tuned model in PyTorch, in fp32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from afina.labels import LabelSet
from afina.modeling import PretrainedClassifier, load_fine_tuned, predict_logits
from afina.tokenization import DEFAULT_MAX_WINDOWS, HEAD, Encoder, Encodings


class TorchBackend:
    """A loaded model that answers with logits.

    Args:
        pretrained: The model, on the device it shall run on.
    """

    def __init__(self, pretrained: PretrainedClassifier) -> None:
        self._pretrained = pretrained
        pretrained.model.eval()

    @property
    def name(self) -> str:
        """`torch`."""
        return "torch"

    @property
    def pretrained(self) -> PretrainedClassifier:
        """The model itself."""
        return self._pretrained

    @classmethod
    def load(cls, folder: Path, labels: LabelSet) -> TorchBackend:
        """Load a model folder; raises ModelError where it is damaged."""
        return cls(load_fine_tuned(folder, labels))

    def encoder(self, max_tokens: int, *, long_text: str = HEAD, max_windows: int = DEFAULT_MAX_WINDOWS) -> Encoder:
        """The encoder that goes with this model; arguments and errors as `Encoder`."""
        return Encoder(self._pretrained.backend_tokenizer, max_tokens, long_text=long_text, max_windows=max_windows)

    def logits(self, encodings: Encodings) -> npt.NDArray[np.float32]:
        """Logits of each text, (n_texts, n_labels)."""
        pretrained = self._pretrained
        return predict_logits(
            pretrained.model,
            encodings,
            pad_id=pretrained.pad_id,
            padding_side=pretrained.padding_side,
            device=pretrained.model.device,
        )
