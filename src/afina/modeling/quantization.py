"""Pretrained weights held in 8 or 4 bits by bitsandbytes while adapters or a head are trained beside them.

Methods: Dettmers et al., "LLM.int8()", NeurIPS 2022; Dettmers et al., "QLoRA", NeurIPS 2023.
"""

from __future__ import annotations

import logging
from typing import Any

import torch

from afina.errors import ModelError
from afina.extras import require


def check_quantization(bits: int, device: torch.device | str) -> None:
    """Refuse to hold weights in fewer bits where the device cannot, before anything is loaded.

    Args:
        bits: 8 or 4.
        device: Where training will be.

    Raises:
        MissingExtraError: bitsandbytes is not installed.
        ModelError: bitsandbytes has no kernels for this device, or they do not run.
    """
    quiet_bitsandbytes()
    bnb = require("bitsandbytes", extra="quantize")
    kind = torch.device(device).type
    hint = f"train without --load-in-{bits}bit"
    if kind not in bnb.supported_torch_devices:
        raise ModelError(f"bitsandbytes has no {bits}-bit kernels for the device {kind!r}", hint=hint)
    try:
        _try_kernels(bnb, bits, torch.device(device))
    except Exception as error:  # whatever a missing or unfit compiled library raises
        raise ModelError(
            f"The {bits}-bit kernels of bitsandbytes do not run on the device {kind!r}", hint=hint
        ) from error


def quiet_bitsandbytes() -> None:
    """Keep its reports off the screen: how it casts at each call, and which optional kernels it would have liked.

    It makes the last when it is imported, which peft does too.
    """
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def quantization_config(bits: int, *, skipped: list[str]) -> Any:
    """What transformers loads a model in 8 or 4 bits with.

    Args:
        bits: 8 or 4 (4 is NF4, with its constants quantized once more).
        skipped: Modules that stay in fp32: the head, which is trained.
    """
    from transformers import BitsAndBytesConfig

    if bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=skipped)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32, llm_int8_skip_modules=skipped,
    )  # fmt: skip


def keep_full_precision(model: Any) -> None:
    """Let 4-bit modules on a CPU predict as they train.

    bitsandbytes would pack their weights for bf16 whenever a model is evaluated, which rounds the dev scores, and fails
    when training goes on.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def is_quantized(module: Any) -> bool:
    """Whether bitsandbytes holds the weight of a module."""
    return type(getattr(module, "weight", None)).__name__ in ("Int8Params", "Params4bit")


def unpacked_weight(module: Any) -> torch.Tensor:
    """The weight of a linear module in fp32, (n_outputs, n_inputs), also where it is held in fewer bits."""
    weight = module.weight
    if not is_quantized(module):
        return weight.detach().to(torch.float32)  # type: ignore[no-any-return]
    functional = require("bitsandbytes", extra="quantize").functional
    if type(weight).__name__ == "Params4bit":
        return functional.dequantize_4bit(weight.data, weight.quant_state).to(torch.float32)  # type: ignore[no-any-return]
    # The first forward pass moves the scales from the weight to the state of the module.
    scales = module.state.SCB if module.state.SCB is not None else weight.SCB
    return functional.int8_vectorwise_dequant(weight.data, scales).to(torch.float32)  # type: ignore[no-any-return]


def _try_kernels(bnb: Any, bits: int, device: torch.device) -> None:
    width = 64
    if bits == 8:
        layer = bnb.nn.Linear8bitLt(width, width, has_fp16_weights=False)
    else:
        layer = bnb.nn.Linear4bit(width, width, quant_type="nf4", compute_dtype=torch.float32)
    states = torch.ones(1, width, device=device, requires_grad=True)
    layer.to(device)(states).sum().backward()
