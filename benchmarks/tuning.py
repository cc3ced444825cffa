"""Whether a search pays: `afina tune` against the defaults of `afina train`, with the same budget and test texts.

    python benchmarks/tuning.py [--sets sst2_train,amazon_electronics] [--budget 15m] [--repeats N]

Both commands run as a user would run them, each as a process of its own, in turn, and each repeat begins with the
other one; a repeat has a seed of its own, for the split off dev texts, the new head, the order of texts and the trials.
Test texts are the same throughout: `sst2_dev` for `sst2_train`, and a held-out fifth otherwise. After its budget each
run is scored on all of them. The difference is paired: each text's accuracy over all repeats, less that of the other.

Prints accuracies with 95 % bootstrap intervals over the test texts and what the searches chose, and writes
benchmarks/results/tuning.json. Two sets, three repeats and 15 minutes take three hours.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from _machine import describe, write_result
from _sets import DATA
from afina import Classifier
from afina.data import TextDataset, find_overlap, load_dataset, split
from afina.data.writing import row_writer
from afina.evaluation import bootstrap_mean

COMMANDS = ("train", "tune")
TEST_FILES = {"sst2_train": "sst2_dev", "sst2_phrases": "sst2_dev"}
# Which texts are held out never depends on the seed of a run.
_SEED = 0


def load(name: str) -> tuple[TextDataset, TextDataset]:
    """Texts to train on, and texts to test on that do not stand among them."""
    pool, _ = load_dataset(str(DATA / f"{name}.parquet"), seed=_SEED)
    if name not in TEST_FILES:
        pool, test = split(pool, (0.8, 0.2), seed=_SEED)
        return pool, test
    test, _ = load_dataset(str(DATA / f"{TEST_FILES[name]}.parquet"), labels=pool.labels, seed=_SEED)
    overlap = find_overlap(pool.normal_forms, test.normal_forms)
    return pool.select(np.setdiff1d(np.arange(len(pool)), overlap.rows)), test


def write(dataset: TextDataset, path: Path) -> Path:
    """The data set as a file that the commands read."""
    names = [dataset.labels.names[i] for i in dataset.label_ids]
    with row_writer(path) as writer:
        writer.write([{"text": text, "label": name} for text, name in zip(dataset.texts, names, strict=True)])
    return path


def run_command(command: str, files: dict[str, Path], out: Path, *, budget: str, seed: int) -> dict[str, Any]:
    """What a command prints with `--json`; it must not touch the network."""
    arguments = [
        command, str(files["train"]), "--test", str(files["test"]), "--keep-labels", "--title-column", "none",
        "--budget", budget, "--seed", str(seed), "--out", str(out), "--json",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "afina", *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"afina {command} failed:\n{done.stderr[-3000:]}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def brief(command: str, document: dict[str, Any]) -> dict[str, Any]:
    """What is worth keeping of a run."""
    told = {name: document[name] for name in ("method", "epochs", "examples_seen", "stopped_by", "seconds", "settings")}
    if command == "tune":
        told |= {name: document[name] for name in ("study", "trial_size", "winner", "gain", "importances")}
    return told


def run_set(name: str, *, budget: str, repeats: int) -> dict[str, Any]:
    """Both commands on a set, in turn."""
    pool, test = load(name)
    right: dict[str, list[np.ndarray[Any, Any]]] = {command: [] for command in COMMANDS}
    runs: dict[str, list[dict[str, Any]]] = {command: [] for command in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        files = {
            part: write(texts, Path(folder) / f"{part}.parquet") for part, texts in (("train", pool), ("test", test))
        }
        for repeat in range(repeats):
            for command in COMMANDS if repeat % 2 == 0 else COMMANDS[::-1]:
                out = Path(folder) / f"{command}-{repeat}"
                document = run_command(command, files, out, budget=budget, seed=repeat)
                predicted = Classifier.load(out).predict_proba(test.texts).argmax(axis=1)
                correct = predicted == test.label_ids
                right[command].append(correct.astype(float))
                runs[command].append({"accuracy": float(correct.mean()), **brief(command, document)})
                chosen = document.get("search_verdict", "")
                print(f"{name} {command} {repeat}: {correct.mean():.4f}  {chosen}", flush=True)
    means = {command: np.mean(right[command], axis=0) for command in COMMANDS}
    difference = bootstrap_mean(means["tune"] - means["train"])
    verdict = "beats" if difference.low > 0 else "is worse than" if difference.high < 0 else "cannot be told from"
    print(f"{name}: tune {verdict} the defaults, difference {difference}", flush=True)
    return {
        "training_texts": len(pool),
        "test_texts": len(test),
        **{name: {"accuracy": bootstrap_mean(means[name]).as_dict(), "runs": runs[name]} for name in COMMANDS},
        "difference": difference.as_dict(),
        "verdict": f"tune {verdict} the defaults",
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default="sst2_train,amazon_electronics")
    parser.add_argument("--budget", default="15m")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    result: dict[str, Any] = {**describe(), "budget": options.budget, "repeats": options.repeats, "sets": {}}
    for name in options.sets.split(","):
        result["sets"][name] = run_set(name, budget=options.budget, repeats=options.repeats)
        # A set takes an hour or more: what is measured is kept.
        write_result("tuning", result)


if __name__ == "__main__":
    main()
