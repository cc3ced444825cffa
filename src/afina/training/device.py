"""The device and the arithmetic of training, through accelerate."""

from __future__ import annotations

from typing import Any

from accelerate import Accelerator
from accelerate.state import AcceleratorState


def make_accelerator(precision: str) -> Any:
    """An `Accelerator` for `fp32`, `bf16` or `fp16`, also where one of the other kind was made before in this process.

    accelerate keeps the precision in a state shared by the whole process and refuses to change it; a library that
    runs one training after the other has to clear it.
    """
    AcceleratorState._reset_state()
    return Accelerator(mixed_precision="no" if precision == "fp32" else precision)
