"""Runs that plan themselves for 2, 5 and 15 minutes: do they end in time, and what is the time used for?

    python benchmarks/budgets.py [--budgets 2m,5m,15m] [--sets sst2_train,imdb_train]

`afina train SOURCE --budget TIME`, nothing else settled, one after the other; for `sst2_train` the test set is
`sst2_dev`. Wall time is that of the whole process, its start and end counted. Writes benchmarks/results/budgets.json
and docs/results/budgets.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _machine import describe, write_result
from _sets import DATA, SETS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "budgets.md"
_ENDED = {
    "budget": "the time was used up",
    "epochs": "all texts were read as often as pays",
    "early_stopping": "dev accuracy no longer rose",
}


def run(name: str, budget: str, out: Path) -> dict[str, Any]:
    """Train within a budget; the summary's main figures, and the wall time.

    Args:
        name: A set of `_sets`.
        budget: As `--budget` takes it.
        out: Run folder.
    """
    command = [
        sys.executable, "-m", "afina", "train", str(DATA / f"{name}.parquet"), "--budget", budget, "--out", str(out),
    ]  # fmt: skip
    if SETS[name].test:
        command += ["--test", str(DATA / f"{SETS[name].test}.parquet")]
    began = time.monotonic()
    done = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, text=True, check=False)
    wall = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"afina train ended with {done.returncode}")
    summary = json.loads(done.stdout)
    settings = summary["settings"]
    return {
        "set": name,
        "budget": budget,
        "budget_seconds": summary["budget_seconds"],
        "wall_seconds": round(wall, 1),
        "method": settings["method"],
        "freeze_layers": settings["freeze_layers"],
        "max_tokens": settings["max_tokens"],
        "examples_seen": summary["examples_seen"],
        "epochs": summary["epochs"],
        "stopped_by": summary["stopped_by"],
        "seconds": summary["seconds"],
        "accuracy": summary["test"]["accuracy"],
        "baseline": summary["baseline"]["accuracy"],
        "n_test": summary["test"]["n"],
    }


def as_markdown(rows: list[dict[str, Any]], machine: dict[str, Any]) -> str:
    """The table, as a page of the documentation."""
    lines = [
        "# Runs within their time",
        "",
        f"`python benchmarks/budgets.py` on {machine['cores']} cores ({machine['processor']}), afina "
        f"{machine['versions']['afina']}, torch {machine['versions']['torch']}: `afina train SOURCE --budget TIME` "
        "with nothing else settled, one run each, seed 0. Seconds are of the whole process.",
        "",
        "| source | budget | seconds | used | planned by itself | texts seen | ended because | accuracy "
        "| TF-IDF + LR |",
        "|---|---:|---:|---:|---|---:|---|---|---|",
    ]  # fmt: skip
    for row in rows:
        method = f"frozen {row['freeze_layers']}" if row["freeze_layers"] else row["method"]
        accuracy, baseline = (
            f"{found['value']:.3f} ({found['low']:.3f}–{found['high']:.3f})"
            for found in (row["accuracy"], row["baseline"])
        )
        lines.append(
            f"| {row['set']} | {row['budget']} | {row['wall_seconds']:.0f} | "
            f"{row['wall_seconds'] / row['budget_seconds']:.0%} | {method}, {row['max_tokens']} tokens | "
            f"{row['examples_seen']:,} | {_ENDED.get(row['stopped_by'], row['stopped_by'])} | {accuracy} | {baseline} |"
        )
    return "\n".join(lines) + "\n"


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['set']:12s} {row['budget']:>4s} {row['wall_seconds']:6.1f} s "
        f"{row['wall_seconds'] / row['budget_seconds']:.0%} {row['method']} {row['freeze_layers']} "
        f"{row['max_tokens']} tokens, {row['examples_seen']:,} texts, {row['stopped_by']}, "
        f"{row['accuracy']['value']:.3f}"
    )


def main() -> None:
    """Run all and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budgets", default="2m,5m,15m")
    parser.add_argument("--sets", default="sst2_train,imdb_train")
    given = parser.parse_args()
    os.environ |= {"HF_HUB_OFFLINE": "1"}
    rows = []
    with tempfile.TemporaryDirectory() as place:
        # A run is not corrected by those before it.
        os.environ["AFINA_STATE"] = str(Path(place) / "state")
        for budget in given.budgets.split(","):
            for name in given.sets.split(","):
                rows.append(run(name, budget, Path(place) / f"{name}-{budget}"))
                print(_line(rows[-1]), flush=True)
    machine = describe()
    write_result("budgets", {"machine": machine, "runs": rows})
    PAGE.write_text(as_markdown(rows, machine), encoding="utf-8")


if __name__ == "__main__":
    main()
