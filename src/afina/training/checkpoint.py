"""What an interrupted training needs to go on: weights, optimizer, position, and the best weights so far.

Tensors are safetensors; the rest is JSON. No pickle, and no state of random generators: steps are seeded by number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from afina.errors import ModelError
from afina.outputs import system_error
from afina.training.checkpoint_folder import Checkpoint, as_json, new_checkpoint
from afina.training.loop import LoopState

_WEIGHTS, _BEST, _OPTIMIZER = "weights.safetensors", "best.safetensors", "optimizer.safetensors"
# Settings and data may differ in many places; so many are named.
_MOST_NAMED = 4

Weights = dict[str, torch.Tensor]


def trained_weights(model: Any) -> Weights:
    """A copy of the weights that are trained, by name."""
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


def restore_weights(model: Any, weights: Weights) -> None:
    """Put copied weights back into a model."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, weight in weights.items():
            parameters[name].copy_(weight)


def save_checkpoint(
    folder: Path,
    *,
    model: Any,
    optimizer: torch.optim.Optimizer,
    state: LoopState,
    best_weights: Weights | None,
    seconds: float,
    command_seconds: float,
    notes: Mapping[str, Any],
    scaler: Any = None,
) -> None:
    """Write a checkpoint, and only then remove all but the one before it.

    Args:
        folder: The run's checkpoint folder.
        model: The model, unwrapped.
        optimizer: Its optimizer.
        state: Position of the loop, between two optimizer steps.
        best_weights: Best weights so far, if any evaluation was done.
        seconds: Seconds of training so far.
        command_seconds: Seconds of the whole command so far.
        notes: What must be equal for a resume to make sense, compared by `load_checkpoint`; anything JSON can hold.
        scaler: The gradient scaler of fp16 training.

    Raises:
        MachineLimitError: The disk is full; the checkpoints before are as they were.
        OutputError: The folder cannot be written.
    """
    tensors = {_WEIGHTS: {name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad}}
    if best_weights is not None:
        tensors[_BEST] = best_weights
    tensors[_OPTIMIZER], numbers = _moments(optimizer)
    record = {
        "state": asdict(state),
        "seconds": seconds,
        "command_seconds": command_seconds,
        "optimizer": {"groups": _group_sizes(optimizer), "numbers": numbers},
        "scaler": None if scaler is None else scaler.state_dict(),
        "frozen": _fingerprint_of_frozen(model),
        "notes": notes,
    }
    with new_checkpoint(folder, state.step, record) as beside:
        for name, content in tensors.items():
            _write_tensors(beside / name, content)


def load_checkpoint(
    checkpoint: Checkpoint,
    *,
    model: Any,
    optimizer: torch.optim.Optimizer,
    notes: Mapping[str, Any],
    scaler: Any = None,
) -> tuple[LoopState, Weights | None, float]:
    """Put a model and an optimizer back where a checkpoint left them.

    Args:
        checkpoint: As `find_checkpoint` gave it.
        model: The model, freshly loaded and unwrapped.
        optimizer: Its optimizer, fresh.
        notes: As given to `save_checkpoint`.
        scaler: The gradient scaler of fp16 training, fresh.

    Returns:
        The loop's position, the best weights so far, and the seconds already used.

    Raises:
        ModelError: It is of other data, other settings or another model; what changed is named.
    """
    folder, record = checkpoint.folder, checkpoint.record
    _require_equal(folder, _differences(record["notes"], as_json(notes)))
    weights = load_file(folder / _WEIGHTS)
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    _require_equal(folder, _differing_shapes(weights, parameters))
    if record["frozen"] != _fingerprint_of_frozen(model):
        _require_equal(folder, ["the weights that are not trained"])
    if record["optimizer"]["groups"] != _group_sizes(optimizer):
        _require_equal(folder, ["the optimizer's groups of weights"])
    restore_weights(model, weights)
    best_weights = load_file(folder / _BEST) if _BEST in record["files"] else None
    _restore_moments(optimizer, load_file(folder / _OPTIMIZER), record["optimizer"]["numbers"])
    if scaler is not None and record["scaler"] is not None:
        scaler.load_state_dict(record["scaler"])
    return LoopState.from_dict(record["state"]), best_weights, float(record["seconds"])


def _write_tensors(path: Path, tensors: Weights) -> None:
    """`save_file` whose failures are errors of the operating system, as those of every other writer."""
    try:
        save_file(tensors, path)
    except SafetensorError as error:
        raise system_error(error, path) or error from None


def _group_sizes(optimizer: torch.optim.Optimizer) -> list[int]:
    return [len(group["params"]) for group in optimizer.param_groups]


def _moments(optimizer: torch.optim.Optimizer) -> tuple[Weights, dict[str, float]]:
    """What an optimizer keeps of each weight, by the weight's number and the entry's name: tensors, and numbers."""
    entries = {
        f"{number}.{name}": value
        for number, entry in optimizer.state_dict()["state"].items()
        for name, value in entry.items()
    }
    tensors = {key: value.contiguous() for key, value in entries.items() if isinstance(value, torch.Tensor)}
    return tensors, {key: value for key, value in entries.items() if key not in tensors}


def _restore_moments(optimizer: torch.optim.Optimizer, tensors: Weights, numbers: Mapping[str, float]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **numbers}.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    # Rates and decays of the groups follow from the settings and the position.
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _fingerprint_of_frozen(model: Any) -> str:
    """A hash over weights that are not trained, so that another pretrained model of the same shapes is noticed.

    Of each tensor the sum of its bits as integers stands in: exact in any order, and made in milliseconds.
    """
    integers = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    sums = [
        (name, list(p.shape), int(p.detach().contiguous().view(integers[p.element_size()]).sum(dtype=torch.int64)))
        for name, p in model.named_parameters()
        if not p.requires_grad
    ]
    return hashlib.sha256(json.dumps(sums).encode()).hexdigest()


def _differing_shapes(then: Weights, now: Weights) -> list[str]:
    def shape(weights: Weights, name: str) -> str:
        return "x".join(map(str, weights[name].shape)) if name in weights else "none"

    return [
        f"{name} ({shape(then, name)} then, {shape(now, name)} now)"
        for name in sorted({*then, *now})
        if shape(then, name) != shape(now, name)
    ]


def _differences(before: Any, now: Any, *, prefix: str = "") -> list[str]:
    """Dotted names of what is not equal in two JSON documents."""
    if before == now:
        return []
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return [prefix]
    names = dict.fromkeys([*before, *now])
    return [
        difference
        for name in names
        for difference in _differences(before.get(name), now.get(name), prefix=f"{prefix}.{name}".lstrip("."))
    ]


def _require_equal(folder: Path, changed: list[str]) -> None:
    if not changed:
        return
    named = ", ".join(changed[:_MOST_NAMED])
    more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
    raise ModelError(
        f"The checkpoint {folder} does not fit: {named}{more} changed since it was written",
        hint="go on with the data and the model it was written with, or start again with --force",
    )
