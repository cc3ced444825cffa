"""Scores a file in a process of its own, to be killed or measured.

python -m tests.inference.scoring.child SOURCE OUT ROWS_PER_CHUNK PAUSE
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.inference.scoring.made_up import ByLength

from afina.inference import Prediction, score_file


class Slow(ByLength):
    """Takes its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """Wait, and answer."""
        time.sleep(self._seconds)
        return super().classify(texts)


if __name__ == "__main__":
    source, out, rows_per_chunk, pause = sys.argv[1:]
    sys.stdout.write("began\n")
    sys.stdout.flush()
    score_file(Slow(float(pause)), source, Path(out), model="one", rows_per_chunk=int(rows_per_chunk))
    status = Path("/proc/self/status")
    if status.exists():
        # Not `ru_maxrss`, which a process has from the one that started it.
        (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        sys.stdout.write(f"{kilobytes}\n")
