"""A temperature in the weights themselves, so that whatever loads the model gives calibrated probabilities.

Logits are the output of a linear layer, the last of the head: with its weight and bias divided by a temperature, they
come out divided by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from afina.modeling.anatomy import head_modules

# Difference allowed to the logits wished for, relative to the largest: the rounding of fp32, many times over.
_TOLERANCE = 1e-4
_ADAPTER_WEIGHTS = "adapter_model.safetensors"


def fold_temperature(model: Any, temperature: float, *, logits: Callable[[], npt.NDArray[np.float32]]) -> str | None:
    """Divide the weights of the last linear layer by a temperature, and check what comes out.

    Args:
        model: A Hugging Face classifier in fp32, changed in place where it is found to work.
        temperature: What the logits shall be divided by, above 0.
        logits: Computes the logits of a few texts with this model, (n_texts, n_labels).

    Returns:
        Name of the layer within the model; None where no layer does it, and the model is left as it was.
    """
    before = logits()
    wished = before / temperature
    allowed = _TOLERANCE * float(np.abs(wished).max(initial=0))
    for name, layer in _candidates(model):
        kept = [weight.detach().clone() for weight in layer.parameters()]
        with torch.no_grad():
            for weight in layer.parameters():
                weight.div_(temperature)
        if np.abs(logits() - wished).max(initial=0) <= allowed:
            return name
        with torch.no_grad():
            for weight, old in zip(layer.parameters(), kept, strict=True):
                weight.copy_(old)
    return None


def fold_into_adapter(folder: Path, layer: str, temperature: float) -> None:
    """Divide a layer of a saved adapter by a temperature, so that it answers as the model it was merged into.

    Args:
        folder: What `save_adapter` wrote.
        layer: Name of the layer, as `fold_temperature` found it.
        temperature: The temperature.
    """
    from safetensors import safe_open
    from safetensors.torch import save_file

    file = folder / _ADAPTER_WEIGHTS
    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()
        weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    scaled = {name: weight / temperature if _belongs_to(name, layer) else weight for name, weight in weights.items()}
    save_file(scaled, file, metadata=metadata)


def _candidates(model: Any) -> Iterator[tuple[str, nn.Linear]]:
    """Linear layers of the head with one output a label, the last first."""
    n_labels = int(model.config.num_labels)
    heads = head_modules(model)
    found = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and module.out_features == n_labels
        and any(name == head or name.startswith(f"{head}.") for head in heads)
    ]
    yield from reversed(found)


def _belongs_to(name: str, layer: str) -> bool:
    return any(name.endswith(f".{layer}.{part}") for part in ("weight", "bias"))
