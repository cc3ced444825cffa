"""`kill -9` at any moment, then the same command again: the same bytes as of a job that was never stopped."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.inference.scoring.made_up import write_lines

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")

ROOT = Path(__file__).resolve().parents[3]
N = 2000
ROWS_PER_CHUNK, PAUSE = 50, 0.01


class Job:
    """Scores 2,000 rows, every ninth of them blank, in 40 chunks in a process of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self.folder, self.out = folder, folder / name
        self.partial = folder / f"{name}.partial"
        self._source = write_lines(folder / "in.jsonl", [f"text {i}" if i % 9 else "" for i in range(N)])

    def start(self) -> subprocess.Popen[bytes]:
        """Begin or go on, and wait until imports are over."""
        script = ["-m", "tests.inference.scoring.child", str(self._source), str(self.out)]
        process = subprocess.Popen(
            [sys.executable, *script, str(ROWS_PER_CHUNK), str(PAUSE)],
            cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"began\n"
        return process

    def chunks_kept(self) -> int:
        """How many chunks' answers are on disk."""
        journal = self.partial / "answers.jsonl"
        return max(0, journal.read_bytes().count(b"\n") - 1) if journal.exists() else 0

    def contents(self) -> tuple[bytes, bytes]:
        """Bytes of the output and of the list of errors; that nothing else stands there is checked too."""
        assert {path.name for path in self.folder.iterdir()} == {"in.jsonl", "out.errors.jsonl", self.out.name}
        errors = (self.folder / "out.errors.jsonl").read_bytes()
        return self.out.read_bytes(), errors.replace(str(self.folder).encode(), b"")


def end(process: subprocess.Popen[bytes], *, kill: bool) -> bool:
    """End a process, or let it come to its end; whether it was killed."""
    if kill:
        process.kill()
    process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL)
    return process.returncode != 0


def test_two_kills_lose_and_double_no_row(tmp_path):
    chance = random.Random(0)
    whole, killed = Job(tmp_path / "whole", "out.csv"), Job(tmp_path / "killed", "out.csv")
    uninterrupted = whole.start()
    for chunks in (chance.randint(1, 15), chance.randint(16, 30)):
        process = killed.start()
        while killed.chunks_kept() < chunks:
            time.sleep(0.001)
        time.sleep(chance.random() * 2 * PAUSE)
        assert end(process, kill=True)
        assert not killed.out.exists()
    before = killed.chunks_kept()
    assert before >= 16
    end(killed.start(), kill=False)
    end(uninterrupted, kill=False)
    assert killed.contents() == whole.contents()
    assert whole.out.read_bytes().count(b"\n") == N + 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["out.csv.gz", "out.parquet"])
def test_twenty_kills_at_random_moments_lose_and_double_no_row(tmp_path, name):
    chance = random.Random(1)
    whole = Job(tmp_path / "whole", name)
    process = whole.start()
    began = time.monotonic()
    end(process, kill=False)
    longest = 1.1 * (time.monotonic() - began)
    kills = jobs = 0
    while kills < 20:
        jobs += 1
        killed = Job(tmp_path / f"killed-{jobs}", name)
        while not killed.out.exists():
            process = killed.start()
            time.sleep(chance.uniform(0, longest))
            kills += end(process, kill=True)
        if killed.partial.exists():  # killed between the new name and tidying up, where all is done
            continue
        assert killed.contents() == whole.contents()
