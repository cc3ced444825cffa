"""How fast this machine trains and reads with a model: real steps of a shallow copy of it, at two lengths.

All layers of a model but the last cost the same, and a text's length enters a token's cost as a straight line:
products with weights do not depend on it, attention grows with it. So a copy with one layer and one with a few,
timed on short and on long texts, tell what any depth, any method and any length takes. The copies have random weights
and a small table of tokens, which cost what trained ones do: nothing is downloaded, and a model of 12 layers is timed
in the time of five.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from transformers import AutoModelForSequenceClassification

from afina.modeling import Outline, batch_logits, freeze
from afina.modeling.feeding import padding_side, position_limit, set_dropout, turn_off_caches
from afina.modeling.first_token import read_first_token_only
from afina.modeling.forward import model_inputs
from afina.modeling.load import quiet
from afina.planning.timing import seconds_of
from afina.tokenization import Batch
from afina.training import make_accelerator, make_optimizer

# A few layers stand for all. ModernBERT's attention is global in one layer of three; the first and three more hold the
# kinds in the right proportion.
_SHALLOW, _DEEP = 1, 4
_VOCABULARY = 512
_SHORT, _LONG = 32, 256
# Tokens in a timed batch: those of an ordinary batch, and fewer where layers are wide and a step is long.
_BATCH_TOKENS, _WIDE, _WIDE_BATCH_TOKENS = 1024, 640, 512


@dataclass(frozen=True)
class Line:
    """Seconds a token, as a straight line over the length of its text."""

    base: float
    per_token: float
    """Added for each token of length."""

    @classmethod
    def through(cls, points: Sequence[tuple[int, float]]) -> Line:
        """The line through the seconds a token at two lengths; a slope below 0, which noise can bring, is none."""
        (short, first), (long, second) = points
        slope = max(0.0, (second - first) / (long - short)) if long > short else 0.0
        return cls(max(0.0, first - slope * short), slope)

    def at(self, length: float) -> float:
        """Seconds a token in texts of this length."""
        return self.base + self.per_token * length

    def scaled(self, factor: float) -> Line:
        """The line of a model whose every token costs so many times as much."""
        return Line(self.base * factor, self.per_token * factor)


@dataclass(frozen=True)
class Pace:
    """What parts of a model cost on this machine."""

    read_layer: Line
    """A layer that is not the last, reading: forward without gradients, in fp32."""
    read_ends: Line
    """Embeddings, last layer and head, reading."""
    train_layer: Line
    """A layer that is not the last, training: forward and backward."""
    train_ends: Line
    """Embeddings, last layer and head, training."""
    update: float
    """Seconds a step for each trained weight: clipping, update and clearing of its gradient."""
    precision: str
    """Arithmetic of training."""
    is_measured: bool = True
    """Whether steps of this very model were timed; otherwise it follows from those of another by their operations."""

    def read_seconds(self, outline: Outline, length: float) -> float:
        """Seconds a token of reading with all layers, in texts of a length."""
        return (outline.n_layers - 1) * self.read_layer.at(length) + self.read_ends.at(length)

    def scaled(self, factor: float) -> Pace:
        """The pace of a model of the same width whose layers need so many times the operations."""
        return Pace(
            self.read_layer.scaled(factor), self.read_ends.scaled(factor), self.train_layer.scaled(factor),
            self.train_ends.scaled(factor), self.update, self.precision, is_measured=False,
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Names and values."""
        return asdict(self)


def measure_pace(
    config: Any,
    *,
    precision: str = "fp32",
    dropout: float | None = None,
    batch_tokens: int | None = None,
    seed: int = 0,
) -> Pace:
    """Time training steps and reading of shallow copies of a model.

    Args:
        config: The model's config, as transformers has it; it is not changed.
        precision: Arithmetic of training: `fp32`, `bf16` or `fp16`. Reading is in fp32, as the test is.
        dropout: Rate for every dropout; None leaves the config's own.
        batch_tokens: Tokens in a training batch, where they are fewer than what is timed else: products of few rows are
            slower for each.
        seed: Seed of the random weights; torch's random state is left as it was.
    """
    n_layers = int(config.num_hidden_layers)
    shallow, deep = min(_SHALLOW, n_layers), min(_DEEP, n_layers)
    random_state = torch.get_rng_state()
    try:
        torch.manual_seed(seed)
        timings = {depth: _time(config, depth, precision, dropout, batch_tokens) for depth in sorted({shallow, deep})}
    finally:
        torch.set_rng_state(random_state)
    ends = timings[shallow]
    if deep == shallow:
        nothing = Line(0.0, 0.0)
        return Pace(nothing, Line.through(ends.read), nothing, Line.through(ends.train), ends.update, precision)

    def middle(of_shallow: list[tuple[int, float]], of_deep: list[tuple[int, float]]) -> Line:
        return Line.through([
            (length, max(0.0, (more - less) / (deep - shallow)))
            for (length, less), (_, more) in zip(of_shallow, of_deep, strict=True)
        ])  # fmt: skip

    return Pace(
        read_layer=middle(ends.read, timings[deep].read),
        read_ends=Line.through(ends.read),
        train_layer=middle(ends.train, timings[deep].train),
        train_ends=Line.through(ends.train),
        update=timings[deep].update,
        precision=precision,
    )


def probing_cost(outline: Outline) -> tuple[float, float]:
    """The least that `measure_pace` takes of a model: floating-point operations, and memory in MB.

    Args:
        outline: The model's sizes.
    """
    layer = outline.matrix_weights / max(outline.n_layers, 1)
    depths = {min(_SHALLOW, outline.n_layers), min(_DEEP, outline.n_layers)}
    # At each of two lengths a pass forward, and one forward and backward, each of them three times.
    operations = 2 * 3 * (2 + 6) * layer * sum(depths) * _tokens_of_batch(outline.width)
    # A weight, its gradient, and two moments of the optimizer.
    return operations, 16 * layer * max(depths) / 1e6


@dataclass(frozen=True)
class _Timing:
    """Seconds a token at each length, and of the update."""

    read: list[tuple[int, float]]
    train: list[tuple[int, float]]
    update: float


def _time(config: Any, depth: int, precision: str, dropout: float | None, batch_tokens: int | None) -> _Timing:
    model = _shallow_copy(config, depth, dropout)
    shallow = model.config
    freeze(model, embeddings=True)
    accelerator = make_accelerator(precision)
    fp32_forward = model.forward
    model = accelerator.prepare(model)
    device = accelerator.device
    read, train = [], []
    usual = _tokens_of_batch(int(shallow.hidden_size))
    for length in _lengths(shallow):
        batch, n_tokens = _made_up(shallow, length, min(usual, batch_tokens or usual))
        to_read, n_to_read = _made_up(shallow, length, usual)
        targets = torch.zeros(len(batch.rows), dtype=torch.int64, device=device)

        def train_once(batch: Batch = batch, targets: torch.Tensor = targets) -> None:
            accelerator.backward(F.cross_entropy(batch_logits(model, batch, device), targets))
            model.zero_grad()

        def read_once(batch: Batch = to_read) -> None:
            with torch.inference_mode():
                fp32_forward(**model_inputs(model, batch, device)).logits.float().cpu()

        model.train()
        train.append((length, seconds_of(train_once, device=device) / n_tokens))
        model.eval()
        read.append((length, seconds_of(read_once, device=device) / n_to_read))
    return _Timing(read, train, _time_update(model, accelerator))


def _time_update(model: Any, accelerator: Any) -> float:
    """Seconds for each trained weight of what a step does once the gradients are there."""
    optimizer = accelerator.prepare(make_optimizer(model, learning_rate=1e-5, weight_decay=0.01))
    trained = [weight for weight in model.parameters() if weight.requires_grad]

    def update() -> None:
        for weight in trained:
            weight.grad = torch.zeros_like(weight)
        accelerator.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    seconds = seconds_of(update, device=accelerator.device)
    return float(seconds / sum(weight.numel() for weight in trained))


def _shallow_copy(config: Any, depth: int, dropout: float | None) -> Any:
    shallow = copy.deepcopy(config)
    shallow.num_hidden_layers = depth
    if getattr(shallow, "layer_types", None):
        shallow.layer_types = shallow.layer_types[:depth]
    shallow.vocab_size = min(_VOCABULARY, int(config.vocab_size))
    for name in ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"):
        if isinstance(getattr(shallow, name, None), int):
            setattr(shallow, name, min(getattr(shallow, name), shallow.vocab_size - 1))
    if getattr(shallow, "pad_token_id", None) is None:
        shallow.pad_token_id = 0
    shallow.num_labels, shallow.problem_type = 2, "single_label_classification"
    if dropout is not None:
        set_dropout(shallow, dropout)
    turn_off_caches(shallow)
    with quiet():
        model = AutoModelForSequenceClassification.from_config(shallow, dtype=torch.float32)
    read_first_token_only(model)
    return model


def _lengths(config: Any) -> tuple[int, int]:
    limit = position_limit(config) or _LONG
    return min(_SHORT, max(2, limit // 2)), min(_LONG, limit)


def _made_up(config: Any, length: int, batch_tokens: int) -> tuple[Batch, int]:
    """A batch of texts of a length, and its tokens."""
    n_texts = max(1, batch_tokens // length)
    # None of them is a pad token, which some models would look for.
    usable = np.setdiff1d(np.arange(config.vocab_size), config.pad_token_id)
    token_ids = np.random.default_rng(0).choice(usable, size=(n_texts, length))
    mask = np.ones_like(token_ids)
    # A pad token, as real batches have: attention without any mask takes other kernels.
    mask[0, 0 if padding_side(config) == "left" else -1] = 0
    return Batch(np.arange(n_texts), token_ids, mask), n_texts * length


def _tokens_of_batch(width: int) -> int:
    return _BATCH_TOKENS if width < _WIDE else _WIDE_BATCH_TOKENS
