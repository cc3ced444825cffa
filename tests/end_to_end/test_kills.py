"""`kill -9` at any moment, then `--resume`: the same bits as a run that was never stopped."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.conftest import write_reviews

from afina.errors import OutputError
from afina.recipes import resume
from afina.run_folder import RunFolder

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")

STEPS = 40
FIRST_STAGE = "Reading the texts"


class Training:
    """`afina train` in processes of its own, with dropout, and a checkpoint after each step."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder, self.run = folder, RunFolder(folder / "run")
        folder.mkdir()
        self.said = folder.with_suffix(".txt")
        self.arguments = [
            str(write_reviews(folder / "reviews.csv", 60)), "--model", str(model), "--max-steps", str(STEPS),
            "--learning-rate", "1e-2", "--batch-tokens", "128", "--precision", "fp32", "--out", str(self.run.root),
            "--set", "training.checkpoint_seconds=0", "--set", "modeling.dropout=0.1",
        ]  # fmt: skip

    def start(self) -> subprocess.Popen[bytes]:
        """Begin, or go on where there is something to go on with."""
        partial = self.run.partial.root
        arguments = ["--resume", str(partial)] if partial.exists() else self.arguments
        with self.said.open("w") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "afina", "train", *arguments],
                env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, stderr=said,
            )  # fmt: skip

    def has_claimed(self) -> bool:
        """Whether the latest life holds its place: imports are over, and nothing is read yet."""
        return FIRST_STAGE in self.said.read_text()

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Let a life come to its end."""
        assert process.wait(timeout=120) == 0, self.said.read_text()

    def weights(self) -> bytes:
        """The finished run's weights; that it is finished and tidy is checked too."""
        assert {path.name for path in self.folder.iterdir()} == {"reviews.csv", "run"}
        # A kill just after the run got its name may leave the small request.
        assert {path.name for path in self.run.root.iterdir()} - {"request.json"} == {
            "dev.parquet", "figures", "fingerprints.parquet", "history.jsonl", "metrics.json", "mistakes.json", "model",
            "predictions.parquet", "report.html", "run.json",
        }  # fmt: skip
        assert self.run.is_complete
        assert [line.split(",")[0] for line in self.run.history.read_text().splitlines()] == [
            f'{{"step": {step}' for step in range(1, STEPS + 1)
        ]
        return (self.run.model / "model.safetensors").read_bytes()


def kill(process: subprocess.Popen[bytes]) -> bool:
    """Kill a process; whether it still lived."""
    process.kill()
    return process.wait() == -signal.SIGKILL


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for a moment in a life, or for its end where that comes first."""
    while process.poll() is None and not is_so():
        time.sleep(0.002)


def steps_done(run: RunFolder) -> int:
    return run.partial.history.read_bytes().count(b"\n") if run.partial.history.exists() else 0


def test_two_kills_while_it_trains_change_no_bit(tmp_path, tiny_model):
    chance = random.Random(0)
    whole, killed = Training(tmp_path / "whole", tiny_model), Training(tmp_path / "killed", tiny_model)
    uninterrupted = whole.start()
    for first, last in ((1, STEPS // 2), (STEPS // 2 + 1, STEPS - 1)):
        step = chance.randint(first, last)
        process = killed.start()
        wait_until(lambda step=step: steps_done(killed.run) >= step, process)
        time.sleep(chance.random() * 0.02)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(OutputError, match=r"^Another command is writing"):
            resume(killed.run.partial.root)
        assert kill(process)
    killed.finish(killed.start())
    whole.finish(uninterrupted)
    assert killed.weights() == whole.weights()


@pytest.mark.slow
def test_twenty_kills_at_random_moments_change_no_bit(tmp_path, tiny_model):
    chance = random.Random(1)
    whole = Training(tmp_path / "whole", tiny_model)
    process = whole.start()
    wait_until(whole.has_claimed, process)
    began = time.monotonic()
    whole.finish(process)
    # Some lives are not killed, so that every run comes to its end.
    longest = 1.2 * (time.monotonic() - began)
    kills = runs = 0
    while kills < 20:
        runs += 1
        killed = Training(tmp_path / f"killed-{runs}", tiny_model)
        while not killed.run.root.exists():
            process = killed.start()
            wait_until(killed.has_claimed, process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, longest))
            if kill(process):
                kills += 1
            else:
                killed.finish(process)
        assert killed.weights() == whole.weights()
