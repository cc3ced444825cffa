"""Rows a second and memory of `afina predict --file`, in a process of its own as a user starts it.

    python benchmarks/files.py --run RUN [--rows N] [--format csv|jsonl|parquet] [--most-words 40]

Makes a file of short texts, three to forty words each, from the words of the shipped sample; scores it, and once more
after a kill half-way, which has to end with the same bytes. Writes benchmarks/results/files.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _machine import describe, write_result
from afina.data import open_source
from afina.data.writing import row_writer

WORDS_OF_A_TEXT = {3: 2, 6: 4, 10: 5, 15: 4, 25: 2, 40: 1}
"""Numbers of words, and how often each is taken."""


def make_texts(path: Path, n: int, most_words: int) -> None:
    """Write rows with a number and a text, the same ones each time."""
    chance = random.Random(0)
    words = [word for row in open_source("sample")[0] for word in row["text"].split()]
    shares = {length: share for length, share in WORDS_OF_A_TEXT.items() if length <= most_words}
    lengths = chance.choices(list(shares), list(shares.values()), k=n)
    with row_writer(path) as writer:
        for first in range(0, n, 10_000):
            begins = ((i, chance.randrange(len(words) - lengths[i])) for i in range(first, min(n, first + 10_000)))
            writer.write([{"id": i, "text": " ".join(words[at : at + lengths[i]])} for i, at in begins])


class Scoring:
    """`afina predict --file` in a process of its own."""

    def __init__(self, options: argparse.Namespace, source: Path, out: Path) -> None:
        command = [
            sys.executable, "-m", "afina", "predict", options.run, "--file", str(source), "--out", str(out), "--json",
            "--backend", options.backend,
        ]  # fmt: skip
        if options.threads:
            command += ["--threads", str(options.threads)]
        self._began = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def finish(self) -> dict[str, Any]:
        """What it printed, wall-clock seconds with the start of the interpreter, and the largest resident memory."""
        assert self.process.stdout is not None
        printed = self.process.stdout.read()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        assert self.process.returncode == 0
        document = json.loads(printed)
        kept = ("rows", "resumed_rows", "rows_per_second", "seconds", "backend", "errors")
        return {
            **{key: document[key] for key in kept},
            "wall_seconds": round(time.perf_counter() - self._began, 2),
            "megabytes": round(usage.ru_maxrss / 1e3),
        }


def kept_rows(journal: Path, rows_per_chunk: int) -> int:
    """Rows whose answers are on disk."""
    return max(0, journal.read_bytes().count(b"\n") - 1) * rows_per_chunk if journal.exists() else 0


def main() -> None:
    from afina.inference.scoring import ROWS_PER_CHUNK

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", default="csv", choices=("csv", "jsonl", "parquet"))
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--most-words", type=int, default=max(WORDS_OF_A_TEXT))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"texts.{options.format}"
        make_texts(source, options.rows, options.most_words)
        whole, killed = (Path(folder) / f"{name}.csv" for name in ("whole", "killed"))
        result = Scoring(options, source, whole).finish()
        print(result, flush=True)
        scoring = Scoring(options, source, killed)
        journal = killed.with_name("killed.csv.partial") / "answers.jsonl"
        while scoring.process.poll() is None and kept_rows(journal, ROWS_PER_CHUNK) < options.rows // 2:
            time.sleep(0.2)
        scoring.process.kill()
        assert scoring.process.wait() < 0, "it ended before it could be killed; give more rows"
        resumed = Scoring(options, source, killed).finish()
        resumed["same_bytes"] = whole.read_bytes() == killed.read_bytes()
        print(resumed, flush=True)
        write_result(
            "files",
            {
                **describe(),
                "run": Path(options.run).name,
                "format": options.format,
                "most_words": options.most_words,
                "source_megabytes": round(source.stat().st_size / 1e6, 1),
                "rows_per_chunk": ROWS_PER_CHUNK,
                "uninterrupted": result,
                "after_a_kill": resumed,
            },
        )


if __name__ == "__main__":
    main()
