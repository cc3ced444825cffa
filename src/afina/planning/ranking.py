"""Which of the ways to train that fit is likely to end best: a rule with its reasons, no forecast of accuracy.

Points are near to points of accuracy, and come from what was measured in this project (docs/decisions/005-planning.md):
a published accuracy where there is one, less what is lost by fewer texts, by text that is cut off, and by layers that
stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from afina.modeling import EMBEDDED
from afina.planning.choices import Candidate, Choice, Task, Wishes, n_wished
from afina.planning.settings import FROZEN, HEAD, LORA, size_defaults

# Where nobody has published what a model reaches on SST-2.
_UNPUBLISHED = 90.0
# Measured here (README): the embedded model, trained on SST-2's sentences and phrases.
_MEASURED = {EMBEDDED: 89.6}
# Lost with half the texts; a second reading is worth a third of as many new texts, and a fourth nothing more.
_POINTS_PER_HALVING, _WORTH_OF_READING, _READINGS_THAT_COUNT = 1.5, 0.33, 3.0
# Below so many texts each halving costs more: a few hundred hardly train the layers at all.
_FEW_TEXTS, _POINTS_PER_HALVING_OF_FEW = 2000, 4.0
# Times the square of the share that is cut off: the last tokens of a text tell less than the first.
_POINTS_CUT = 20.0
_POINTS_FROZEN, _POINTS_LORA, _POINTS_HEAD = 2.5, 0.3, 10.0


def score(choice: Choice, candidate: Candidate, task: Task) -> float:
    """Rank points of a way to train.

    Args:
        choice: What is trained, on how much.
        candidate: Its model.
        task: The texts there are.
    """
    readings = max(choice.training.epochs, 1e-3)
    worth = choice.train_texts * (
        readings if readings < 1 else min(readings, _READINGS_THAT_COUNT) ** _WORTH_OF_READING
    )
    asked = task.n_train * min(size_defaults(task.n_train)[0], _READINGS_THAT_COUNT) ** _WORTH_OF_READING
    if choice.method == HEAD:
        worth = choice.train_texts * _READINGS_THAT_COUNT**_WORTH_OF_READING
    points = _quality(candidate)[0] + _POINTS_PER_HALVING * math.log2(worth / asked)
    # Of a small set all texts are few; what counts is how many of them a way to train leaves out.
    points += _POINTS_PER_HALVING_OF_FEW * min(0.0, math.log2(worth / min(_FEW_TEXTS, asked)))
    points -= _POINTS_CUT * (1 - choice.share_read) ** 2
    return points - _method_points(choice, candidate)


def reasons(choice: Choice, candidate: Candidate, task: Task, wishes: Wishes) -> list[str]:
    """Why a way to train has the points that it has, in sentences.

    Args:
        choice: What is trained, on how much.
        candidate: Its model.
        task: The texts there are.
        wishes: What the user has settled.
    """
    quality, whence = _quality(candidate)
    told = [f"{quality:.1f} points: {whence}"]
    n_layers, n_texts, n_asked = candidate.outline.n_layers, choice.train_texts, n_wished(task, wishes)
    # A head learns from states, and those are made once whatever its epochs are.
    times = _times(1.0 if choice.method == HEAD else choice.training.epochs)
    if n_texts < n_asked:
        told.append(f"there is time for {n_texts:,} of {n_asked:,} texts, read {times}")
    elif n_asked < task.n_train:
        told.append(f"as set, {n_texts:,} of {task.n_train:,} texts are read {times}")
    elif choice.method != HEAD:
        told.append(f"all {n_texts:,} texts are read {times}")
    if choice.share_read < 0.995:
        told.append(f"{choice.share_read:.0%} of their tokens are within {choice.max_tokens}")
    if choice.method == FROZEN:
        told.append(f"{choice.training.frozen_layers} of {n_layers} layers stay as they are, which saves time")
    elif choice.method == HEAD:
        told.append("nothing but the head is trained: a first look")
    elif choice.method == LORA:
        told.append("low-rank updates: few weights are trained, in a little more time than all layers take")
    return told


def best_of_each(
    choices: Iterable[Choice], candidates: dict[str, Candidate], task: Task, *, n: int
) -> list[tuple[Choice, float]]:
    """The best way to train each model, with its points, best first; of a single model, the best by each method."""
    ranked = sorted(
        ((choice, score(choice, candidates[choice.model], task)) for choice in choices),
        key=lambda pair: (-pair[1], pair[0].seconds),
    )
    is_single = len({choice.model for choice, _ in ranked}) < 2
    found: dict[str, tuple[Choice, float]] = {}
    for choice, points in ranked:
        found.setdefault(choice.method if is_single else choice.model, (choice, points))
    return list(found.values())[:n]


def cheapest(choices: Sequence[Choice]) -> Choice:
    """Of several ways to train a model, the one that would take the least time for all texts."""
    return min(choices, key=lambda choice: (choice.method == HEAD, choice.wished_seconds))


def _quality(candidate: Candidate) -> tuple[float, str]:
    if candidate.published is not None:
        return candidate.published, "its published accuracy on SST-2"
    if candidate.name in _MEASURED:
        return _MEASURED[candidate.name], "its accuracy on SST-2 as measured in this project"
    return _UNPUBLISHED, "assumed, since no accuracy on SST-2 is published for it"


def _method_points(choice: Choice, candidate: Candidate) -> float:
    if choice.method == HEAD:
        return _POINTS_HEAD
    if choice.method == LORA:
        return _POINTS_LORA
    return _POINTS_FROZEN * (choice.training.frozen_layers / max(candidate.outline.n_layers, 1)) ** 2


def _times(epochs: float) -> str:
    return "once" if epochs == 1 else f"{epochs:.3g} times"
