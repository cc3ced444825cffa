"""The history of a run: one JSON line a step, and TensorBoard events where wished."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from afina.extras import require
from afina.outputs import as_one_sentence
from afina.run_folder import RunFolder, write_text
from afina.training import TrainingStep


class History:
    """Writes `history.jsonl` while training goes on.

    Args:
        folder: The run in the making.
        from_step: Steps of a resumed run to keep; what was logged after its checkpoint is dropped.
        track: Write TensorBoard events too.

    Raises:
        MissingExtraError: `track` without tensorboard installed.
        MachineLimitError: The disk is full.
    """

    def __init__(self, folder: RunFolder, *, from_step: int = 0, track: bool = False) -> None:
        with as_one_sentence(folder.history):
            # Whole or not at all: a kill in this moment must not lose what was logged before.
            write_text(folder.history, "".join(_lines_until(folder.history, from_step)))
            self._file = folder.history.open("ab", buffering=0)
        self._unwritten = b""
        self._board: Any = None
        if track:
            require("tensorboard", extra="track")
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder.tensorboard), purge_step=from_step or None)

    def __enter__(self) -> History:
        return self

    def __exit__(self, *unused: object) -> None:
        self._flush()
        self._file.close()
        if self._board is not None:
            self._board.close()

    def write(self, step: TrainingStep) -> None:
        """Log one step."""
        values: dict[str, float] = {
            "loss": step.loss,
            "learning_rate": step.learning_rate,
            "grad_norm": step.grad_norm,
            "progress": step.progress,
        }
        if step.dev is not None:
            values |= {"dev_accuracy": step.dev.accuracy, "dev_log_loss": -step.dev.negative_log_loss}
        line: dict[str, Any] = {
            "step": step.step,
            "epoch": round(step.epoch, 4),
            "texts": step.n_texts,
            "tokens": step.n_tokens,
            **values,
        }
        if step.stopped_by:
            line["stopped_by"] = step.stopped_by
        # NaN is no JSON; a loss that is none is written as null.
        finite = {key: None if value != value else value for key, value in line.items()}
        self._unwritten += json.dumps(finite).encode() + b"\n"
        self._flush()
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step.step)

    def _flush(self) -> None:
        """Write what is not yet written; on a full disk it waits for the next step, and training goes on."""
        with suppress(OSError):
            self._unwritten = self._unwritten[self._file.write(self._unwritten) :]


def _lines_until(file: Path, step: int) -> Iterator[str]:
    """Lines that were logged up to a step; one that a kill cut off is left out."""
    if not step or not file.is_file():
        return
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError, KeyError, TypeError):
            if json.loads(line)["step"] <= step:
                yield line + "\n"
