"""Which method fits the time, and whether what frozen layers compute is kept."""

from __future__ import annotations

from dataclasses import dataclass

from afina.config import ModelingConfig
from afina.errors import ConfigError
from afina.planning.settings import FROZEN, FULL, LORA

_BYTES = {"fp32": 4, "fp16": 2}
# Share of the memory that is free now that kept states may take, and of the free disk.
_MEMORY_SHARE, _DISK_SHARE = 0.25, 0.5
OFF = "off"
PAYS_FROM_EPOCHS = 1.5
"""Readings from which states of frozen layers are kept; where there are fewer, more texts are read instead."""


def choose_method(modeling: ModelingConfig) -> str:
    """The method, by what was set; all layers where it was left open and no plan has chosen.

    Args:
        modeling: The settings.

    Raises:
        ConfigError: `freeze_layers` was given together with a method that freezes none.
    """
    wants_depth = modeling.freeze_layers not in (None, 0)
    if modeling.method != "auto":
        if wants_depth and modeling.method != FROZEN:
            raise ConfigError(
                f"--method {modeling.method} takes no --freeze-layers", hint="use --method frozen to train the others"
            )
        return modeling.method
    if modeling.load_in_8bit or modeling.load_in_4bit:
        return LORA
    if wants_depth:
        return FROZEN
    return FULL


@dataclass(frozen=True)
class CachePlan:
    """Whether and how the states of frozen layers are kept."""

    precision: str
    """`fp32`, `fp16`, or `off`."""
    on_disk: bool
    n_bytes: int

    @property
    def is_on(self) -> bool:
        """Whether states are kept at all."""
        return self.precision != OFF


NO_CACHE = CachePlan(OFF, False, 0)


def plan_cache(wish: str, *, n_numbers: int, repeats: bool, free_memory: int, free_disk: int) -> CachePlan:
    """Decide whether to keep what frozen layers make of each text.

    Args:
        wish: `auto`, `off`, `fp16` or `fp32`.
        n_numbers: Numbers to keep: states times their width.
        repeats: Whether texts are read more than once, so that it pays.
        free_memory: Bytes of memory free now.
        free_disk: Bytes of disk free now where the run is written.

    Raises:
        ConfigError: A precision was asked for, and neither memory nor disk has room for it.
    """
    if wish == OFF or (wish == "auto" and not repeats):
        return NO_CACHE
    # Exactness first: half precision only where full precision has no room.
    for precision in ("fp32", "fp16") if wish == "auto" else (wish,):
        n_bytes = n_numbers * _BYTES[precision]
        if n_bytes <= _MEMORY_SHARE * free_memory:
            return CachePlan(precision, False, n_bytes)
    if n_bytes <= _DISK_SHARE * free_disk:
        return CachePlan(precision, True, n_bytes)
    if wish == "auto":
        return NO_CACHE
    raise ConfigError(
        f"There is no room to keep the states of the frozen layers: {n_bytes / 1e6:,.0f} MB",
        hint="set modeling.prefix_cache to off or auto",
    )
