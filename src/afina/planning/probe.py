"""How fast this machine trains and predicts with a model, measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from afina.modeling import Prefix, batch_logits
from afina.modeling.forward import model_inputs
from afina.tokenization import Batch

_REPEATS = 2
_CLEARLY_FASTER = 1.2


@dataclass(frozen=True)
class Speed:
    """Tokens a second, padding counted."""

    training: float
    """Of a whole training step."""
    inference: float
    prefix: float | None = None
    """Of the frozen layers alone, where their states could be kept."""
    suffix: float | None = None
    """Of a training step from kept states on."""

    def training_with_cache(self, epochs: float) -> float:
        """Training speed over so many epochs where states are kept: frozen layers run once, the others each time."""
        if self.prefix is None or self.suffix is None:
            return self.training
        return epochs / (1 / self.prefix + epochs / self.suffix)


def has_bf16(device: torch.device | str = "cpu") -> bool:
    """Whether the hardware multiplies bf16 matrices itself; emulated bf16 is far slower than fp32."""
    if torch.device(device).type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if torch.device(device).type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


@cache
def has_fast_bf16(device: torch.device | str = "cpu") -> bool:
    """Whether bf16 matrices are multiplied clearly faster than fp32 ones.

    On a CPU it is measured: of two processors that both have the instructions, one was 1.4 times faster in bf16, and
    one twice as slow. The answer is kept, so that it is the same throughout a process.
    """
    if not has_bf16(device):
        return False
    if torch.device(device).type != "cpu":
        return True
    fp32, bf16 = (_product_seconds(dtype) for dtype in (torch.float32, torch.bfloat16))
    return fp32 > _CLEARLY_FASTER * bf16


def _product_seconds(dtype: torch.dtype) -> float:
    """Seconds of the matrix product of a feed-forward layer, the best of several."""
    states, weights = torch.ones(1024, 384, dtype=dtype), torch.ones(1536, 384, dtype=dtype)
    return _seconds(lambda: F.linear(states, weights), time.monotonic, repeats=8)


def measure_speed(
    model: Any,
    accelerator: Any,
    *,
    batch_tokens: int,
    text_tokens: int,
    inference_forward: Callable[..., Any] | None = None,
    prefix: Prefix | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Speed:
    """Time forward and backward passes on made-up tokens of the width that training will see.

    Weights, gradients and random state are left as they were; the optimizer's own time is small and not measured.

    Args:
        model: A classifier prepared by `accelerator`.
        accelerator: `accelerate.Accelerator`.
        batch_tokens: Tokens in a batch.
        text_tokens: Tokens in a text.
        inference_forward: Called with a batch's tensors for the prediction side: the test runs in fp32, whatever
            arithmetic training uses. That of `model` if not given.
        prefix: Frozen layers whose states could be kept; they and the rest are timed apart too.
        clock: Returns seconds.
    """
    n_texts = max(1, batch_tokens // text_tokens)
    vocabulary = int(model.config.vocab_size)
    token_ids = np.random.default_rng(0).integers(0, vocabulary, size=(n_texts, text_tokens))
    batch = Batch(np.arange(n_texts), token_ids, np.ones_like(token_ids))
    targets = torch.zeros(n_texts, dtype=torch.int64, device=accelerator.device)
    random_state = torch.get_rng_state()

    def predict_once() -> None:
        with torch.inference_mode():
            (inference_forward or model)(**model_inputs(model, batch, accelerator.device)).logits.cpu()

    def train_once(logits_of: Callable[[], torch.Tensor]) -> None:
        accelerator.backward(F.cross_entropy(logits_of(), targets))
        model.zero_grad()

    passes: list[Callable[[], object]] = [
        partial(train_once, partial(batch_logits, model, batch, accelerator.device)),
        predict_once,
    ]
    if prefix is not None:
        with torch.no_grad():
            states = prefix.states_of(batch, accelerator.device)
        short = _first_tokens(batch) if prefix.is_whole_base else batch
        passes += [
            torch.no_grad()(partial(prefix.states_of, batch, accelerator.device)),
            partial(train_once, partial(prefix.logits, short, states, accelerator.device)),
        ]
    seconds = [_seconds(once, clock) for once in passes]
    torch.set_rng_state(random_state)
    return Speed(*(n_texts * text_tokens / max(each, 1e-9) for each in seconds))


def _first_tokens(batch: Batch) -> Batch:
    return Batch(batch.rows, batch.token_ids[:, :1], batch.mask[:, :1])


def _seconds(once: Callable[[], object], clock: Callable[[], float], *, repeats: int = _REPEATS) -> float:
    once()  # The first call at a new width builds the kernels and is not typical.
    best = float("inf")
    for _ in range(repeats):
        started = clock()
        once()
        best = min(best, clock() - started)
    return best
