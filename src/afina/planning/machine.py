"""This machine: what it is, what it has left, and how fast it multiplies and trains."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import torch
from torch.nn import functional as F

from afina.planning.probe import has_bf16
from afina.planning.timing import seconds_of

# The product that is timed: the feed-forward layer of a base-sized model on a batch of the default size.
_TOKENS, _WIDTH, _FEED_FORWARD = 1024, 768, 3072

# Of the matrix-product rate, what a training step reached on two cores: 45 to 57 % (docs/concepts/methods.md).
_TRAINING_SHARE = 0.5


@dataclass(frozen=True)
class Machine:
    """What a plan has to fit."""

    processor: str
    cores: int
    threads: int
    """Threads that torch computes with."""
    memory_mb: float
    free_memory_mb: float
    free_disk_mb: float
    """Where the run is written."""
    device: str
    """`cpu`, `cuda` or another kind that torch knows."""
    device_name: str | None
    """Name of the accelerator, and None on a CPU."""
    device_memory_mb: float | None
    """Memory of the accelerator that is free."""
    fp32_gflops: float
    """Matrix products, in 1e9 operations a second."""
    bf16_gflops: float | None
    """The same in bf16; None where the hardware has none."""
    fingerprint: str
    """Equal for equal processors, threads and devices."""

    @property
    def memory_for_training_mb(self) -> float:
        """Memory that is free for a run."""
        return self.device_memory_mb if self.device_memory_mb is not None else self.free_memory_mb

    @property
    def training_gflops(self) -> float:
        """Rate that training reaches, for a first estimate: a share of the matrix-product rate, as measured on CPUs.

        `afina.planning.pace` measures it for a given model.
        """
        return _TRAINING_SHARE * max(self.fp32_gflops, self.bf16_gflops or 0.0)

    def as_dict(self) -> dict[str, Any]:
        """Names and values."""
        return asdict(self)


def measure_machine(place: Path = Path()) -> Machine:
    """Look at this machine and time its matrix products, for a few tenths of a second.

    Args:
        place: Folder whose disk is asked for room; the nearest one that exists is.
    """
    device = default_device()
    memory = psutil.virtual_memory()
    while not place.exists():
        place = place.parent
    return Machine(
        processor=processor_name(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        memory_mb=round(memory.total / 1e6),
        free_memory_mb=round(memory.available / 1e6),
        free_disk_mb=round(shutil.disk_usage(place).free / 1e6),
        device=device.type,
        device_name=torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        device_memory_mb=round(torch.cuda.mem_get_info(device)[0] / 1e6) if device.type == "cuda" else None,
        fp32_gflops=round(_gflops(torch.float32, device), 1),
        bf16_gflops=round(_gflops(torch.bfloat16, device), 1) if has_bf16(device) else None,
        fingerprint=machine_fingerprint(),
    )


def free_memory_mb() -> float:
    """Memory that is free for a run, in MB: of the accelerator where there is one."""
    device = default_device()
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0] / 1e6)
    return float(psutil.virtual_memory().available / 1e6)


@cache
def default_device() -> torch.device:
    """The device that training takes: an accelerator where torch finds one."""
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return torch.device("cpu") if found is None else torch.device(found.type, 0)


def processor_name() -> str:
    """The processor as the system calls it."""
    return str(torch.cpu.get_capabilities().get("cpu_name") or platform.processor() or platform.machine())


def machine_fingerprint() -> str:
    """A short name that is equal for equal processors, cores, threads, memory and accelerators."""
    device = default_device()
    parts = (
        processor_name(), os.cpu_count(), torch.get_num_threads(), round(psutil.virtual_memory().total / 2**30),
        torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
    )  # fmt: skip
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:12]


def _gflops(dtype: torch.dtype, device: torch.device) -> float:
    states = torch.ones(_TOKENS, _WIDTH, dtype=dtype, device=device)
    weights = torch.ones(_FEED_FORWARD, _WIDTH, dtype=dtype, device=device)
    seconds = seconds_of(lambda: F.linear(states, weights), device=device)
    return 2 * _TOKENS * _WIDTH * _FEED_FORWARD / seconds / 1e9
