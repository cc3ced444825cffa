"""Train on each of four review sets and on all together, test on all: what a model is worth on other texts.

    python benchmarks/matrix.py [--sets a,b,c] [--budget 30m]

One `afina matrix`, run as a user would run it, within its budget. Prints what it says; writes benchmarks/results/
matrix.json, and docs/results/matrix.md and matrix.svg.
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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _machine import describe, write_result
from _sets import DATA

SETS = ("sst2_train", "cr", "amazon_books", "amazon_electronics")
DOCS = Path(__file__).resolve().parents[1] / "docs" / "results"
# Places on this machine, which say nothing to a reader.
_PRIVATE = ("out", "warnings")
GRID = (
    "Accuracy in percent with 95 % bootstrap intervals; each column has the same test texts in all rows. In bold, the "
    "model's own source."
)
AWAY = (
    "Away from home: points lost against the model trained on the tested source, on the same texts (paired). TF-IDF + "
    "logistic regression was trained on the same texts as the model beside it. ECE: expected calibration error, and in "
    "brackets the model's own at home. Distance: proxy A-distance of the two sources. Removed: training and dev texts "
    "that stand in the test set."
)


def run_matrix(sets: list[str], out: Path, *, budget: str) -> dict[str, Any]:
    """What `afina matrix --json` prints; it must not touch the network."""
    files = [str(DATA / f"{name}.parquet") for name in sets]
    command = [sys.executable, "-m", "afina", "matrix", *files, "--budget", budget, "--out", str(out), "--json"]
    began = time.monotonic()
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=False, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    if done.returncode:
        raise SystemExit(f"afina matrix ended with {done.returncode}")
    document: dict[str, Any] = json.loads(done.stdout)
    document["wall_seconds"] = round(time.monotonic() - began, 1)
    return document


def public(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without the places of this machine."""
    told = {key: value for key, value in document.items() if key not in _PRIVATE}
    told["sets"] = [{**row, "source": Path(row["source"]).name} for row in document["sets"]]
    told["models"] = [{key: value for key, value in row.items() if key != "run"} for row in document["models"]]
    return told


def as_markdown(document: Mapping[str, Any], machine: Mapping[str, Any], command: str) -> str:
    """The tables and what they say, as a page of the documentation."""
    versions = machine["versions"]
    written = (
        f"`{command}`: {document['wall_seconds'] / 60:.1f} minutes on {machine['cores']} cores "
        f"({machine['processor']}), afina {versions['afina']}, torch {versions['torch']}, model "
        f"`{document['model']}`. Written by `benchmarks/matrix.py`."
    )
    lines = [
        "# Train on each, test on all",
        "",
        written,
        "",
        "![Accuracy by training and test set](matrix.svg)",
        "",
        *[f"- {sentence}" for sentence in document["verdict"]],
        "",
        GRID,
        "",
        *_grid_rows(document),
        "",
        AWAY,
        "",
        *_away_rows(document),
        "",
        "| model | method | texts | epochs | seconds of its run |",
        "|---|---|---:|---:|---:|",
    ]
    lines += [
        f"| {row['name']} | {row['method']} | {row['train']:,} | {row['epochs']:.2f} | {row['seconds']:.0f} |"
        for row in document["models"]
    ]
    return "\n".join(lines) + "\n"


def _grid_rows(document: Mapping[str, Any]) -> list[str]:
    cells = {(cell["train"], cell["test"]): cell for cell in document["cells"]}
    columns = document["sources"]
    lines = [f"| trained on | {' | '.join(columns)} | mean |", "|---|" + "---:|" * (len(columns) + 1)]
    for row in document["trained_on"]:
        shown = " | ".join(_cell(cells.get((row, column))) for column in columns)
        mean = document["mean_accuracy"].get(row)
        lines.append(f"| {row} | {shown} | {_percent(mean) if mean else '–'} |")
    return lines


def _away_rows(document: Mapping[str, Any]) -> list[str]:
    headings = (
        "trained on", "tested on", "points lost", "TF-IDF", "TF-IDF points lost", "ECE (at home)", "distance",
        "removed",
    )  # fmt: skip
    lines = [f"| {' | '.join(headings)} |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for cell in document["cells"]:
        if cell["in_domain"]:
            continue
        home = "" if cell["ece_drift"] is None else f" ({cell['ece'] - cell['ece_drift']:.3f})"
        shown = (
            cell["train"], cell["test"], _points(cell["drop"]), _percent(cell["baseline_accuracy"]),
            _points(cell["baseline_drop"]), f"{cell['ece']:.3f}{home}",
            "–" if cell["distance"] is None else f"{cell['distance']:.2f}", str(cell["removed"]),
        )  # fmt: skip
        lines.append(f"| {' | '.join(shown)} |")
    return lines


def _cell(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return "–"
    return f"**{_percent(cell['accuracy'])}**" if cell["in_domain"] else _percent(cell["accuracy"])


def _percent(value: Mapping[str, float]) -> str:
    return f"{100 * value['value']:.1f} ({100 * value['low']:.1f} to {100 * value['high']:.1f})"


def _points(value: Mapping[str, float] | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value['value']:+.1f} ({100 * value['low']:+.1f} to {100 * value['high']:+.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--budget", default="30m")
    options = parser.parse_args()
    sets, machine = options.sets.split(","), describe()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "matrix"
        document = run_matrix(sets, out, budget=options.budget)
        DOCS.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(out / "matrix.svg", DOCS / "matrix.svg")
    command = f"afina matrix {' '.join(f'{name}.parquet' for name in sets)} --budget {options.budget}"
    (DOCS / "matrix.md").write_text(as_markdown(document, machine, command), encoding="utf-8")
    write_result("matrix", {**machine, "command": command, **public(document)})
    print("\n".join(document["verdict"]))
    print(f"{document['wall_seconds'] / 60:.1f} minutes")


if __name__ == "__main__":
    main()
