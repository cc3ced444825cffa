"""Minutes that a training would take on a platform: an estimate with a range, from published figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from afina.planning.platforms.facts import Accelerator, Platform, PlatformMachine
from afina.planning.platforms.rates import chosen_precision, training_gflops
from afina.planning.platforms.reading import read_accelerators, read_platforms

# The driver, the kernels and the gaps between tensors take some.
_USABLE_SHARE = 0.9


@dataclass(frozen=True)
class Estimate:
    """What a training would take."""

    minutes: float | None
    """Of training; None where it cannot run, or a figure is not stated."""
    low: float | None
    high: float | None
    start_up_minutes: float | None
    """Before training begins: session, installation and download, assumed."""
    precision: str
    """`fp32`, or `half` for bf16 or fp16."""
    fits: bool
    """Whether it can run there, as far as is known."""
    reasons: tuple[str, ...]
    """Why it cannot, or what is to be known."""

    def as_dict(self) -> dict[str, Any]:
        """Names and values."""
        return {**asdict(self), "reasons": list(self.reasons)}


def estimate_minutes(
    machine: PlatformMachine,
    operations: float,
    *,
    platform: Platform | None = None,
    memory_mb: float | None = None,
    download_mb: float | None = None,
    width: int | None = None,
    precision: str = "auto",
) -> Estimate:
    """Estimate a training on a platform's machine.

    Args:
        machine: What the platform lends.
        operations: Floating-point operations, as `training_operations` counts them.
        platform: The platform, for its limits.
        memory_mb: Memory that training takes (`training_memory_mb`); None to leave it out.
        download_mb: Size of the model where it has to be downloaded.
        width: Numbers in a state of the model: measurements are of wide ones.
        precision: `auto` as `afina train` chooses, `fp32`, or `half`.
    """
    facts = read_accelerators()
    accelerator = facts.accelerators[machine.accelerator]
    arithmetic = chosen_precision(accelerator, precision)
    obstacle = machine.unfit or _memory_obstacle(machine, accelerator, memory_mb)
    if obstacle:
        return Estimate(None, None, None, None, arithmetic, fits=False, reasons=(obstacle,))
    rate = training_gflops(machine, precision=arithmetic, width=width)
    if rate is None:
        missing = "the number of its cores" if accelerator.kind == "cpu" else "its peak rate"
        return Estimate(None, None, None, None, arithmetic, fits=True, reasons=(f"{missing} is not stated",))
    minutes, low, high = (operations / (gflops * 1e9) / 60 for gflops in (rate.typical, rate.high, rate.low))
    start_up = facts.start_up.minutes(download_mb)
    reasons = [
        *_card_reasons(accelerator),
        *(_limit_reasons(platform, machine, minutes + start_up) if platform else ()),
    ]
    return Estimate(minutes, low, high, start_up, arithmetic, fits=True, reasons=tuple(reasons))


def elsewhere(
    operations: float, *, memory_mb: float | None = None, width: int | None = None, precision: str = "auto"
) -> dict[str, float]:
    """Minutes of training on each GPU that is lent free of charge to new users, for the plans of a slower machine.

    A GPU that the training does not fit on, or that today's PyTorch does not run on, is left out.

    Args:
        operations: Floating-point operations of training.
        memory_mb: Memory that training takes on a GPU (`training_memory_mb`).
        width: Numbers in a state of the model.
        precision: As for `estimate_minutes`.

    Returns:
        Minutes, rounded to two figures, by platform and card, as in `{"Colab T4": 12.0}`; the fewest first.
    """
    facts = read_accelerators()
    found = {}
    for platform in read_platforms().values():
        for machine in platform.machines:
            accelerator = facts.accelerators[machine.accelerator]
            if accelerator.kind != "gpu" or not (platform.access and platform.access.open_to_new):
                continue
            estimate = estimate_minutes(machine, operations, memory_mb=memory_mb, width=width, precision=precision)
            if estimate.minutes is not None and not _card_reasons(accelerator):
                found[f"{platform.short} {accelerator.short}"] = float(f"{estimate.minutes:.2g}")
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _memory_obstacle(machine: PlatformMachine, accelerator: Accelerator, memory_mb: float | None) -> str | None:
    total = accelerator.memory_gb if accelerator.kind == "gpu" else machine.ram_gb
    if memory_mb is None or total is None or memory_mb / 1e3 <= total * _USABLE_SHARE:
        return None
    owner = f"{accelerator.title}'s" if accelerator.kind == "gpu" else "machine's"
    return f"does not fit: training takes about {memory_mb / 1e3:.1f} GB, more than the {owner} {total:g} GB allow"


def _card_reasons(accelerator: Accelerator) -> list[str]:
    least = read_accelerators().pytorch.least_capability
    if accelerator.cuda_capability is None or accelerator.cuda_capability >= least:
        return []
    return [
        f"PyTorch from PyPI does not run on it (CUDA capability {accelerator.cuda_capability}, {least} is needed); "
        "take its builds for CUDA 12.6"
    ]


def _limit_reasons(platform: Platform, machine: PlatformMachine, minutes: float) -> list[str]:
    reasons = []
    session = platform.session_hours(machine)
    if session is not None and minutes > 60 * session:
        reasons.append(f"longer than one session of {session:g} hours; resume with `afina train --resume`")
    limits = platform.limits
    is_gpu = read_accelerators().accelerators[machine.accelerator].kind == "gpu"
    if is_gpu and limits and limits.gpu_hours_a_week and minutes > 60 * limits.gpu_hours_a_week:
        reasons.append(f"more than the {limits.gpu_hours_a_week:g} GPU hours of a week")
    if limits and limits.hours_a_month and minutes > 60 * limits.hours_a_month:
        reasons.append(f"more than the {limits.hours_a_month:g} hours of a month")
    return reasons
