"""What a training takes: weights, memory, and the size of a checkpoint."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from afina.modeling import count_parameters

# Beside the trained weights a checkpoint holds the best ones, and two moments of each.
_COPIES_IN_CHECKPOINT = 4


def peak_memory_mb(device: torch.device | str = "cpu") -> float | None:
    """Most memory this process has held since `PeakMemory.from_now`, or since it began, in MB.

    Of the accelerator where it trains on one; None where the system does not say.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if sys.platform == "win32":
        return None
    import resource

    # Linux counts in units of 1,024 bytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


@dataclass(frozen=True)
class PeakMemory:
    """Most memory of one run among several that a process may make."""

    _before_mb: float | None
    _is_forgotten: bool = False
    """Whether the system has forgotten what was held before."""

    @classmethod
    def from_now(cls) -> PeakMemory:
        """Forget, where the system can, what the process has held at most before."""
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        # Linux forgets the peak at this; elsewhere it stays, and can only be seen to rise.
        is_forgotten = False
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
            is_forgotten = True
        return cls(peak_memory_mb(), is_forgotten)

    def of_run(self, device: torch.device | str) -> float | None:
        """The peak since then in MB; None where it cannot be told from what was held before."""
        peak = peak_memory_mb(device)
        if torch.device(device).type == "cuda" or peak is None or self._before_mb is None or self._is_forgotten:
            return peak
        return peak if peak > self._before_mb else None


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
