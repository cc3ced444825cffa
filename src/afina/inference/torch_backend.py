"""Logits from a fine-tuned model in PyTorch, in fp32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from afina.labels import LabelSet
from afina.modeling import PretrainedClassifier, load_fine_tuned, predict_logits
from afina.tokenization import Encodings


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
    def load(cls, folder: Path, labels: LabelSet, *, threads: int | None = None) -> TorchBackend:
        """Load a model folder.

        Args:
            folder: What `save_pretrained` wrote.
            labels: The labels it has.
            threads: Threads of this process's PyTorch, for all models it has; left as they are if not given.

        Raises:
            ModelError: The folder is damaged.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        return cls(load_fine_tuned(folder, labels))

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
