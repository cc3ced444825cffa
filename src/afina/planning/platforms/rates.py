"""How fast an accelerator trains: its peak rate, times the share of it that published fine-tunings reached."""

from __future__ import annotations

import statistics

from afina.planning.platforms.facts import Accelerator, PlatformMachine, Range
from afina.planning.platforms.reading import read_accelerators

FP32, HALF = "fp32", "half"
# The measurements are of models 768 and 1,024 wide. A narrower one keeps a GPU less busy; how much less was not
# measured, so the lower end is halved as a precaution.
NARROW, _NARROW_FACTOR = 768, 0.5


def share_of_peak(accelerator: str, precision: str) -> Range:
    """Share of the peak rate that fine-tuning reaches: the lowest, the usual and the highest that was published.

    The usual one is the accelerator's own where it was measured, and the median of all otherwise.

    Args:
        accelerator: Its name.
        precision: `fp32` or `half`.
    """
    measured = [m for m in read_accelerators().measurements if m.precision == precision]
    own = [m.share for m in measured if m.accelerator == accelerator]
    shares = [m.share for m in measured]
    return Range(low=min(shares), typical=statistics.median(own or shares), high=max(shares))


def chosen_precision(accelerator: Accelerator, wish: str = "auto") -> str:
    """Arithmetic that training takes: as `afina train` does by itself, bf16 where the hardware has it and else fp32.

    Args:
        accelerator: What trains.
        wish: `auto`, `fp32`, or `half` for bf16 or fp16.
    """
    if wish == "auto":
        return HALF if accelerator.bf16 else FP32
    return wish


def training_gflops(machine: PlatformMachine, *, precision: str, width: int | None = None) -> Range | None:
    """Rate of training on one of a platform's accelerators, or on all cores of its CPU, in 1e9 operations a second.

    Args:
        machine: What is lent.
        precision: `fp32` or `half`.
        width: Numbers in a state of the model; the lower end is lower for narrow ones.

    Returns:
        The range, or None where a figure that it needs is not stated.
    """
    facts = read_accelerators()
    accelerator = facts.accelerators[machine.accelerator]
    if accelerator.kind == "cpu":
        return None if machine.cpu_cores is None else facts.cpu_gflops_per_core.times(machine.cpu_cores)
    peak = accelerator.half_tflops if precision == HALF else accelerator.fp32_tflops
    if peak is None:
        return None
    rate = share_of_peak(machine.accelerator, precision).times(peak * 1e3)
    if width is None or width >= NARROW:
        return rate
    return Range(low=rate.low * _NARROW_FACTOR, typical=rate.typical, high=rate.high)
