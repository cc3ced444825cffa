"""What made-up sentences mend, and what they cost: SST-2 with and without `--augment`, over several seeds.

    python benchmarks/behaviour.py [--seeds 3] [--epochs 2]

Trains as a user would, checks each run with `afina check`, and prints failure rates beside the published ones. Writes
benchmarks/results/behaviour.json and docs/results/behaviour.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from _machine import describe, write_result
from _sets import DATA

TAUGHT = ("", "negation", "negation,typos")
DOCS = Path(__file__).resolve().parents[1] / "docs" / "results"


def afina(*arguments: object) -> dict[str, Any]:
    """What a command prints with --json; it must not touch the network."""
    command = [sys.executable, "-m", "afina", *map(str, arguments), "--json"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=False, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def measure(taught: str, seed: int, *, epochs: float, folder: Path) -> dict[str, Any]:
    """Train once and check the run."""
    run = folder / f"run-{taught or 'plain'}-{seed}"
    augment = ["--augment", taught] if taught else []
    trained = afina(
        "train", DATA / "sst2_train.parquet", "--test", DATA / "sst2_dev.parquet", "--epochs", epochs,
        "--budget", "30m", "--seed", seed, "--out", run, *augment,
    )  # fmt: skip
    checked = afina("check", run)
    print(f"taught {taught or 'nothing'}, seed {seed}: accuracy {trained['test']['accuracy']['value']:.3f}")
    return {
        "taught": taught,
        "seed": seed,
        "accuracy": trained["test"]["accuracy"]["value"],
        "log_loss": trained["test"]["log_loss"],
        "training_seconds": trained["seconds"]["train"],
        "check_seconds": checked["seconds"],
        "published": checked["published"],
        "tests": {test["name"]: round(test["failure_rate"]["value"], 4) for test in checked["tests"]},
        "capabilities": {
            each["capability"]: round(each["failure_rate"]["value"], 4) for each in checked["capabilities"]
        },
        "described": [
            {key: test[key] for key in ("name", "capability", "kind", "n", "published")} for test in checked["tests"]
        ],
        "published_source": checked["published_source"],
    }


def as_markdown(runs: Sequence[Mapping[str, Any]], machine: Mapping[str, Any], command: str) -> str:
    """Means over the seeds, as a page of the documentation."""
    by_taught = {taught: [run for run in runs if run["taught"] == taught] for taught in TAUGHT}
    heads = " | ".join(f"taught {taught or 'nothing'}" for taught in TAUGHT)
    n_seeds = len(by_taught[""])
    seeds = f"means over {n_seeds} seeds" if n_seeds > 1 else "one seed"
    lines = [
        "# What a model does with negation, typos and names", "",
        f"`{command}`: SST-2, `minilm`, {seeds}, on {machine['cores']} cores "
        f"({machine['processor']}). Failure rates in percent; published: {runs[0]['published_source']}. What is taught "
        "shares no template and no telling word with what is tested.", "",
        f"| | {heads} |", "|---|" + "---:|" * len(TAUGHT),
    ]  # fmt: skip
    for name, key in (("accuracy on sst2_dev, %", "accuracy"), ("log loss", "log_loss")):
        factor = 100 if key == "accuracy" else 1
        cells = [
            f"{factor * mean(run[key] for run in by_taught[taught]):.{1 if factor == 100 else 3}f}" for taught in TAUGHT
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    below = [mean(run["published"]["below"] for run in by_taught[taught]) for taught in TAUGHT]
    compared = runs[0]["published"]["compared"]
    lines.append(f"| tests below the published rate, of {compared} | {' | '.join(f'{each:.1f}' for each in below)} |")
    lines += ["", f"| capability | {heads} |", "|---|" + "---:|" * len(TAUGHT)]
    lines += [f"| {name} | {_cells(by_taught, 'capabilities', name)} |" for name in runs[0]["capabilities"]]
    lines += ["", f"| test | kind | published | {heads} |", "|---|---|---:|" + "---:|" * len(TAUGHT)]
    for test in runs[0]["described"]:
        published = "" if test["published"] is None else f"{100 * test['published']:.1f}"
        lines.append(f"| {test['name']} | {test['kind']} | {published} | {_cells(by_taught, 'tests', test['name'])} |")
    return "\n".join(lines) + "\n"


def _cells(by_taught: Mapping[str, Sequence[Mapping[str, Any]]], kind: str, name: str) -> str:
    return " | ".join(f"{100 * mean(run[kind][name] for run in by_taught[taught]):.1f}" for taught in TAUGHT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=float, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            measure(taught, seed, epochs=options.epochs, folder=Path(folder))
            for seed in range(options.seeds)
            for taught in TAUGHT
        ]
    machine, command = describe(), f"python benchmarks/behaviour.py --seeds {options.seeds} --epochs {options.epochs:g}"
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / "behaviour.md").write_text(as_markdown(runs, machine, command), encoding="utf-8")
    tests = runs[0]["described"]
    kept = [{key: value for key, value in run.items() if key not in ("described", "published_source")} for run in runs]
    write_result("behaviour", {**machine, "command": command, "tests": tests, "runs": kept})


if __name__ == "__main__":
    main()
