"""Driving the training loop: batches in, best weights kept, checkpoints written, stops obeyed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from afina.config import TrainingConfig
from afina.data import TextDataset
from afina.errors import Interrupted, MachineLimitError, OutputError, TrainingError
from afina.modeling import predict_logits
from afina.recipes.clock import Stopwatch
from afina.recipes.history import History
from afina.recipes.interrupts import stop_requests
from afina.recipes.reporting import Reporter
from afina.recipes.session import Session
from afina.run_folder import RunFolder, resume_hint
from afina.tokenization import Batch, pad, shuffled_batches
from afina.training import (
    NON_FINITE,
    Budget,
    Checkpoint,
    DevScore,
    LoopSettings,
    LoopState,
    TrainingStep,
    linear_multiplier,
    load_checkpoint,
    restore_weights,
    save_checkpoint,
    trained_weights,
    training_steps,
)


@dataclass(frozen=True)
class Fitted:
    """What training did."""

    state: LoopState
    seconds: float
    """Seconds of training, dev evaluations counted, those before a resume too."""
    max_steps: int


class Fitting:
    """One training, from tokenized texts to best weights.

    Args:
        session: Model, optimizer and settings.
        train: Texts to train on.
        dev: Texts that choose the best weights.
        config: The user's training settings.
        epochs: Passes over the texts; ignored where the user set a step limit.
        folder: Run folder in the making, for checkpoints and history.
        notes: What a resumed run must have in common with this one.
    """

    def __init__(
        self,
        session: Session,
        train: TextDataset,
        dev: TextDataset,
        *,
        config: TrainingConfig,
        epochs: float,
        folder: RunFolder,
        notes: dict[str, Any],
    ) -> None:
        self._session, self._config, self._folder, self._notes = session, config, folder, notes
        self._train, self._dev = session.encoder.encode(train.texts), session.encoder.encode(dev.texts)
        self._train_ids, self._dev_ids = torch.from_numpy(train.label_ids), dev.label_ids
        steps_per_epoch = len(self._order(0))
        self._max_steps = config.max_steps or max(1, math.ceil(epochs * steps_per_epoch))
        self._mean_texts = len(train) / steps_per_epoch
        self._best_weights: dict[str, torch.Tensor] | None = None
        self._state = LoopState()
        self._seconds_before = 0.0
        self._save_failed = False

    @property
    def share_truncated(self) -> float:
        """Share of training texts of which only the beginning is read."""
        return self._train.share_truncated

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go back to where a checkpoint left off.

        Raises:
            ModelError: It does not fit.
        """
        self._state, self._best_weights, self._seconds_before = load_checkpoint(
            checkpoint,
            model=self._session.pretrained.model,
            optimizer=self._session.optimizer,
            scaler=self._session.accelerator.scaler,
            notes=self._notes,
        )

    def run(self, *, seconds: float | None, stopwatch: Stopwatch, reporter: Reporter, track: bool) -> Fitted:
        """Train until a limit, an early stop or a wish to stop; the model ends with its best weights.

        Args:
            seconds: Seconds that training may last from now; None for no limit.
            stopwatch: Clock of the command, for the checkpoint.
            reporter: Told of each step.
            track: Write TensorBoard events too.

        Raises:
            Interrupted: The user asked to stop; a checkpoint was written.
            TrainingError: The loss became infinite or NaN before any weights were scored.
        """
        seconds_in_all = None if seconds is None else seconds + self._seconds_before
        budget = Budget(self._max_steps, seconds_in_all, elapsed=self._seconds_before)
        saved_at, every = budget.seconds_used, self._config.checkpoint_seconds
        with History(self._folder, from_step=self._state.step, track=track) as history, stop_requests() as stop:
            for step in self._steps(budget):
                history.write(step)
                if step.is_best:
                    self._best_weights = trained_weights(self._session.pretrained.model)
                reporter.step(step, seconds_left=_seconds_left(budget, step, self._max_steps))
                if stop() and not step.stopped_by:
                    is_saved = self._save(budget, stopwatch, reporter)
                    raise Interrupted(
                        f"Stopped at step {step.step:,} of {self._max_steps:,}; "
                        f"{'a' if is_saved else 'no'} checkpoint is saved",
                        hint=resume_hint(self._folder),
                    )
                # What took less than the time between two checkpoints is cheaper to repeat than to keep.
                if budget.seconds_used - (0 if step.stopped_by else saved_at) >= every:
                    self._save(budget, stopwatch, reporter)
                    saved_at = budget.seconds_used
        if self._best_weights is None:
            raise TrainingError(
                f"The loss became infinite or not a number at step {self._state.step + 1:,}, before any weights "
                "were kept",
                hint="lower --learning-rate",
            )
        if self._state.stopped_by == NON_FINITE:
            reporter.warn(
                f"The loss became infinite or not a number after step {self._state.step:,}; the best weights before "
                "that are kept (a lower --learning-rate helps)"
            )
        restore_weights(self._session.pretrained.model, self._best_weights)
        return Fitted(self._state, budget.seconds_used, self._max_steps)

    def _steps(self, budget: Budget) -> Any:
        settings = self._session.settings
        return training_steps(
            self._session.model,
            self._session.optimizer,
            self._session.accelerator,
            epoch_batches=self._epoch_batches,
            label_ids=self._train_ids,
            budget=budget,
            settings=LoopSettings(
                learning_rate=settings.learning_rate,
                schedule=partial(linear_multiplier, warmup_share=self._config.warmup_share),
                evaluations=settings.evaluations,
                patience=self._config.patience,
                max_grad_norm=self._config.max_grad_norm,
                mean_texts=self._mean_texts,
                seed=self._config.seed,
            ),
            evaluate=self._score_dev,
            state=self._state,
        )

    def _order(self, epoch: int) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
        batch_tokens = self._session.settings.batch_tokens
        return shuffled_batches(self._train.lengths, batch_tokens, seed=self._config.seed, epoch=epoch)

    def _epoch_batches(self, epoch: int) -> Sequence[Callable[[], Batch]]:
        pretrained = self._session.pretrained
        make = partial(pad, self._train, pad_id=pretrained.pad_id, side=pretrained.padding_side)
        return [partial(make, rows) for rows in self._order(epoch)]

    def _score_dev(self) -> DevScore:
        pretrained = self._session.pretrained
        logits = predict_logits(
            self._session.model,
            self._dev,
            pad_id=pretrained.pad_id,
            padding_side=pretrained.padding_side,
            device=self._session.accelerator.device,
        )
        return DevScore.of(logits, self._dev_ids)

    def _save(self, budget: Budget, stopwatch: Stopwatch, reporter: Reporter) -> bool:
        """Write a checkpoint; a disk that takes none is told once, and is no reason to stop."""
        try:
            save_checkpoint(
                self._folder.checkpoints,
                model=self._session.pretrained.model,
                optimizer=self._session.optimizer,
                scaler=self._session.accelerator.scaler,
                state=self._state,
                best_weights=self._best_weights,
                seconds=budget.seconds_used,
                command_seconds=stopwatch.seconds,
                notes=self._notes,
            )
        except (MachineLimitError, OutputError) as error:
            if not self._save_failed:
                reporter.warn(f"No checkpoint at step {self._state.step:,}, and training goes on: {error}")
            self._save_failed = True
            return False
        return True


def _seconds_left(budget: Budget, step: TrainingStep, max_steps: int) -> float:
    """Seconds of training that remain at the pace so far, at most what the budget leaves."""
    by_pace = budget.seconds_used * (max_steps - step.step) / max(step.step, 1)
    return by_pace if budget.seconds is None else min(by_pace, max(0.0, budget.seconds - budget.seconds_used))
