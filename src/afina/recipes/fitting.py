"""Driving the training loop: batches in, best weights kept, checkpoints written, stops obeyed."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from afina.config import TrainingConfig
from afina.data import TextDataset
from afina.errors import ConfigError, Interrupted, MachineLimitError, OutputError, TrainingError
from afina.planning import NO_CACHE, CachePlan
from afina.recipes.clock import Stopwatch
from afina.recipes.history import History
from afina.recipes.interrupts import stop_requests
from afina.recipes.probing import fit_head
from afina.recipes.reporting import Reporter
from afina.recipes.session import Session
from afina.run_folder import RunFolder, resume_hint
from afina.training import (
    NON_FINITE,
    Budget,
    Checkpoint,
    DevScore,
    Feed,
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
    epochs: float
    """Passes over the texts that were made."""
    max_epochs: float
    """Passes that were planned."""
    seconds_left: float | None
    """Seconds that training might have lasted longer; None without a limit."""


class Fitting:
    """One training, from tokenized texts to best weights.

    Args:
        session: Model, optimizer and settings.
        train: Texts to train on.
        dev: Texts that choose the best weights.
        config: The user's training settings.
        epochs: Passes over the texts; ignored where the user set a step limit.
        folder: Run folder in the making, for checkpoints, history and states kept on disk.
        notes: What a resumed run must have in common with this one.
        cache: Whether and how the states of frozen layers are kept.

    Raises:
        ConfigError: A text is longer than a batch may be.
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
        cache: CachePlan = NO_CACHE,
    ) -> None:
        self._session, self._config, self._folder, self._notes = session, config, folder, notes
        self._encodings = session.encoder.encode(train.texts), session.encoder.encode(dev.texts)
        self._label_ids, self._dev_ids = torch.from_numpy(train.label_ids), dev.label_ids
        self._n_labels = len(train.labels)
        self._epochs, self._cache = epochs, cache
        self._best_weights: dict[str, torch.Tensor] | None = None
        self._state = LoopState()
        self._seconds_before = 0.0
        self._save_failed = False
        longest = int(self._encodings[0].longest_window)
        if longest > session.settings.batch_tokens:
            raise ConfigError(
                f"A batch of {session.settings.batch_tokens} tokens cannot hold one text of {longest}",
                hint=f"give --batch-tokens {longest} or more, or a smaller --max-tokens",
            )

    @property
    def share_truncated(self) -> float:
        """Share of training texts of which only the beginning is read."""
        return self._encodings[0].share_truncated

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
        shutil.rmtree(self._folder.states, ignore_errors=True)
        try:
            return self._run(seconds, stopwatch, reporter, track=track)
        finally:
            shutil.rmtree(self._folder.states, ignore_errors=True)

    def _run(self, seconds: float | None, stopwatch: Stopwatch, reporter: Reporter, *, track: bool) -> Fitted:
        began = stopwatch.seconds
        if self._config.probe_first and not self._state.step:
            is_fitted = fit_head(self._session, self._encodings[0], self._label_ids, seed=self._config.seed)
            if not is_fitted:
                reporter.warn("The head is not fitted first: what it reads is not known for a model of this family")
        train, dev = self._feeds(reporter)
        steps_per_epoch = math.ceil(len(train.order(seed=self._config.seed, epoch=0)) / self._config.accumulation)
        max_steps = self._config.max_steps or max(1, math.ceil(self._epochs * steps_per_epoch))
        # What the frozen layers took is part of the time.
        seconds_in_all = (
            None if seconds is None else max(0.0, seconds - (stopwatch.seconds - began)) + self._seconds_before
        )
        budget = Budget(max_steps, seconds_in_all, elapsed=self._seconds_before)
        saved_at, every = budget.seconds_used, self._config.checkpoint_seconds
        with History(self._folder, from_step=self._state.step, track=track) as history, stop_requests() as stop:
            for step in self._steps(train, dev, budget, mean_texts=len(self._label_ids) / steps_per_epoch):
                history.write(step)
                if step.is_best:
                    self._best_weights = trained_weights(self._session.pretrained.model)
                reporter.step(step, seconds_left=_seconds_left(budget, self._state, max_steps))
                if stop() and not step.stopped_by:
                    is_saved = self._save(budget, stopwatch, reporter)
                    raise Interrupted(
                        f"Stopped at step {step.step:,} of {max_steps:,}; "
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
        return Fitted(
            self._state, budget.seconds_used, max_steps,
            epochs=self._state.texts_seen / len(self._label_ids), max_epochs=max_steps / steps_per_epoch,
            seconds_left=None if budget.seconds is None else budget.seconds_left,
        )  # fmt: skip

    def _feeds(self, reporter: Reporter) -> tuple[Feed, Feed]:
        """Training and dev texts on their way into the model, from the states of frozen layers on where they are kept.

        A state too large for half precision, or a disk without room, is no reason to fail: then nothing is kept.
        """
        train, dev = self._encodings
        if self._cache.is_on:
            where = "on disk while training" if self._cache.on_disk else "in memory"
            reporter.tell(
                f"The frozen layers read each text once: {self._cache.n_bytes / 1e6:,.0f} MB are kept {where} "
                f"({self._cache.precision})"
            )
        done, total = 0, len(train) + len(dev)

        def advance(texts: int) -> None:
            reporter.advance(done + texts, total)

        feed = partial(self._session.feed, on_texts=advance)
        try:
            first = feed(train, self._cache, file=self._folder.states / "train")
            done = len(train)
            return first, feed(dev, self._cache, file=self._folder.states / "dev")
        except (OverflowError, OSError) as error:
            shutil.rmtree(self._folder.states, ignore_errors=True)
            # A resumed run must read the texts in the same batches, so it must not keep states either.
            self._notes["allocation"] = {**self._notes.get("allocation", {}), "cache_precision": NO_CACHE.precision}
            why = error.strerror if isinstance(error, OSError) else "a number is too large for fp16"
            reporter.warn(f"What the frozen layers make of the texts is not kept: {why}")
            return feed(train, NO_CACHE, file=self._folder.states), feed(dev, NO_CACHE, file=self._folder.states)

    def _steps(self, train: Feed, dev: Feed, budget: Budget, *, mean_texts: float) -> Iterator[TrainingStep]:
        settings, config = self._session.settings, self._config
        label_weights = None
        if config.class_weights == "balanced":
            counts = torch.bincount(self._label_ids, minlength=self._n_labels).clamp(min=1)
            label_weights = len(self._label_ids) / (self._n_labels * counts.float())
            label_weights = label_weights.to(self._session.accelerator.device)
        return training_steps(
            self._session.model,
            self._session.optimizer,
            self._session.accelerator,
            epoch_batches=lambda epoch: train.batches(seed=config.seed, epoch=epoch),
            forward=train.logits,
            label_ids=self._label_ids,
            budget=budget,
            settings=LoopSettings(
                learning_rate=settings.learning_rate,
                schedule=partial(linear_multiplier, warmup_share=config.warmup_share),
                evaluations=settings.evaluations,
                patience=settings.patience,
                cooldown_share=config.cooldown_share,
                max_grad_norm=config.max_grad_norm,
                mean_texts=mean_texts,
                seed=config.seed,
                accumulation=config.accumulation,
                label_smoothing=config.label_smoothing,
                label_weights=label_weights,
            ),
            evaluate=lambda: DevScore.of(dev.predict(), self._dev_ids),
            state=self._state,
        )

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


def _seconds_left(budget: Budget, state: LoopState, max_steps: int) -> float:
    """Seconds of training that remain at the pace so far, at most what the budget leaves."""
    last = max_steps if state.cooldown is None else state.cooldown.last_step
    return min(budget.seconds_used * max(0, last - state.step) / max(state.step, 1), budget.seconds_left)
