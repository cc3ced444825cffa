"""What an interrupted training needs to go on: weights, optimizer, position, and the best weights so far.

A checkpoint is written beside its place and renamed, and holds no pickle: tensors are safetensors, the rest is JSON.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from afina.errors import ModelError
from afina.run_folder import write_json
from afina.training.loop import DevScore, LoopState

LAST = "last"
_FORMAT = 1

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
    notes: dict[str, Any],
) -> None:
    """Write the checkpoint `folder/last`, replacing the one before.

    Args:
        folder: The run's checkpoint folder.
        model: The model, unwrapped.
        optimizer: Its optimizer.
        state: Position of the loop.
        best_weights: Best weights so far, if any evaluation was done.
        seconds: Seconds of training so far.
        command_seconds: Seconds of the whole command so far.
        notes: What must be equal for a resume to make sense, compared by `load_checkpoint`.
    """
    beside = folder / f"{LAST}.tmp"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    save_file(trained_weights(model), beside / "weights.safetensors")
    if best_weights is not None:
        save_file(best_weights, beside / "best.safetensors")
    moments = {
        f"{i}.{key}": value.contiguous()
        for i, entry in optimizer.state_dict()["state"].items()
        for key, value in entry.items()
    }
    save_file(moments, beside / "optimizer.safetensors")
    save_file({"torch": torch.get_rng_state()}, beside / "random.safetensors")
    record = {
        "format": _FORMAT,
        "state": asdict(state),
        "seconds": seconds,
        "command_seconds": command_seconds,
        "notes": notes,
    }
    write_json(beside / "state.json", record)
    for file in beside.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    old = folder / f"{LAST}.old"
    if (folder / LAST).exists():
        shutil.rmtree(old, ignore_errors=True)
        (folder / LAST).rename(old)
    beside.rename(folder / LAST)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(
    folder: Path, *, model: Any, optimizer: torch.optim.Optimizer, notes: dict[str, Any]
) -> tuple[LoopState, Weights | None, float]:
    """Put a model and an optimizer back where a checkpoint left them.

    Args:
        folder: The run's checkpoint folder.
        model: The model, freshly loaded and unwrapped.
        optimizer: Its optimizer, fresh.
        notes: As given to `save_checkpoint`.

    Returns:
        The loop's position, the best weights so far, and the seconds already used.

    Raises:
        ModelError: There is no checkpoint, it is damaged, or it is of other data or another model.
    """
    last = _newest(folder)
    record = read_state(folder)
    try:
        if record["notes"] != notes:
            changed = [key for key in notes if record["notes"].get(key) != notes[key]]
            raise ModelError(
                f"The checkpoint in {folder} does not fit: {', '.join(changed)} changed since it was written"
            )
        restore_weights(model, load_file(last / "weights.safetensors"))
        best_weights = load_file(last / "best.safetensors") if record["state"]["best"] else None
        entries: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in load_file(last / "optimizer.safetensors").items():
            number, _, name = key.partition(".")
            entries.setdefault(int(number), {})[name] = value
        optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})
        torch.set_rng_state(load_file(last / "random.safetensors")["torch"])
        saved = record["state"]
        saved["best"] = DevScore(**saved["best"]) if saved["best"] else None
        return LoopState(**saved), best_weights, float(record["seconds"])
    except ModelError:
        raise
    except Exception as error:  # a damaged file fails in safetensors, JSON or torch, each in its own way
        raise ModelError(f"The checkpoint in {folder} is damaged: {error}", hint="start again with --force") from error


def read_state(folder: Path) -> dict[str, Any]:
    """The JSON part of the last checkpoint.

    Raises:
        ModelError: There is none, or it is damaged.
    """
    path = _newest(folder) / "state.json"
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != _FORMAT:
            raise ModelError(f"The checkpoint in {folder} was written by another version of afina")
    except (OSError, KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"The checkpoint in {folder} is damaged: {error}", hint="start again with --force") from error
    return document


def _newest(folder: Path) -> Path:
    """The last whole checkpoint: the one before stands in for it where a crash came between two renames."""
    for name in (LAST, f"{LAST}.old"):
        if (folder / name / "state.json").is_file():
            return folder / name
    raise ModelError(f"There is no checkpoint in {folder}")
