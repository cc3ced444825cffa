"""Memory does not grow with the size of a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the largest resident memory of one program")
def test_memory_stays_flat_for_ten_times_the_rows(tmp_path):
    def peak_megabytes(n: int) -> float:
        source = tmp_path / f"{n}.csv"
        # The reader skips every eighth row, and keeps on disk alone what it skips.
        lines = (f"a text with number {i}{',1' if i % 8 else ''}" for i in range(n))
        source.write_text("text,stars\n" + "\n".join(lines) + "\n")
        child = ["-m", "tests.inference.scoring.child", str(source), str(tmp_path / f"{n}.out.csv"), "1024", "0"]
        found = subprocess.run(
            [sys.executable, *child],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        return int(found.stdout.split()[-1]) / 1e3

    small, large = peak_megabytes(5000), peak_megabytes(50_000)
    assert large - small < 12, (small, large)
