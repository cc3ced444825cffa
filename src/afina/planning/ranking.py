"""Which of the ways to train that fit is likely to end best: a rule with its reasons, no forecast of accuracy.

Points are near to points of accuracy, and come from what was measured in this project (docs/decisions/005-planning.md):
a published accuracy where there is one, less what is lost by fewer texts, by text that is cut off, and by layers that
stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from afina.modeling import EMBEDDED
from afina.planning.choices import Candidate, Choice, Task
from afina.planning.settings import FROZEN, HEAD, LORA, size_defaults

# Where nobody has published what a model reaches on SST-2.
_UNPUBLISHED = 90.0
# Measured here (README): the embedded model, trained on SST-2's sentences and phrases.
_MEASURED = {EMBEDDED: 89.6}
# Lost with half the texts; a second reading is worth a quarter of as many new texts, and a fourth nothing more.
_POINTS_PER_HALVING, _WORTH_OF_READING, _READINGS_THAT_COUNT = 2.0, 0.25, 3.0
_POINTS_PER_SHARE_CUT = 8.0
_POINTS_FROZEN, _POINTS_LORA, _POINTS_HEAD = 2.0, 0.3, 10.0


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
    points -= _POINTS_PER_SHARE_CUT * (1 - choice.share_read)
    return points - _method_points(choice, candidate)


def reasons(choice: Choice, candidate: Candidate, task: Task) -> list[str]:
    """Why a way to train has the points that it has, in sentences."""
    quality, whence = _quality(candidate)
    told = [f"{quality:.1f} points: {whence}"]
    share = choice.train_texts / task.n_train
    if share < 1:
        told.append(f"there is time for {choice.train_texts:,} of {task.n_train:,} texts, read once")
    elif choice.method != HEAD:
        told.append(f"all {task.n_train:,} texts are read {choice.training.epochs:.3g} times")
    if choice.share_read < 0.995:
        told.append(f"{choice.share_read:.0%} of their tokens are within {choice.max_tokens}")
    n_layers = candidate.outline.n_layers
    if choice.method == FROZEN:
        told.append(f"{choice.training.frozen_layers} of {n_layers} layers stay as they are, which saves time")
    elif choice.method == HEAD:
        told.append("nothing but the head is trained: a first look")
    elif choice.method == LORA:
        told.append("low-rank updates: the least memory, about the time of training all layers")
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
