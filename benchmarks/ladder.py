"""Is a transformer needed at all? `afina ladder` on real reviews.

    python benchmarks/ladder.py [--sets amazon_electronics,sst2_train] [--budget 15m]

Each set is one command, run as a user would run it, in a process of its own that must not touch the network; the budget
bounds all of it. Test texts are `sst2_dev` for `sst2_train`, and a held-out share otherwise.

Writes docs/results/ladder_SET.svg and ladder_SET.md, and benchmarks/results/ladder.json. Two sets and 15 minutes take
half an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _machine import describe, write_result
from _sets import DATA

TEST_FILES = {"sst2_train": "sst2_dev", "sst2_phrases": "sst2_dev"}
PAGES = Path(__file__).resolve().parents[1] / "docs" / "results"
_KEPT = (
    "name", "title", "accuracy", "f1", "dev_accuracy", "minutes", "model_mb", "milliseconds_a_text", "texts_per_second",
    "parameters", "trained_on", "epochs", "stopped_by", "budget_seconds", "pareto", "pareto_prediction",
)  # fmt: skip


def climb(name: str, out: Path, *, data: Path, budget: str, seed: int) -> tuple[dict[str, Any], float]:
    """What the command prints with `--json`, and the seconds that it took from start to exit."""
    test = ["--test", str(data / f"{TEST_FILES[name]}.parquet")] if name in TEST_FILES else []
    arguments = [str(data / f"{name}.parquet"), *test, "--budget", budget, "--seed", str(seed), "--out", str(out)]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "afina", "ladder", *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"afina ladder failed on {name}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document, time.monotonic() - began


def brief(document: dict[str, Any], *, wall_seconds: float) -> dict[str, Any]:
    """What is worth keeping of a ladder."""
    told = {name: document[name] for name in ("model", "texts", "seed", "budget_seconds", "skipped", "pick", "rule")}
    rungs = [{name: row[name] for name in _KEPT if name in row} for row in document["rungs"]]
    return {**told, "wall_seconds": round(wall_seconds, 1), "rungs": rungs}


def as_markdown(name: str, ladder: dict[str, Any], machine: dict[str, Any]) -> str:
    """The table and the pick, as a page of the documentation."""
    texts, pick = ladder["texts"], ladder["pick"]
    lines = [
        f"# Ladder on {name}",
        "",
        f"{texts['train']:,} texts to train on, {texts['dev']:,} dev, {texts['test']:,} test; `afina ladder --budget "
        f"{ladder['budget_seconds'] / 60:.3g}m` took {ladder['wall_seconds'] / 60:.1f} minutes in all on "
        f"{machine['cores']} cores ({machine['processor']}), with {ladder['model']}.",
        "",
        f"![Accuracy against time of training](ladder_{name}.svg)",
        "",
        "| rung | accuracy (95 %) | F1 | training minutes | MB | ms a text | texts/s | parameters | front |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in ladder["rungs"]:
        title = f"**{row['title']}**" if row["name"] == pick["name"] else row["title"]
        accuracy = row["accuracy"]
        fronts = [told for told, key in (("train", "pareto"), ("answer", "pareto_prediction")) if row[key]]
        lines.append(
            f"| {title} | {accuracy['value']:.3f} ({accuracy['low']:.3f}–{accuracy['high']:.3f}) "
            f"| {row['f1']['value']:.3f} | {row['minutes']:.3f} | {row['model_mb']:.1f} "
            f"| {row['milliseconds_a_text']:.2f} | {row['texts_per_second']:,.0f} | {row['parameters']:,} "
            f"| {', '.join(fronts)} |"
        )
    lines += ["", *(f"{row['title']} left out: {row['why']}.\n" for row in ladder["skipped"])]
    lines += [f"**{pick['answer']}.** {pick['why']}", "", pick["rule"], pick["caveat"], "", ladder["rule"]]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default="amazon_electronics,sst2_train")
    parser.add_argument("--budget", default="15m", help="for each set, all rungs together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", default="ladder", help="name of the result and the pages; trials take another")
    parser.add_argument("--pages", type=Path, default=PAGES)
    options = parser.parse_args()
    machine, sets = describe(), {}
    options.pages.mkdir(parents=True, exist_ok=True)
    for name in options.sets.split(","):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / name
            document, seconds = climb(name, out, data=options.data, budget=options.budget, seed=options.seed)
            shutil.copy(out / "ladder.svg", options.pages / f"{options.out}_{name}.svg")
        sets[name] = brief(document, wall_seconds=seconds)
        page = as_markdown(name, sets[name], machine).replace(f"(ladder_{name}.svg)", f"({options.out}_{name}.svg)")
        (options.pages / f"{options.out}_{name}.md").write_text(page, encoding="utf-8")
        write_result(options.out, {**machine, "sets": sets})
        print(page, flush=True)


if __name__ == "__main__":
    main()
