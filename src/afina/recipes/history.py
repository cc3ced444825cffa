"""The history of a run: one JSON line a step, and TensorBoard events where wished."""

from __future__ import annotations

import json
from typing import IO, Any

from afina.extras import require
from afina.run_folder import RunFolder
from afina.training import TrainingStep


class History:
    """Writes `history.jsonl` while training goes on.

    Args:
        folder: The run in the making.
        from_step: Steps of a resumed run to keep; what was logged after its checkpoint is dropped.
        track: Write TensorBoard events too.

    Raises:
        MissingExtraError: `track` without tensorboard installed.
    """

    def __init__(self, folder: RunFolder, *, from_step: int = 0, track: bool = False) -> None:
        kept: list[str] = []
        if folder.history.exists() and from_step:
            lines = folder.history.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= from_step]
        self._file: IO[str] = folder.history.open("w", encoding="utf-8")
        self._file.writelines(line + "\n" for line in kept)
        self._board: Any = None
        if track:
            require("tensorboard", extra="track")
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder.tensorboard), purge_step=from_step or None)

    def __enter__(self) -> History:
        return self

    def __exit__(self, *unused: object) -> None:
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
        self._file.write(json.dumps(finite) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step.step)
