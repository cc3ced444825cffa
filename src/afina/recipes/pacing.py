"""The pace of several models within half a minute: those that matter most first, the others reckoned from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afina.modeling import read_config
from afina.planning.machine import Machine
from afina.planning.pace import Line, Pace, measure_pace, probing_cost
from afina.recipes.known_models import KnownModel
from afina.recipes.reporting import Reporter

PROBE_SECONDS = 30.0
"""Most seconds that timing models may take."""
# A probe is begun while so much of the time is left: one of a wide model takes a few seconds.
_LAST_START = 0.85
# Of the memory that is free, what a probe may take; and how many times over the limit one may be reckoned to last,
# since the rate that this is reckoned from is often too low.
_MEMORY_SHARE, _TIMES_OVER = 0.8, 2.0
# What one pass of training reads forward, of all that it computes.
_FORWARD = 1 / 3


@dataclass(frozen=True)
class Timed:
    """The paces of models, and what measuring them took."""

    paces: dict[str, Pace]
    seconds: float


def time_models(
    models: Sequence[KnownModel],
    machine: Machine,
    *,
    precision: str,
    dropout: float | None,
    batch_tokens: int | None = None,
    reporter: Reporter,
    seconds: float = PROBE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Timed:
    """Time real training steps of models, in their order, until the time is used up.

    A model of the same family and width as one before it is not timed again: their layers are the same. What there is
    no time for, or no memory, follows from the nearest width that was timed, by the operations of a layer.

    Args:
        models: The models, the most likely choices first.
        machine: Tells what can be timed at all, and gives a first rate where nothing can.
        precision: Arithmetic of training.
        dropout: Rate for every dropout.
        batch_tokens: Tokens in a training batch.
        reporter: Told which model is timed.
        seconds: Most seconds to use.
        clock: Returns seconds.
    """
    began = clock()
    timed: dict[tuple[object, ...], tuple[KnownModel, Pace]] = {}
    for number, model in enumerate(models):
        shape = _shape(model)
        if shape in timed or (timed and clock() - began > _LAST_START * seconds):
            continue
        if not _can_be_timed(model, machine, seconds):
            continue
        reporter.advance(number, len(models))
        config = read_config(model.fields, name=model.name)
        timed[shape] = (model, measure_pace(config, precision=precision, dropout=dropout, batch_tokens=batch_tokens))
    paces = {model.name: _pace_of(model, timed, machine, precision) for model in models}
    return Timed(paces, clock() - began)


def reckoned_pace(model: KnownModel, machine: Machine, *, precision: str) -> Pace:
    """A first guess before anything is timed: operations over the rate that training reaches."""
    outline = model.outline
    operations = 6.0 * outline.matrix_weights / max(outline.n_layers, 1)
    seconds = operations / (machine.training_gflops * 1e9)
    attention = 12.0 * outline.width / (machine.training_gflops * 1e9)
    train = Line(seconds, attention)
    read = train.scaled(_FORWARD)
    return Pace(read, read, train, train, 1e-9, precision, is_measured=False)


def _can_be_timed(model: KnownModel, machine: Machine, seconds: float) -> bool:
    """Whether a few layers of a model fit in memory, and some steps of them in the time there is for all models."""
    operations, memory_mb = probing_cost(model.outline)
    fits = memory_mb <= _MEMORY_SHARE * machine.memory_for_training_mb
    return fits and operations <= _TIMES_OVER * seconds * machine.training_gflops * 1e9


def _shape(model: KnownModel) -> tuple[object, ...]:
    outline = model.outline
    return outline.family, outline.width, _layer_operations(model)


def _layer_operations(model: KnownModel) -> float:
    return model.outline.matrix_weights / max(model.outline.n_layers, 1)


def _pace_of(
    model: KnownModel,
    timed: dict[tuple[object, ...], tuple[KnownModel, Pace]],
    machine: Machine,
    precision: str,
) -> Pace:
    if _shape(model) in timed:
        return timed[_shape(model)][1]
    if not timed:
        return reckoned_pace(model, machine, precision=precision)
    near, pace = min(timed.values(), key=lambda pair: abs(pair[0].outline.width - model.outline.width))
    return pace.scaled(_layer_operations(model) / _layer_operations(near))
