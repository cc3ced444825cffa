"""What frozen layers make of a text, computed once and kept, so that later epochs begin at the first trained layer.

Without it each epoch runs every text through layers whose answer has not changed. The states of each token are kept
side by side as the token ids are (`Encodings`), in memory or in a file mapped into it. Where nothing but the head is
trained, one state a text is kept: the one the head reads.

Frozen layers run without dropout (`afina.modeling.trainable`), so logits and gradients are those of the whole model;
in fp16 they differ by its rounding, 5e-4 of a state.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

from afina.modeling.anatomy import Anatomy, dissect
from afina.modeling.forward import INFERENCE_BATCH_TOKENS, batch_logits, model_inputs
from afina.tokenization import Batch, Encodings, pad, sorted_batches

HEAD_ONLY = -1


@dataclass(frozen=True)
class Prefix:
    """The part of a model that is not trained, and where its states go back in.

    Args:
        model: A classifier, as accelerate prepared it.
        plain: The same without accelerate's wrapping.
        depth: Layers of the prefix; `HEAD_ONLY` for all of the base model.
    """

    model: Any
    plain: Any
    depth: int
    parts: Anatomy = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", dissect(self.plain))

    @property
    def width(self) -> int:
        """Numbers in a state."""
        config = self.plain.config
        # Some OPTs project their last states to the narrower width of their embeddings.
        return int(getattr(config, "word_embed_proj_dim", 0) if self.is_whole_base else 0) or int(config.hidden_size)

    @property
    def is_whole_base(self) -> bool:
        """Whether only the head is trained."""
        return self.depth == HEAD_ONLY

    def n_states(self, encodings: Encodings) -> int:
        """States to keep: one a token, or one a window where only the head is trained."""
        return len(encodings.offsets) - 1 if self.is_whole_base else encodings.n_tokens

    def states_of(self, batch: Batch, device: torch.device | str) -> torch.Tensor:
        """Run the prefix: (n_windows, n_tokens, width), or (n_windows, 1, width) where only the head is trained."""
        caught: list[torch.Tensor] = []

        def catch_input(module: nn.Module, arguments: tuple[Any, ...]) -> None:
            caught.append(arguments[0])
            raise _Caught

        def catch_output(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
            caught.append(output[0])
            raise _Caught

        base, layers = self.parts.base, self.parts.layers
        hook = (
            base.register_forward_hook(catch_output)
            if self.is_whole_base
            else layers[self.depth].register_forward_pre_hook(catch_input)
        )
        try:
            self.model(**model_inputs(self.plain, batch, device))
        except _Caught:
            pass
        finally:
            hook.remove()
        if self.is_whole_base:
            return _pool(caught[0], batch, self.parts.pooling).unsqueeze(1)
        return caught[0].transpose(0, 1) if self.parts.tokens_first else caught[0]

    def logits(self, batch: Batch, states: torch.Tensor, device: torch.device | str) -> torch.Tensor:
        """Logits of a batch from its states on, (n_texts, n_labels) float32, with gradients where they are enabled."""
        with self._whole_base_gives(states) if self.is_whole_base else self._layers_begin_with(states):
            return batch_logits(self.model, batch, device)

    @contextmanager
    def _layers_begin_with(self, states: torch.Tensor) -> Iterator[None]:
        if self.parts.tokens_first:
            states = states.transpose(0, 1)
        layers = self.parts.layers
        hook = layers[self.depth].register_forward_pre_hook(lambda module, arguments: (states, *arguments[1:]))
        with _forwards({layer: _passing_on(layer) for layer in layers[: self.depth]}):
            try:
                yield
            finally:
                hook.remove()

    @contextmanager
    def _whole_base_gives(self, states: torch.Tensor) -> Iterator[None]:
        base = self.parts.base
        pooler = getattr(base, "pooler", None)

        def give(*unused: Any, **options: Any) -> _BaseOutput:
            pooled = None
            if isinstance(pooler, nn.Module) and hasattr(base, "pooler_activation"):  # ALBERT's
                pooled = base.pooler_activation(pooler(states[:, 0]))
            elif isinstance(pooler, nn.Module):
                pooled = pooler(states)
            return _BaseOutput(last_hidden_state=states, pooler_output=pooled)

        with _forwards({base: give}):
            yield


class PrefixStates:
    """The states of every text of a data set.

    Args:
        prefix: What makes them and takes them.
        encodings: Token ids of the texts.
        precision: `fp32` or `fp16`.
        file: Where to keep them on disk, mapped into memory; None keeps them in memory.
        pad_id: Token id that fills gaps.
        padding_side: `right` or `left`.
        device: Where the model is.
        on_texts: Called with the number of texts done.

    Raises:
        OverflowError: A state is too large for fp16.
    """

    def __init__(
        self,
        prefix: Prefix,
        encodings: Encodings,
        *,
        precision: str,
        pad_id: int,
        padding_side: str,
        file: Path | None = None,
        device: torch.device | str = "cpu",
        on_texts: Callable[[int], None] = lambda done: None,
    ) -> None:
        self._prefix, self._device, self._side = prefix, device, padding_side
        shape = (prefix.n_states(encodings), prefix.width)
        dtype = np.float16 if precision == "fp16" else np.float32
        self._states: npt.NDArray[Any] = np.empty(shape, dtype) if file is None else _mapped(file, shape, dtype)
        self._state_dtype = torch.float32
        self.encodings = _one_token_each(encodings, pad_id) if prefix.is_whole_base else encodings
        self._pad_id = pad_id
        self._fill(encodings, on_texts)

    def _fill(self, encodings: Encodings, on_texts: Callable[[int], None]) -> None:
        model, was_training, done = self._prefix.model, self._prefix.model.training, 0
        model.eval()
        try:
            with torch.inference_mode():
                # Always in these batches: a state's last digit depends on what it was computed beside, and a resumed
                # run must find the same.
                for rows in sorted_batches(
                    encodings.lengths, INFERENCE_BATCH_TOKENS, window_counts=encodings.window_counts
                ):
                    batch = pad(encodings, rows, pad_id=self._pad_id, side=self._side)
                    states = self._prefix.states_of(batch, self._device)
                    self._state_dtype = states.dtype
                    kept = states.float().cpu().numpy()
                    self._keep(rows, kept[:, 0] if self._prefix.is_whole_base else kept[_real(batch, encodings)])
                    done += len(rows)
                    on_texts(done)
        finally:
            model.train(was_training)

    def _keep(self, rows: npt.NDArray[np.int64], states: npt.NDArray[np.float32]) -> None:
        if self._states.dtype == np.float16 and np.abs(states).max(initial=0) > np.finfo(np.float16).max:
            raise OverflowError
        self._states[self._places(rows)] = states

    def _places(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Where the states of some texts are, in the order of their tokens."""
        windows, _ = self.encodings.windows_of(rows)
        starts, ends = self.encodings.offsets[windows], self.encodings.offsets[windows + 1]
        return np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])

    def logits(self, batch: Batch) -> torch.Tensor:
        """Logits of a batch of `encodings`, from its kept states on: (n_texts, n_labels) float32."""
        padded = np.zeros((*batch.mask.shape, self._prefix.width), dtype=self._states.dtype)
        padded[_real(batch, self.encodings)] = self._states[self._places(batch.rows)]
        states = torch.from_numpy(padded).to(self._device, self._state_dtype)
        return self._prefix.logits(batch, states, self._device)


def _mapped(file: Path, shape: tuple[int, int], dtype: Any) -> npt.NDArray[Any]:
    """An array in a file; an OSError where the disk has no room for it."""
    with file.open("wb") as handle:
        if hasattr(os, "posix_fallocate"):
            # A sparse file would be made on any disk, and the process killed where writing to it finds the disk full.
            os.posix_fallocate(handle.fileno(), 0, max(1, shape[0] * shape[1] * np.dtype(dtype).itemsize))
        else:
            handle.truncate(max(1, shape[0] * shape[1] * np.dtype(dtype).itemsize))
    return np.memmap(file, dtype=dtype, mode="r+", shape=shape)


def _one_token_each(encodings: Encodings, pad_id: int) -> Encodings:
    """Encodings of the same texts with one token a window: what the token is does not matter, but it is no padding."""
    n_windows = len(encodings.offsets) - 1
    token_ids = np.full(n_windows, int(pad_id == 0), dtype=np.int32)
    return Encodings(token_ids, np.arange(n_windows + 1), encodings.truncated, encodings.first_windows)


def _real(batch: Batch, encodings: Encodings) -> npt.NDArray[np.bool_]:
    """Where a batch holds tokens of its texts, (n_windows, n_tokens): the mask, but for texts without any token."""
    windows, _ = encodings.windows_of(batch.rows)
    is_empty = encodings.offsets[windows] == encodings.offsets[windows + 1]
    real: npt.NDArray[np.bool_] = (batch.mask > 0) & ~is_empty[:, np.newaxis]
    return real


def _pool(states: torch.Tensor, batch: Batch, pooling: str | None) -> torch.Tensor:
    """The state that the head reads: (n_windows, width)."""
    mask = torch.from_numpy(batch.mask).to(states.device)
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(dim=1) / weights.sum(dim=1)
    if pooling == "first":
        return states[:, 0]
    # The last real token, whichever side the padding is on.
    positions = (torch.arange(mask.shape[1], device=mask.device) * mask).argmax(dim=1)
    return states[torch.arange(len(states), device=states.device), positions]


class _Caught(Exception):
    """No error: what was wanted has been seen, and the rest need not be computed."""


class _BaseOutput(BaseModelOutputWithPoolingAndCrossAttentions):  # type: ignore[misc]
    mems = None  # XLNet's head asks for them


def _passing_on(layer: nn.Module) -> Callable[..., Any]:
    """A forward that returns the states it is given, in the form in which such a layer returns them."""
    gives_tuple = type(layer).__name__ in ("DebertaV2Layer", "XLNetLayer")

    def forward(states: Any, *unused: Any, **options: Any) -> Any:
        return (states, None) if gives_tuple else states

    return forward


@contextmanager
def _forwards(replaced: dict[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    """Give modules another forward for a while; one that stood on the instance comes back."""
    before = {module: module.__dict__.get("forward") for module in replaced}
    for module, forward in replaced.items():
        module.forward = forward
    try:
        yield
    finally:
        for module, own in before.items():
            if own is None:
                del module.__dict__["forward"]
            else:
                module.forward = own
