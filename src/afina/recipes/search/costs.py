"""What the defaults come to for given texts, and what they take on this machine: measured before a search."""

from __future__ import annotations

import time

import numpy as np

from afina.config import RunConfig
from afina.data import TextDataset
from afina.modeling import try_dissect
from afina.recipes.search.plan import Costs
from afina.recipes.search.space import Found
from afina.recipes.session import Session, set_up
from afina.recipes.speed import measure_session, some_texts
from afina.tokenization import Encoder

_LENGTH_TO_MEASURE, _LONG = 0.75, 0.95
# Padding left over in batches of similar length.
_PADDING = 1.05
# At the pace of a slow disk and of one slow core, as for an ordinary run.
_BYTES_PER_SECOND = 100e6
_BASELINE_CHARACTERS_PER_SECOND = 1.2e6
# Drawing the page before and after, measuring the winner's speed, small files, and the interpreter's exit.
_AFTERWARDS_SECONDS = 6.0


def describe_defaults(session: Session, train: TextDataset) -> Found:
    """What an ordinary run would take for its settings, and how long the texts are.

    Args:
        session: A model set up as an ordinary run would.
        train: Training texts.
    """
    settings, pretrained = session.settings, session.pretrained
    lengths = Encoder(pretrained.backend_tokenizer, pretrained.max_context).encode(some_texts(train)).lengths
    parts = try_dissect(pretrained.model)
    return Found(
        learning_rate=settings.learning_rate,
        batch_tokens=settings.batch_tokens,
        epochs=settings.epochs,
        max_tokens=settings.max_tokens,
        method=settings.method,
        frozen_layers=settings.freeze_layers,
        n_layers=0 if parts is None or parts.shares_layers else parts.n_layers,
        max_context=pretrained.max_context,
        median_tokens=float(np.median(lengths)),
        long_tokens=float(np.quantile(lengths, _LONG)),
    )


def measure_costs(config: RunConfig, train: TextDataset) -> Costs:
    """What loading, tokenizing, training and scoring take.

    Args:
        config: Settings of the trial with the defaults.
        train: Training texts.
    """
    texts = some_texts(train)
    began = time.monotonic()
    session = set_up(config, train)
    loaded = time.monotonic()
    lengths = session.encoder.encode(texts).lengths
    encoded = time.monotonic()
    settings, model = session.settings, session.pretrained.model
    speed = measure_session(session, lengths)
    tokens = _PADDING * float(lengths.mean())
    weights = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    return Costs(
        load=loaded - began,
        train_text=tokens / speed.training_with_cache(settings.epochs),
        predict_text=tokens / speed.inference,
        encode_text=(encoded - loaded) / len(texts),
        baseline=sum(map(len, train.texts)) / _BASELINE_CHARACTERS_PER_SECOND,
        saving=_AFTERWARDS_SECONDS + weights / _BYTES_PER_SECOND,
    )
