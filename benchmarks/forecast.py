"""How well `afina plan` forecasts: runs of different model, length, method and size, each planned and then trained.

    python benchmarks/forecast.py [--runs a,b,c]

For each run, in turn: `afina plan` with everything settled but what it forecasts, then `afina train --config` with the
file that it wrote. No forecast is corrected by the runs before it: the log of forecasts begins empty, and is read only
to say what the others would have taught. Models other than the embedded one have random weights of their published
config. Writes benchmarks/results/forecast.json and docs/results/forecast.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from _machine import describe, write_result
from _random_models import remove, write_random_model
from _sets import DATA
from afina.data import load_dataset, take

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "forecast.md"


@dataclass(frozen=True)
class Planned:
    """A training whose time and memory are forecast."""

    model: str
    method: str
    source: str
    texts: int
    """Texts of the source, of which a tenth is held out as a test and a tenth as a dev set."""
    max_tokens: int
    epochs: float
    freeze_layers: int | None = None

    @property
    def name(self) -> str:
        """Short name, for `--runs`."""
        return f"{self.model}-{self.method}-{self.source}"


RUNS = (
    Planned("minilm", "full", "sst2_train", 3000, 128, 2),
    Planned("minilm", "frozen", "imdb_train", 1000, 256, 2, 3),
    Planned("minilm", "lora", "cr", 2000, 128, 2),
    Planned("minilm", "full", "imdb_train", 800, 128, 1),
    Planned("minilm", "head", "amazon_books", 1200, 256, 20),
    Planned("minilm", "frozen", "amazon_dvd", 1000, 512, 1, 4),
    Planned("bert-tiny", "full", "sst2_train", 6000, 128, 4),
    Planned("bert-mini", "full", "imdb_train", 1000, 256, 2),
    Planned("bert-small", "frozen", "amazon_electronics", 900, 512, 2, 2),
    Planned("electra", "full", "cr", 1500, 128, 2),
    Planned("minilm-l12-h384", "full", "tweets3_val", 1200, 64, 2),
    Planned("distilbert", "full", "sst2_train", 900, 64, 1),
    Planned("distilbert", "frozen", "amazon_books", 400, 256, 2, 3),
    Planned("bert", "lora", "sst2_train", 400, 64, 1),
    Planned("albert", "full", "emotion4_train", 400, 64, 1),
    Planned("gpt2", "frozen", "sst2_train", 800, 64, 1, 6),
)


def run(planned: Planned, folder: Path) -> dict[str, Any]:
    """Plan and train; forecast and outcome.

    Args:
        planned: What to train.
        folder: For files of this run alone.
    """
    data, _ = load_dataset(str(DATA / f"{planned.source}.parquet"), seed=0)
    source = folder / f"{planned.source}.parquet"
    some = take(data, planned.texts, seed=0)
    names = tuple(some.labels)
    labels = [names[label_id] for label_id in some.label_ids]
    pq.write_table(pa.table({"text": list(some.texts), "label": labels}), source)
    model = planned.model if planned.model == "minilm" else str(write_random_model(planned.model, folder))
    plan, out = folder / "plan.toml", folder / "run"
    options = [
        "--model", model, "--method", planned.method, "--max-tokens", str(planned.max_tokens),
        "--epochs", str(planned.epochs), "--budget", "1h", "--out", str(plan),
    ]  # fmt: skip
    if planned.freeze_layers is not None:
        options += ["--set", f"modeling.freeze_layers={planned.freeze_layers}"]
    document = afina("plan", str(source), *options)
    summary = afina("train", "--config", str(plan), "--out", str(out))
    remove(folder / planned.model)
    return {
        **asdict(planned),
        "probe_seconds": document["probe_seconds"],
        "train_texts": summary["outcome"] and document["choices"][0]["train_texts"],
        "forecast": {key: summary["forecast"][key] for key in ("seconds", "total_seconds", "memory_mb")},
        "outcome": {key: summary["outcome"][key] for key in ("seconds", "total_seconds", "memory_mb")},
        "error": summary["forecast_error"],
        "stopped_by": summary["stopped_by"],
    }


def afina(*arguments: str) -> dict[str, Any]:
    """The document that a command prints with --json."""
    done = subprocess.run(
        [sys.executable, "-m", "afina", *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"afina {arguments[0]} ended with {done.returncode}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def as_markdown(rows: list[dict[str, Any]], history: dict[str, Any], machine: dict[str, Any]) -> str:
    """The table, as a page of the documentation."""
    lines = [
        "# How well forecasts hold",
        "",
        f"`python benchmarks/forecast.py`: {len(rows)} trainings on {machine['cores']} cores ({machine['processor']}), "
        f"afina {machine['versions']['afina']}, torch {machine['versions']['torch']}, each planned by `afina plan` and "
        "then run by `afina train --config`, one after the other. Models other than `minilm` have random weights of "
        "their published config, as `afina plan` itself times them. No forecast was corrected by another.",
        "",
        "| model | method | source | texts | tokens | epochs | seconds forecast | seconds taken | error | MB forecast "
        "| MB taken | error |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for row in rows:
        method = f"frozen {row['freeze_layers']}" if row["freeze_layers"] else row["method"]
        forecast, outcome, error = row["forecast"], row["outcome"], row["error"]
        lines.append(
            f"| {row['model']} | {method} | {row['source']} | {row['train_texts']:,} | {row['max_tokens']} | "
            f"{row['epochs']:g} | {forecast['seconds']:.1f} | {outcome['seconds']:.1f} | {error['seconds']:+.0%} | "
            f"{forecast['memory_mb']:,.0f} | {outcome['memory_mb']:,.0f} | {error['memory_mb']:+.0%} |"
        )
    found, corrected = history["error"], history["after_correction"]
    lines += [
        "",
        *(
            f"- {what}: {errors[key]['median']:.1%} off in the median, {errors[key]['worst']:.1%} at worst"
            for what, key, errors in (
                ("Time of training", "seconds", found),
                ("Peak of memory", "memory_mb", found),
                ("Time, each corrected by all others, as plans are once runs have been made", "seconds", corrected),
                ("Memory, corrected in the same way", "memory_mb", corrected),
            )
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _line(planned: Planned, row: dict[str, Any]) -> str:
    forecast, outcome, error = row["forecast"], row["outcome"], row["error"]
    return (
        f"{planned.name:40s} {forecast['seconds']:7.1f} {outcome['seconds']:7.1f} s {error['seconds']:+7.1%}   "
        f"{forecast['memory_mb']:7,.0f} {outcome['memory_mb']:7,.0f} MB {error['memory_mb']:+7.1%}   in all "
        f"{forecast['total_seconds']:.0f} {outcome['total_seconds']:.0f} s, probe {row['probe_seconds']:.0f} s"
    )


def main() -> None:
    """Run all, print the errors, write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", help="names of runs, with commas; all by default")
    asked = parser.parse_args().runs
    chosen = [planned for planned in RUNS if asked is None or planned.name in asked.split(",")]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        os.environ |= {"HF_HUB_OFFLINE": "1"}
        for number, planned in enumerate(chosen):
            # A log of its own for each run, so that none is corrected by those before it.
            folder = Path(place) / f"{number}"
            folder.mkdir()
            os.environ["AFINA_STATE"] = str(folder / "state")
            rows.append(run(planned, folder))
            row = rows[-1]
            print(_line(planned, row), flush=True)
        os.environ["AFINA_STATE"] = str(Path(place) / "state")
        history = afina("plan", "--history", *(str(Path(place) / f"{number}" / "run") for number in range(len(chosen))))
    machine = describe()
    errors = {key: history[key] for key in ("error", "after_correction")}
    print(json.dumps(errors, indent=2))
    if asked is None:
        write_result("forecast", {"machine": machine, "runs": rows, **errors})
        PAGE.write_text(as_markdown(rows, errors, machine), encoding="utf-8")


if __name__ == "__main__":
    main()
