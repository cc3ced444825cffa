"""What an interrupted training needs to go on: weights, optimizer, position, and the best weights so far.

A checkpoint is a folder such as `step-00000120`, written beside its place, flushed to the disk and renamed. Tensors
are safetensors; the rest is `state.json`, which holds the sha256 of each file and of its own content. No pickle.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from afina.errors import ModelError
from afina.outputs import new_folder, system_error
from afina.run_folder import sha256_of, write_json
from afina.training.loop import DevScore, LoopState

_FORMAT = 2
_STATE, _WEIGHTS, _BEST, _OPTIMIZER = "state.json", "weights.safetensors", "best.safetensors", "optimizer.safetensors"
_TEMPORARY = ".tmp"
# Settings and data may differ in many places; so many are named.
_MOST_NAMED = 4

Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint: its files have the hashes that they were written with."""

    folder: Path
    record: dict[str, Any]
    """Content of its `state.json`."""


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
    remove_leftovers(folder)
    tensors = {_WEIGHTS: {name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad}}
    if best_weights is not None:
        tensors[_BEST] = best_weights
    tensors[_OPTIMIZER], numbers = _moments(optimizer)
    place = folder / f"step-{state.step:08d}"
    with new_folder(place, mark=_STATE, force=True) as beside:
        for name, content in tensors.items():
            _write_tensors(beside / name, content)
        record = _as_json(
            {
                "format": _FORMAT,
                "state": asdict(state),
                "seconds": seconds,
                "command_seconds": command_seconds,
                "optimizer": {"groups": _group_sizes(optimizer), "numbers": numbers},
                "scaler": None if scaler is None else scaler.state_dict(),
                "frozen": _fingerprint_of_frozen(model),
                "notes": notes,
                "files": {name: sha256_of(beside / name) for name in tensors},
            }
        )
        write_json(beside / _STATE, record | {"sha256": _digest(record)})
    _remove_all_but(place, _before(place))


def find_checkpoint(folder: Path, *, warn: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint that is whole; None where none was written.

    Args:
        folder: The run's checkpoint folder.
        warn: Told of each newer one that is damaged.

    Raises:
        ModelError: There are checkpoints, and all are damaged.
    """
    remove_leftovers(folder)
    problems: list[str] = []
    for place in sorted(_checkpoints(folder), key=_step_of, reverse=True):
        try:
            found = Checkpoint(place, _read_whole(place))
        except ModelError as error:
            problems.append(str(error))
            continue
        for problem in problems:
            warn(f"{problem}; the checkpoint of step {_step_of(place):,} is taken instead")
        return found
    if problems:
        raise ModelError(
            f"{problems[0]}, and no other is whole", hint=f"remove {folder}, and --resume starts over with the settings"
        )
    return None


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
    _require_equal(folder, _differences(record["notes"], _as_json(notes)))
    weights = load_file(folder / _WEIGHTS)
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    _require_equal(folder, _differences(_shapes(weights), _shapes(parameters), prefix="trained weights"))
    if record["frozen"] != _fingerprint_of_frozen(model):
        _require_equal(folder, ["the weights that are not trained"])
    if record["optimizer"]["groups"] != _group_sizes(optimizer):
        _require_equal(folder, ["the optimizer's groups of weights"])
    restore_weights(model, weights)
    best_weights = load_file(folder / _BEST) if _BEST in record["files"] else None
    _restore_moments(optimizer, load_file(folder / _OPTIMIZER), record["optimizer"]["numbers"])
    if scaler is not None and record["scaler"] is not None:
        scaler.load_state_dict(record["scaler"])
    saved = dict(record["state"])
    saved["best"] = DevScore(**saved["best"]) if saved["best"] else None
    return LoopState(**saved), best_weights, float(record["seconds"])


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left half written or half removed."""
    for path in folder.glob(f"*{_TEMPORARY}"):
        shutil.rmtree(path, ignore_errors=True)


def _checkpoints(folder: Path) -> list[Path]:
    return [path for path in folder.glob("step-*") if re.fullmatch(r"step-\d+", path.name)]


def _step_of(place: Path) -> int:
    return int(place.name.removeprefix("step-"))


def _before(place: Path) -> Path | None:
    """The checkpoint before one. Those of later steps are of a training that went back before them."""
    earlier = (path for path in _checkpoints(place.parent) if _step_of(path) < _step_of(place))
    return max(earlier, key=_step_of, default=None)


def _remove_all_but(*kept: Path | None) -> None:
    standing = [path for path in kept if path is not None]
    for path in _checkpoints(standing[0].parent):
        if path not in standing:
            leftover = path.with_name(path.name + _TEMPORARY)
            # Under another name first: a checkpoint that is half removed must not be taken for a damaged one.
            with suppress(OSError):
                path.rename(leftover)
            shutil.rmtree(leftover, ignore_errors=True)


def _read_whole(place: Path) -> dict[str, Any]:
    """Content of `state.json`, once all hashes are found right; ModelError names the file that is not."""
    path = place / _STATE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        is_whole = document.pop("sha256") == _digest(document)
    except FileNotFoundError:
        raise ModelError(f"The file {path} is missing") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        raise ModelError(f"The file {path} is damaged")
    if document["format"] != _FORMAT:
        raise ModelError(f"The file {path} was written by another version of afina")
    for name, expected in document["files"].items():
        try:
            found = sha256_of(place / name)
        except OSError as error:
            raise ModelError(f"The file {place / name} cannot be read: {error.strerror}") from None
        if found != expected:
            raise ModelError(f"The file {place / name} is damaged")
    whole: dict[str, Any] = document
    return whole


def _as_json(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document as it comes back from a file: tuples as lists, keys as strings."""
    plain: dict[str, Any] = json.loads(json.dumps(document))
    return plain


def _digest(record: dict[str, Any]) -> str:
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


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


def _shapes(weights: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    return {name: "x".join(map(str, weight.shape)) for name, weight in weights.items()}


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
