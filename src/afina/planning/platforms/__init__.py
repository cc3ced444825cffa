"""Places to train on free of charge: facts with sources and dates, and the minutes a training would take there."""

from afina.planning.platforms.estimating import Estimate, elsewhere, estimate_minutes
from afina.planning.platforms.facts import (
    Accelerator,
    AcceleratorFacts,
    Measurement,
    Platform,
    PlatformMachine,
    Range,
    Sourced,
)
from afina.planning.platforms.memory import training_memory_mb
from afina.planning.platforms.rates import FP32, HALF, NARROW, chosen_precision, share_of_peak, training_gflops
from afina.planning.platforms.reading import LOCAL, find_platform, read_accelerators, read_platforms

__all__ = [
    "FP32",
    "HALF",
    "LOCAL",
    "NARROW",
    "Accelerator",
    "AcceleratorFacts",
    "Estimate",
    "Measurement",
    "Platform",
    "PlatformMachine",
    "Range",
    "Sourced",
    "chosen_precision",
    "elsewhere",
    "estimate_minutes",
    "find_platform",
    "read_accelerators",
    "read_platforms",
    "share_of_peak",
    "training_gflops",
    "training_memory_mb",
]
