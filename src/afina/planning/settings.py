"""Settings left open, chosen from the data and the machine. The measurements behind them: docs/decisions/003."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from afina.config import RunConfig

DEFAULT_BUDGET_SECONDS = 900.0
# Only real tokens cost time, so a limit that few texts reach costs nothing, and texts to come may be longer.
_MAX_TOKENS = 256


class _Size(NamedTuple):
    """Defaults for training sets below a number of texts."""

    below: float
    epochs: float
    learning_rate: float


# A small set learned at a high rate fits itself and little else: see the decision page for the transfer measured.
_SIZES = (_Size(3_000, 4.0, 5e-5), _Size(math.inf, 2.0, 1e-4))


@dataclass(frozen=True)
class Settings:
    """Every number that training needs, none left open."""

    max_tokens: int
    batch_tokens: int
    epochs: float
    learning_rate: float
    evaluations: int
    freeze_embeddings: bool
    dropout: float | None
    precision: str

    def as_dict(self) -> dict[str, Any]:
        """Names and values, for the manifest."""
        return asdict(self)


def choose_dropout(config: RunConfig, *, on_cpu: bool) -> float | None:
    """Dropout rate to load the model with; None keeps the pretrained model's own."""
    if config.modeling.dropout is not None:
        return config.modeling.dropout
    # A CPU draws random numbers one by one, which costs more there than dropout brings in so few epochs.
    return 0.0 if on_cpu else None


def choose_settings(
    config: RunConfig,
    *,
    n_texts: int,
    max_context: int,
    on_cpu: bool,
    fast_bf16: bool,
) -> Settings:
    """Fill in what the user left open.

    Args:
        config: The user's settings; what is set there is kept.
        n_texts: Training texts.
        max_context: Most tokens the model can take.
        on_cpu: Whether training is on a CPU.
        fast_bf16: Whether the device multiplies bf16 matrices in hardware.
    """
    training, tokenization = config.training, config.tokenization
    size = next(size for size in _SIZES if n_texts < size.below)
    freeze = config.modeling.freeze_embeddings
    return Settings(
        max_tokens=min(tokenization.max_tokens or _MAX_TOKENS, max_context),
        batch_tokens=tokenization.batch_tokens or 1024,
        epochs=training.epochs or size.epochs,
        learning_rate=training.learning_rate or size.learning_rate,
        evaluations=training.evaluations or 6,
        freeze_embeddings=on_cpu if freeze is None else freeze,
        dropout=choose_dropout(config, on_cpu=on_cpu),
        precision=training.precision if training.precision != "auto" else "bf16" if fast_bf16 else "fp32",
    )
