"""Settings left open, chosen from the data and the machine. The measurements behind them: docs/decisions/003."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from afina.config import RunConfig
from afina.errors import ConfigError

DEFAULT_BUDGET_SECONDS = 900.0
FULL, FROZEN, HEAD, LORA = "full", "frozen", "head", "lora"
# Only real tokens cost time, so a limit that few texts reach costs nothing, and texts to come may be longer.
_MAX_TOKENS = 256
DEFAULT_BATCH_TOKENS = 1024
DEFAULT_EVALUATIONS = 6
# A small set is cut into smaller batches: a handful of steps an epoch learn little, however large they are.
_STEPS_PER_EPOCH, _LEAST_BATCH_TOKENS = 40, 256


class _Size(NamedTuple):
    """Defaults for training sets below a number of texts."""

    below: float
    epochs: float
    learning_rate: float


# A small set learned at a high rate fits itself and little else: see the decision page for the transfer measured.
_SIZES = (_Size(3_000, 4.0, 5e-5), _Size(math.inf, 2.0, 1e-4))
# A head alone, and low-rank updates, begin from nothing and take larger steps.
HEAD_EPOCHS = 20.0
_HEAD_RATE, _LORA_RATE_FACTOR = 1e-3, 5.0


@dataclass(frozen=True)
class Settings:
    """Every number that training needs, none left open."""

    method: str
    max_tokens: int
    long_text: str
    max_windows: int
    batch_tokens: int
    epochs: float
    learning_rate: float
    evaluations: int
    patience: int
    freeze_embeddings: bool
    freeze_layers: int
    dropout: float | None
    precision: str
    bits: int | None = None
    """Bits in which the pretrained weights are held while training; None for fp32."""

    def as_dict(self) -> dict[str, Any]:
        """Names and values, for the manifest."""
        return asdict(self)


def default_max_tokens(config: RunConfig, max_context: int) -> int:
    """Tokens kept of a text."""
    return min(config.tokenization.max_tokens or _MAX_TOKENS, max_context)


def size_defaults(n_texts: int) -> tuple[float, float]:
    """Epochs and peak learning rate for so many training texts, where the layers are trained."""
    size = next(size for size in _SIZES if n_texts < size.below)
    return size.epochs, size.learning_rate


def learning_rate_for(method: str, n_texts: int) -> float:
    """Peak learning rate of a method for so many training texts."""
    if method == HEAD:
        return _HEAD_RATE
    rate = size_defaults(n_texts)[1]
    return _LORA_RATE_FACTOR * rate if method == LORA else rate


def choose_dropout(config: RunConfig, *, on_cpu: bool) -> float | None:
    """Dropout rate to load the model with; None keeps the pretrained model's own."""
    if config.modeling.dropout is not None:
        return config.modeling.dropout
    # A CPU draws random numbers one by one, which costs more there than dropout brings in so few epochs.
    return 0.0 if on_cpu else None


def choose_precision(config: RunConfig, *, fast_bf16: bool) -> str:
    """Arithmetic of training: `fp32`, `bf16` or `fp16`."""
    wish = config.training.precision
    return wish if wish != "auto" else "bf16" if fast_bf16 else "fp32"


def choose_bits(config: RunConfig) -> int | None:
    """Bits in which to hold the pretrained weights.

    Raises:
        ConfigError: 8 and 4 were asked for at once, or with a method that trains those weights.
    """
    modeling = config.modeling
    if modeling.load_in_8bit and modeling.load_in_4bit:
        raise ConfigError("The weights cannot be held in 8 and in 4 bits at once", hint="give one of the two options")
    bits = 8 if modeling.load_in_8bit else 4 if modeling.load_in_4bit else None
    if bits and modeling.method not in ("auto", LORA, HEAD):
        raise ConfigError(
            f"Weights held in {bits} bits cannot be trained, as --method {modeling.method} would",
            hint="use --method lora or head",
        )
    return bits


def choose_settings(
    config: RunConfig,
    *,
    method: str,
    n_texts: int,
    n_layers: int,
    max_context: int,
    mean_tokens: float,
    on_cpu: bool,
    fast_bf16: bool,
) -> Settings:
    """Fill in what the user left open.

    Args:
        config: The user's settings; what is set there is kept.
        method: `full`, `frozen`, `head` or `lora`.
        n_texts: Training texts.
        n_layers: Layers of the model.
        max_context: Most tokens the model can take.
        mean_tokens: Mean tokens of a training text, as far as it is read.
        on_cpu: Whether training is on a CPU.
        fast_bf16: Whether the device multiplies bf16 matrices faster than fp32.
    """
    training, tokenization, modeling = config.training, config.tokenization, config.modeling
    epochs = HEAD_EPOCHS if method == HEAD else size_defaults(n_texts)[0]
    max_tokens, evaluations = default_max_tokens(config, max_context), training.evaluations or DEFAULT_EVALUATIONS
    depth = modeling.freeze_layers if isinstance(modeling.freeze_layers, int) else max(1, n_layers // 2)
    return Settings(
        method=method,
        max_tokens=max_tokens,
        # As any tool reads it that truncates, so that `model/` gives the same answers elsewhere.
        long_text=tokenization.long_text or "head",
        max_windows=tokenization.max_windows,
        batch_tokens=tokenization.batch_tokens or max(batch_tokens_for(n_texts * mean_tokens), max_tokens),
        epochs=training.epochs or epochs,
        learning_rate=training.learning_rate or learning_rate_for(method, n_texts),
        evaluations=evaluations,
        patience=training.patience or evaluations,
        freeze_embeddings=method != FULL
        or (on_cpu if modeling.freeze_embeddings is None else modeling.freeze_embeddings),
        freeze_layers=depth if method == FROZEN else 0,
        dropout=choose_dropout(config, on_cpu=on_cpu),
        precision=choose_precision(config, fast_bf16=fast_bf16),
        bits=choose_bits(config),
    )


def batch_tokens_for(tokens: float) -> int:
    """Tokens in a batch for a training set of so many tokens."""
    return int(min(DEFAULT_BATCH_TOKENS, max(_LEAST_BATCH_TOKENS, tokens / _STEPS_PER_EPOCH)))
