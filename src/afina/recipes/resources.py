"""What a training takes: weights, memory, and the size of a checkpoint."""

from __future__ import annotations

import sys
from typing import Any

import torch

from afina.modeling import count_parameters

# Beside the trained weights a checkpoint holds the best ones, and two moments of each.
_COPIES_IN_CHECKPOINT = 4


def peak_memory_mb(device: torch.device | str = "cpu") -> float | None:
    """Most memory this process has held so far, in MB: of the accelerator where it trains on one.

    None where the system does not say.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if sys.platform == "win32":
        return None
    import resource

    # Linux counts in units of 1,024 bytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def describe_resources(model: Any) -> dict[str, Any]:
    """Weights of a model that is set up for training: how many are trained, and what they take.

    Returns:
        `trained` weights, `weights_mb` of all weights as they are held, and `checkpoint_mb` of a checkpoint.
    """
    trained = count_parameters(model)[1]
    held = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    bytes_trained = sum(weight.numel() * weight.element_size() for weight in model.parameters() if weight.requires_grad)
    return {
        "trained": trained,
        "weights_mb": round(held / 1e6, 1),
        "checkpoint_mb": round(_COPIES_IN_CHECKPOINT * bytes_trained / 1e6, 1),
    }
