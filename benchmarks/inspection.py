"""Seconds and memory of `afina data inspect`, in a process of its own as a user starts it.

    python benchmarks/inspection.py SOURCE... [--repeats N]

Prints wall-clock seconds, start of the interpreter counted, and the largest resident memory; writes
benchmarks/results/inspection.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from _machine import describe, write_result
from afina.data import source_name


def inspect(source: str) -> tuple[float, float, dict[str, object]]:
    """Wall-clock seconds, megabytes, and the document."""
    command = [sys.executable, "-m", "afina", "data", "inspect", source, "--json"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    document = json.loads(process.stdout.read())
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - started, usage.ru_maxrss / 1e3, document


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    results = []
    for source in options.sources:
        runs = [inspect(source) for _ in range(options.repeats)]
        document = runs[0][2]
        result = {
            "source": source_name(source),
            "rows": document["rows"],
            "seconds": [round(seconds, 2) for seconds, _, _ in runs],
            "median_seconds": round(statistics.median(seconds for seconds, _, _ in runs), 2),
            "megabytes": round(max(megabytes for _, megabytes, _ in runs)),
            "duplicates": {key: document["duplicates"][key] for key in ("exact", "exact_after_cleaning", "near")},
        }
        print(result)
        results.append(result)
    write_result("inspection", {**describe(), "sources": results})


if __name__ == "__main__":
    main()
