"""The training loop: a generator of steps. Logging, saving and stopping are up to whoever reads them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from afina.tokenization import Batch
from afina.training.budget import Budget
from afina.training.cooldown import Cooldown, cooldown_steps
from afina.training.seeds import seed_step

StopReason = str
ALL_STEPS, BUDGET, EARLY, NON_FINITE = "all_steps", "budget", "early_stopping", "non_finite_loss"


@dataclass(frozen=True)
class DevScore:
    """How good the weights are on the dev set."""

    accuracy: float
    negative_log_loss: float
    standard_error: float = 0.0
    """Of the accuracy; differences smaller than this are taken for chance."""

    @classmethod
    def of(cls, logits: npt.NDArray[np.float32], label_ids: npt.NDArray[np.int64]) -> DevScore:
        """Score logits, (n_texts, n_labels), against labels, (n_texts,)."""
        accuracy = float((logits.argmax(axis=1) == label_ids).mean())
        loss = float(F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(label_ids)))
        return cls(accuracy, -loss, math.sqrt(accuracy * (1 - accuracy) / len(label_ids)))


@dataclass
class LoopState:
    """Where training stands: all that a resumed loop needs besides weights and optimizer."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    """Batches of this epoch already done."""
    texts_seen: int = 0
    tokens_seen: int = 0
    evaluations: int = 0
    evaluations_since_best: int = 0
    best: DevScore | None = None
    highest_accuracy: float = 0.0
    stopped_by: StopReason | None = None
    """Why training ended, once it has."""
    highest_step: int = 0
    """Step of the highest accuracy."""
    cooldown: Cooldown | None = None
    """How training ends early, once the dev accuracy no longer rose."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LoopState:
        """A state from what `dataclasses.asdict` made of it."""
        best, cooldown = values["best"], values.get("cooldown")
        return cls(
            **{
                **values,
                "best": DevScore(**best) if best else None,
                "cooldown": Cooldown(**cooldown) if cooldown else None,
            }
        )


@dataclass(frozen=True)
class TrainingStep:
    """One optimizer step, or the reason why there was none."""

    step: int
    epoch: float
    progress: float
    """Share of training done, 0 to 1; of a training that ends early, of what it comes to."""
    loss: float
    learning_rate: float
    grad_norm: float
    n_texts: int
    n_tokens: int
    dev: DevScore | None = None
    is_best: bool = False
    stopped_by: StopReason | None = None
    """Set on the last step."""


@dataclass(frozen=True)
class LoopSettings:
    """Numbers that steer the loop."""

    learning_rate: float
    schedule: Callable[[float], float]
    """Factor on the learning rate at a progress from 0 to 1."""
    evaluations: int
    """Evaluations on the dev set, spread evenly over progress."""
    patience: int
    """Evaluations without a higher accuracy before training is led to its end."""
    max_grad_norm: float
    mean_texts: float
    """Mean number of texts in a step; the loss of a step is its sum over this, so that every text weighs the same."""
    seed: int
    """Seed of dropout."""
    accumulation: int = 1
    """Batches whose gradients are added up for one step."""
    label_smoothing: float = 0.0
    """Share of each target spread evenly over all labels (Szegedy et al. 2016)."""
    label_weights: torch.Tensor | None = None
    """Weight of each label's texts in the loss, (n_labels,) float32."""
    cooldown_share: float = 0.0
    """Share of the steps done over which the rate falls to 0 when patience runs out; 0 stops at once."""


def training_steps(
    model: Any,
    optimizer: torch.optim.Optimizer,
    accelerator: Any,
    *,
    epoch_batches: Callable[[int], Sequence[Callable[[], Batch]]],
    forward: Callable[[Batch], torch.Tensor],
    label_ids: torch.Tensor,
    budget: Budget,
    settings: LoopSettings,
    evaluate: Callable[[], DevScore],
    state: LoopState | None = None,
) -> Iterator[TrainingStep]:
    """Train, yielding each step; leave the `for` to stop.

    The weights after a step that evaluated are the ones it scored. A step whose loss is not finite is not taken: it
    is yielded with `stopped_by` set, and the weights are those of the step before.

    Args:
        model: A classifier prepared by `accelerator`.
        optimizer: Its optimizer, prepared too.
        accelerator: `accelerate.Accelerator`: device, mixed precision, backward pass.
        epoch_batches: The batches of an epoch, each made when called.
        forward: Logits of a batch by the model, (n_texts, n_labels), with gradients.
        label_ids: Label id of each training text, (n_texts,) int64.
        budget: When training ends.
        settings: Numbers that steer the loop.
        evaluate: Scores the model on the dev set.
        state: Where an earlier loop left off; it is updated in place. A finished one yields nothing more.
    """
    state = state or LoopState()
    if state.stopped_by:
        return
    ending = _ending(budget, state)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    model.train()
    while True:
        batches = epoch_batches(state.epoch)
        for number in range(state.batch, len(batches), settings.accumulation):
            rate = _learning_rate(budget, ending, state, settings)
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("rate_factor", 1.0)
            seed_step(settings.seed, state.step)
            gathered = _gather_gradients(
                [make() for make in batches[number : number + settings.accumulation]],
                forward, accelerator, label_ids, settings,
            )  # fmt: skip
            grad_norm = float(accelerator.clip_grad_norm_(parameters, settings.max_grad_norm))
            # Under fp16 a gradient may overflow now and then: the scaler leaves such a step out and scales less.
            if not (math.isfinite(gathered.loss) and (math.isfinite(grad_norm) or accelerator.scaler is not None)):
                optimizer.zero_grad()
                state.stopped_by = NON_FINITE
                yield TrainingStep(
                    state.step, state.epoch + number / len(batches), _share_done(budget.progress(state.step), state),
                    gathered.loss, rate, grad_norm, 0, 0, stopped_by=NON_FINITE,
                )  # fmt: skip
                return
            optimizer.step()
            optimizer.zero_grad()
            state.step += 1
            state.batch = min(number + settings.accumulation, len(batches))
            state.texts_seen += gathered.n_texts
            state.tokens_seen += gathered.n_tokens

            progress = budget.progress(state.step)
            dev, is_best = None, False
            state.stopped_by = _stop_reason(budget, state)
            if state.stopped_by or _is_due(progress, state, settings):
                dev = evaluate()
                is_best = _note_score(dev, state, missed=int(progress * settings.evaluations))
                # Asked again: the evaluation took time too.
                state.stopped_by = _stop_reason(budget, state)
                if state.stopped_by is None and state.evaluations_since_best >= settings.patience:
                    state.cooldown = _cooldown(budget, rate, state, settings)
                    ending = _ending(budget, state)
                    state.stopped_by = _stop_reason(budget, state)
            yield TrainingStep(
                state.step, state.epoch + state.batch / len(batches), _share_done(progress, state), gathered.loss, rate,
                grad_norm, gathered.n_texts, gathered.n_tokens, dev, is_best, state.stopped_by,
            )  # fmt: skip
            if state.stopped_by:
                return
        state.epoch, state.batch = state.epoch + 1, 0


@dataclass
class _Gathered:
    """The batches of one step, once their gradients are added up."""

    loss: float = 0.0
    """Mean over the texts."""
    n_texts: int = 0
    n_tokens: int = 0


def _gather_gradients(
    batches: Sequence[Batch],
    forward: Callable[[Batch], torch.Tensor],
    accelerator: Any,
    label_ids: torch.Tensor,
    settings: LoopSettings,
) -> _Gathered:
    gathered, loss_sums = _Gathered(), 0.0
    for batch in batches:
        targets = label_ids[torch.from_numpy(batch.rows)].to(accelerator.device)
        loss_sum = F.cross_entropy(
            forward(batch), targets, reduction="sum",
            weight=settings.label_weights, label_smoothing=settings.label_smoothing,
        )  # fmt: skip
        accelerator.backward(loss_sum / settings.mean_texts)
        loss_sums += loss_sum.item()
        gathered.n_texts += len(batch.rows)
        gathered.n_tokens += batch.n_tokens
    gathered.loss = loss_sums / gathered.n_texts
    return gathered


def _learning_rate(budget: Budget, ending: Budget | None, state: LoopState, settings: LoopSettings) -> float:
    """The rate at the middle of the next step: the first is not wasted on a rate of 0, nor is the last."""
    if state.cooldown is not None and ending is not None:
        return state.cooldown.learning_rate * (1 - ending.progress(state.step + 0.5 - state.cooldown.step))
    return settings.learning_rate * settings.schedule(budget.progress(state.step + 0.5))


def _cooldown(budget: Budget, rate: float, state: LoopState, settings: LoopSettings) -> Cooldown | None:
    """How to end training from here; None where the plan ends sooner, which leads the rate to 0 too."""
    steps = cooldown_steps(state.step, settings.cooldown_share)
    seconds = steps * budget.seconds_used / state.step
    if state.step + steps >= budget.max_steps or (seconds and seconds >= budget.seconds_left):
        return None
    return Cooldown(
        state.step, budget.seconds_used, steps, rate,
        evaluations=state.evaluations_since_best, highest_step=state.highest_step,
    )  # fmt: skip


def _ending(budget: Budget, state: LoopState) -> Budget | None:
    return None if state.cooldown is None else state.cooldown.part_of(budget)


def _share_done(progress: float, state: LoopState) -> float:
    if state.cooldown is None:
        return progress
    return 1.0 if state.stopped_by == EARLY else state.step / state.cooldown.last_step


def _stop_reason(budget: Budget, state: LoopState) -> StopReason | None:
    if state.cooldown is not None and (state.step >= state.cooldown.last_step or budget.is_out_of_time()):
        return EARLY
    if state.step >= budget.max_steps:
        return ALL_STEPS
    return BUDGET if budget.is_out_of_time() else None


def _is_due(progress: float, state: LoopState, settings: LoopSettings) -> bool:
    # The weights of a cooldown are scored when it is done.
    return state.cooldown is None and progress >= (state.evaluations + 1) / settings.evaluations


def _note_score(score: DevScore, state: LoopState, *, missed: int) -> bool:
    """Record a dev score; whether these are the best weights so far.

    The one-standard-error rule (Breiman et al. 1984) along time: later weights, fitted at a smaller rate, are taken
    unless their accuracy is below the highest by more than chance explains. The highest of several noisy values is
    mostly the luckiest.

    Where the clock jumped over evaluations, `missed` counts them as done, so that they are not made up for in a row.
    """
    state.evaluations = max(state.evaluations + 1, missed)
    state.evaluations_since_best += 1
    if not math.isfinite(score.negative_log_loss):
        return False
    if state.best is None or score.accuracy > state.highest_accuracy:
        state.highest_accuracy, state.highest_step, state.evaluations_since_best = score.accuracy, state.step, 0
    if score.accuracy < state.highest_accuracy - score.standard_error:
        return False
    state.best = score
    return True
