"""Where the checkpoints of a run stand: the two newest, each whole by its hashes, and nothing half written.

A checkpoint is a folder such as `step-00000120`, written beside its place, flushed to the disk and renamed. Its
`state.json` holds the sha256 of each other file and of its own content.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.errors import ModelError
from afina.outputs import new_folder
from afina.run_folder import sha256_of, write_json

FORMAT = 2
_STATE = "state.json"
_TEMPORARY = ".tmp"


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint: its files have the hashes that they were written with."""

    folder: Path
    record: dict[str, Any]
    """Content of its `state.json`."""


@contextmanager
def new_checkpoint(folder: Path, step: int, record: Mapping[str, Any]) -> Iterator[Path]:
    """Yield a folder to write files to; it becomes a checkpoint, and only then all but the one before it are removed.

    Args:
        folder: The run's checkpoint folder.
        step: Optimizer steps done.
        record: What `state.json` shall hold beside the hashes; anything JSON can hold.

    Raises:
        MachineLimitError: The disk is full; the checkpoints before are as they were.
        OutputError: The folder cannot be written.
    """
    _remove_leftovers(folder)
    place = folder / f"step-{step:08d}"
    if not (place / _STATE).is_file():
        shutil.rmtree(place, ignore_errors=True)  # a damaged one, from which a resume went back
    with new_folder(place, mark=_STATE, force=True) as beside:
        yield beside
        files = {path.name: sha256_of(path) for path in sorted(beside.iterdir())}
        document = as_json({"format": FORMAT, **record, "files": files})
        write_json(beside / _STATE, document | {"sha256": _digest(document)})
    _remove_all_but(place, _before(place))


def find_checkpoint(folder: Path, *, warn: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint that is whole; None where none was written.

    Args:
        folder: The run's checkpoint folder.
        warn: Told of each newer one that is damaged.

    Raises:
        ModelError: There are checkpoints, and all are damaged.
    """
    _remove_leftovers(folder)
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


def as_json(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document as it comes back from a file: tuples as lists, keys as strings."""
    plain: dict[str, Any] = json.loads(json.dumps(document))
    return plain


def _remove_leftovers(folder: Path) -> None:
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


def _remove_all_but(newest: Path, before: Path | None) -> None:
    for path in _checkpoints(newest.parent):
        if path not in (newest, before):
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
    if document["format"] != FORMAT:
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


def _digest(record: dict[str, Any]) -> str:
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
