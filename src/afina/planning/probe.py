"""How fast this machine trains and predicts with a model, measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from afina.modeling import batch_logits
from afina.tokenization import Batch

_REPEATS = 2


@dataclass(frozen=True)
class Speed:
    """Tokens a second, padding counted."""

    training: float
    inference: float


def has_fast_bf16(device: torch.device | str = "cpu") -> bool:
    """Whether the hardware multiplies bf16 matrices itself; emulated bf16 is far slower than fp32."""
    if torch.device(device).type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if torch.device(device).type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


def measure_speed(
    model: Any,
    accelerator: Any,
    *,
    batch_tokens: int,
    text_tokens: int,
    inference_model: Any = None,
    clock: Callable[[], float] = time.monotonic,
) -> Speed:
    """Time forward and backward passes on made-up tokens of the width that training will see.

    Weights, gradients and random state are left as they were; the optimizer's own time is small and not measured.

    Args:
        model: A classifier prepared by `accelerator`.
        accelerator: `accelerate.Accelerator`.
        batch_tokens: Tokens in a batch.
        text_tokens: Tokens in a text.
        inference_model: Called with a batch's tensors for the prediction side: the test runs in fp32, whatever
            arithmetic training uses. `model` itself if not given.
        clock: Returns seconds.
    """
    n_texts = max(1, batch_tokens // text_tokens)
    vocabulary = int(model.config.vocab_size)
    token_ids = np.random.default_rng(0).integers(0, vocabulary, size=(n_texts, text_tokens))
    batch = Batch(np.arange(n_texts), token_ids, np.ones_like(token_ids))
    targets = torch.zeros(n_texts, dtype=torch.int64, device=accelerator.device)
    random_state = torch.get_rng_state()

    def train_once() -> None:
        loss = F.cross_entropy(batch_logits(model, batch, accelerator.device), targets)
        accelerator.backward(loss)
        model.zero_grad()

    def predict_once() -> None:
        with torch.inference_mode():
            batch_logits(inference_model or model, batch, accelerator.device).cpu()

    seconds = [_seconds(once, clock) for once in (train_once, predict_once)]
    torch.set_rng_state(random_state)
    training, inference = (n_texts * text_tokens / max(each, 1e-9) for each in seconds)
    return Speed(training, inference)


def _seconds(once: Callable[[], None], clock: Callable[[], float]) -> float:
    once()  # The first call at a new width builds the kernels and is not typical.
    best = float("inf")
    for _ in range(_REPEATS):
        started = clock()
        once()
        best = min(best, clock() - started)
    return best
