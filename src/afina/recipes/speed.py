"""How the speed measured on this machine divides the time that is left."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import psutil

from afina.config import RunConfig
from afina.data import TextDataset
from afina.modeling import PretrainedClassifier, outline_of
from afina.planning import (
    HEAD,
    NO_CACHE,
    Allocation,
    CachePlan,
    Speed,
    allocate,
    default_max_tokens,
    measure_speed,
    plan_cache,
)
from afina.planning.choices import Task
from afina.planning.cost import Texts, Training
from afina.planning.history import MADE_BY_RUN
from afina.planning.memory import peak_memory_mb
from afina.planning.method import PAYS_FROM_EPOCHS
from afina.recipes.clock import Stopwatch
from afina.recipes.forecasting import read_corrections
from afina.recipes.preparation import PreparedData
from afina.tokenization import Encoder

if TYPE_CHECKING:
    from afina.recipes.session import Session

Lengths = npt.NDArray[np.int64]

_TEXTS_TO_MEASURE = 400
_CHARACTERS_PER_TOKEN = 4.5
_LENGTH_TO_MEASURE = 0.75
# Writing a run: weights, their hash, the tokenizer and small files, at a slow disk's pace, the report with its figures,
# and the interpreter's exit.
_SAVING_BYTES_PER_SECOND = 100e6
_SAVING_SECONDS = 6.0
# The baseline reads the test texts too, and all are tokenized once more to count those that are cut.
_CHARACTERS_PER_SECOND = 1e6
# Fingerprints of the training texts, and those nearest to mistakes.
_TRAINING_CHARACTERS_PER_SECOND = 4e6


def mean_length(config: RunConfig, pretrained: PretrainedClassifier, train: TextDataset) -> float:
    """Mean tokens of some training texts, as far as they are read."""
    encoder = Encoder(pretrained.backend_tokenizer, default_max_tokens(config, pretrained.max_context))
    return float(_lengths(encoder, train).mean())


def measure_session(session: Session, lengths: Lengths) -> Speed:
    """Speed of a model that is set up, on texts of these lengths, (n_texts,) tokens."""
    settings = session.settings
    return measure_speed(
        session.model,
        session.accelerator,
        inference_forward=session.fp32_forward,
        prefix=session.prefix,
        batch_tokens=settings.batch_tokens,
        text_tokens=_typical_length(lengths, settings.max_tokens),
    )


def share_out(
    session: Session, config: RunConfig, data: PreparedData, stopwatch: Stopwatch, *, place: Path = Path()
) -> Allocation:
    """Decide how many texts to train, score and test on, for how long, and whether frozen layers' states are kept.

    With a step limit and no budget nothing depends on the clock, and every text is used.

    Args:
        session: The model.
        config: The user's settings.
        data: All texts.
        stopwatch: Clock of the command.
        place: Where the run is written, for room on its disk.

    Raises:
        MachineLimitError: The budget is too short to train at all.
        ConfigError: States shall be kept, and there is no room.
    """
    settings = session.settings
    train_lengths, test_lengths = (_lengths(session.encoder, dataset) for dataset in (data.train, data.test))
    mean_tokens = float(train_lengths.mean())
    max_steps, n_train = config.training.max_steps, min(len(data.train), config.data.train_texts or len(data.train))
    if stopwatch.budget is None:
        allocation = Allocation(n_train, len(data.dev), len(data.test), settings.epochs, None)
    else:
        allocation = _in_time(session, config, data, stopwatch, train_lengths, test_lengths, place)
    epochs = allocation.expected_epochs or allocation.epochs
    if max_steps:
        # What is trained must not depend on the speed measured; the budget only ends it.
        allocation = replace(allocation, train_texts=n_train, dev_texts=len(data.dev))
        epochs = max_steps * config.training.accumulation * settings.batch_tokens / (n_train * mean_tokens)
    elif stopwatch.budget is not None:
        return allocation
    return _with_cache(allocation, _plan_cache(allocation, session, config, mean_tokens, epochs=epochs, place=place))


def _in_time(
    session: Session,
    config: RunConfig,
    data: PreparedData,
    stopwatch: Stopwatch,
    train_lengths: Lengths,
    test_lengths: Lengths,
    place: Path,
) -> Allocation:
    """What fits the time left; with states kept where there is room and texts are then read more than once."""
    settings, mean_tokens = session.settings, float(train_lengths.mean())
    speed = measure_session(session, train_lengths)
    weights_bytes = sum(p.numel() * p.element_size() for p in session.pretrained.model.parameters())
    saving_seconds = (
        _SAVING_SECONDS
        + weights_bytes / _SAVING_BYTES_PER_SECOND
        + sum(map(len, data.test.texts)) / _CHARACTERS_PER_SECOND
        + sum(map(len, data.train.texts)) / _TRAINING_CHARACTERS_PER_SECOND
    )

    def allocated(*, keeps_states: bool) -> Allocation:
        return allocate(
            stopwatch.seconds_left,
            speed,
            n_train=min(len(data.train), config.data.train_texts or len(data.train)),
            n_dev=len(data.dev),
            n_test=len(data.test),
            train_tokens=mean_tokens,
            test_tokens=float(test_lengths.mean()) if len(test_lengths) else mean_tokens,
            epochs=settings.epochs,
            evaluations=settings.evaluations,
            saving_seconds=saving_seconds,
            # The last evaluation, and the calibration.
            dev_readings=2,
            keeps_states=keeps_states,
        )

    if session.prefix is not None:
        allocation = allocated(keeps_states=True)
        epochs = allocation.expected_epochs or allocation.epochs
        plan = _plan_cache(allocation, session, config, mean_tokens, epochs=epochs, place=place)
        if plan.is_on:
            return _with_cache(allocation, plan)
    return allocated(keeps_states=False)


def _plan_cache(
    allocation: Allocation, session: Session, config: RunConfig, mean_tokens: float, *, epochs: float, place: Path
) -> CachePlan:
    if session.prefix is None:
        return NO_CACHE
    n_texts = allocation.train_texts + allocation.dev_texts
    n_states = n_texts * (1 if session.prefix.is_whole_base else mean_tokens)
    return plan_cache(
        config.modeling.prefix_cache,
        n_numbers=int(n_states * session.prefix.width),
        repeats=epochs >= PAYS_FROM_EPOCHS or session.settings.method == HEAD,
        free_memory=psutil.virtual_memory().available,
        free_disk=shutil.disk_usage(place).free,
    )


def _with_cache(allocation: Allocation, plan: CachePlan) -> Allocation:
    return replace(allocation, cache_precision=plan.precision, cache_on_disk=plan.on_disk, cache_bytes=plan.n_bytes)


def forecast_memory_mb(session: Session, allocation: Allocation, task: Task) -> float:
    """Most memory that the run will take, in MB, corrected by past runs.

    Args:
        session: The model, set up.
        allocation: How much is trained on, and what is kept of frozen layers.
        task: The texts that are read.
    """
    settings = session.settings
    training = Training(
        settings.method, settings.freeze_layers, allocation.epochs, settings.batch_tokens, settings.evaluations,
        embeddings_trained=not settings.freeze_embeddings, keeps_states=allocation.cache.is_on,
    )  # fmt: skip
    tokens = task.characters / _CHARACTERS_PER_TOKEN
    texts = Texts(allocation.train_texts, tokens, min(tokens, settings.max_tokens), task.characters)
    found = peak_memory_mb(
        outline_of(session.pretrained.model.config), training, train=texts, source_characters=task.source_characters,
        cache_mb=0.0 if allocation.cache_on_disk else allocation.cache_bytes / 1e6,
    )  # fmt: skip
    return round(read_corrections(made_by=MADE_BY_RUN).memory * found, 1)


def _typical_length(lengths: Lengths, max_tokens: int) -> int:
    """Tokens of the texts by which speed is measured: those of a rather long one."""
    return int(min(np.quantile(lengths, _LENGTH_TO_MEASURE), max_tokens))


def _lengths(encoder: Encoder, dataset: TextDataset) -> Lengths:
    return encoder.encode(some_texts(dataset)).lengths


def some_texts(dataset: TextDataset) -> list[str]:
    """Texts by which lengths are measured, drawn at random."""
    some = np.random.default_rng(0).permutation(len(dataset))[:_TEXTS_TO_MEASURE]
    return [dataset.texts[i] for i in some]
