"""What there is to train on, and what the settings leave no choice about."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from afina.config import RunConfig
from afina.planning import FROZEN, HEAD, LORA, choose_bits
from afina.planning.choices import METHODS, Task, Wishes, n_wished
from afina.planning.settings import batch_tokens_for
from afina.recipes.preparation import PreparedData

# Tokens read of a text where that is not settled.
_USUAL_TOKENS = 256


def describe_task(data: PreparedData) -> Task:
    """How much there is to train, score and test on."""
    characters = [sum(map(len, part.texts)) for part in (data.train, data.dev, data.test)]
    return Task(
        n_train=len(data.train),
        n_dev=len(data.dev),
        n_test=len(data.test),
        characters=characters[0] / max(len(data.train), 1),
        test_characters=characters[2] / max(len(data.test), 1),
        source_characters=float(sum(characters)),
    )


def wishes_of(config: RunConfig, *, on_cpu: bool) -> Wishes:
    """What the settings leave no choice about."""
    modeling, training, tokenization = config.modeling, config.training, config.tokenization
    methods: tuple[str, ...] = METHODS
    if modeling.method != "auto":
        methods = (modeling.method,)
    elif choose_bits(config) is not None:
        methods = (LORA, HEAD)
    elif modeling.freeze_layers not in (None, 0):
        methods = (FROZEN,)
    return Wishes(
        methods=methods,
        freeze_layers=modeling.freeze_layers if isinstance(modeling.freeze_layers, int) else None,
        max_tokens=tokenization.max_tokens,
        epochs=training.epochs,
        batch_tokens=tokenization.batch_tokens,
        learning_rate=training.learning_rate,
        evaluations=training.evaluations,
        train_texts=config.data.train_texts,
        embeddings_trained=not (on_cpu if modeling.freeze_embeddings is None else modeling.freeze_embeddings),
        recomputes=modeling.gradient_checkpointing,
        keeps_states=modeling.prefix_cache != "off",
        lora_rank=modeling.lora_rank,
    )


def likely_batch_tokens(wishes: Wishes, task: Task, lengths: npt.NDArray[np.int64]) -> int:
    """Tokens in a training batch, as far as they follow before a way to train is chosen.

    Args:
        wishes: What the user has settled.
        task: The texts.
        lengths: Tokens of some of them, uncut, (n_some,).
    """
    tokens = float(np.minimum(lengths, wishes.max_tokens or _USUAL_TOKENS).mean())
    return wishes.batch_tokens or batch_tokens_for(n_wished(task, wishes) * tokens)
