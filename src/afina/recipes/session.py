"""A model set up for training on this machine, and how its time is shared out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from afina.config import RunConfig
from afina.data import TextDataset
from afina.errors import TrainingError
from afina.inference import Classifier
from afina.inference.torch_backend import TorchBackend
from afina.modeling import PretrainedClassifier, freeze_embeddings, load_pretrained
from afina.planning import (
    Allocation,
    Settings,
    allocate,
    choose_dropout,
    choose_settings,
    has_fast_bf16,
    measure_speed,
)
from afina.recipes.clock import Stopwatch
from afina.recipes.preparation import PreparedData
from afina.tokenization import Encoder
from afina.training import make_accelerator, make_optimizer, seed_everything

_TEXTS_TO_MEASURE = 400
# Writing a run: weights, their hash, the tokenizer and small files, at a slow disk's pace, and the interpreter's exit.
_SAVING_BYTES_PER_SECOND = 100e6
_SAVING_SECONDS = 2.5
# The baseline reads the test texts too, and all are tokenized once more to count those that are cut.
_CHARACTERS_PER_SECOND = 1e6


@dataclass
class Session:
    """Everything that training works on."""

    pretrained: PretrainedClassifier
    model: Any
    """The model as `accelerator` prepared it."""
    optimizer: Any
    accelerator: Any
    encoder: Encoder
    settings: Settings
    fp32_forward: Any
    """The model's forward pass as it was before mixed precision was put around it."""

    def finish(self) -> Classifier:
        """The model out of accelerate's hands again, in plain fp32, as a classifier."""
        self.pretrained.model = self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        return Classifier(TorchBackend(self.pretrained), self.encoder, self.pretrained.labels)


def set_up(config: RunConfig, train: TextDataset, *, settings: Settings | None = None) -> Session:
    """Load the model, choose the settings left open, and prepare both for the device.

    Args:
        config: The user's settings.
        train: Training texts.
        settings: Settings of the run that is resumed.

    Raises:
        ModelError: The model cannot be loaded.
        TrainingError: Started as several processes.
    """
    seed = config.training.seed
    on_cpu = make_accelerator("fp32").device.type == "cpu"
    pretrained = load_pretrained(
        config.modeling.name, train.labels, seed=seed, dropout=choose_dropout(config, on_cpu=on_cpu)
    )
    if settings is None:
        settings = choose_settings(
            config,
            n_texts=len(train),
            max_context=pretrained.max_context,
            on_cpu=on_cpu,
            fast_bf16=has_fast_bf16(make_accelerator("fp32").device),
        )
    pretrained.tokenizer.model_max_length = settings.max_tokens
    accelerator = make_accelerator(settings.precision)
    if accelerator.num_processes > 1:
        raise TrainingError(
            f"Training on {accelerator.num_processes} processes is not supported yet", hint="start one process"
        )
    if settings.freeze_embeddings:
        freeze_embeddings(pretrained.model)
    seed_everything(seed)
    optimizer = make_optimizer(
        pretrained.model, learning_rate=settings.learning_rate, weight_decay=config.training.weight_decay
    )
    fp32_forward = pretrained.model.forward
    model, optimizer = accelerator.prepare(pretrained.model, optimizer)
    encoder = Encoder(pretrained.backend_tokenizer, settings.max_tokens)
    return Session(pretrained, model, optimizer, accelerator, encoder, settings, fp32_forward)


def share_out(session: Session, config: RunConfig, data: PreparedData, stopwatch: Stopwatch) -> Allocation:
    """Decide how many texts to train, score and test on, and for how long.

    With a step limit and no budget nothing depends on the clock, and every text is used.

    Raises:
        MachineLimitError: The budget is too short to train at all.
    """
    settings = session.settings
    if stopwatch.budget is None:
        return Allocation(len(data.train), len(data.dev), len(data.test), settings.epochs, None)
    train_lengths, test_lengths = (_lengths(session.encoder, dataset) for dataset in (data.train, data.test))
    speed = measure_speed(
        session.model,
        session.accelerator,
        inference_model=session.fp32_forward,
        batch_tokens=settings.batch_tokens,
        text_tokens=int(min(np.quantile(train_lengths, 0.75), settings.max_tokens)),
    )
    weights_bytes = sum(p.numel() * p.element_size() for p in session.pretrained.model.parameters())
    allocation = allocate(
        stopwatch.seconds_left,
        speed,
        n_train=len(data.train),
        n_dev=len(data.dev),
        n_test=len(data.test),
        train_tokens=float(train_lengths.mean()),
        test_tokens=float(test_lengths.mean()),
        epochs=settings.epochs,
        evaluations=settings.evaluations,
        saving_seconds=_SAVING_SECONDS
        + weights_bytes / _SAVING_BYTES_PER_SECOND
        + sum(map(len, data.test.texts)) / _CHARACTERS_PER_SECOND,
    )
    if config.training.max_steps:
        # What is trained must not depend on the speed measured; the budget only ends it.
        return replace(allocation, train_texts=len(data.train), dev_texts=len(data.dev))
    return allocation


def _lengths(encoder: Encoder, dataset: TextDataset) -> np.ndarray[Any, np.dtype[np.int64]]:
    some = np.random.default_rng(0).permutation(len(dataset))[:_TEXTS_TO_MEASURE]
    return encoder.encode([dataset.texts[i] for i in some]).lengths
