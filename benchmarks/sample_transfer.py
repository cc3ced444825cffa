"""The demo's model, and how it does on review data it was not trained on.

    python benchmarks/sample_transfer.py [--seeds N] [--data FOLDER]

Fine-tunes the embedded model on the shipped sample as `make demo` does, once per seed. Tests it on the test split of
the sample and on each real data set found in FOLDER (AFINA_DATA, or ../shared/data beside the project), of which it has
seen nothing. Writes benchmarks/results/sample_transfer.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from _machine import describe, write_result
from afina.config import load_config
from afina.recipes import evaluate_run, fine_tune

SETS = ("sst2_dev", "cr", "amazon_books", "amazon_electronics")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--budget", default="140s")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AFINA_DATA", beside)))
    options = parser.parse_args()
    sources = [str(path) for name in SETS if (path := options.data / f"{name}.parquet").exists()]
    runs = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            out = str(Path(folder) / "run")
            config, _ = load_config(options={"training.seed": seed, "training.budget": options.budget, "out": out})
            started = time.monotonic()
            summary = fine_tune(config).summary
            others = evaluate_run(out, sources)["results"] if sources else []
            runs.append(
                {
                    "seed": seed,
                    "seconds": time.monotonic() - started,
                    "seconds_of_the_command": summary["seconds"],
                    "epochs": summary["epochs"],
                    "tokens_per_second": summary["tokens_per_second"],
                    "sample_test": summary["test"]["accuracy"],
                    "sample_baseline": summary["baseline"]["accuracy"],
                    "others": {result["dataset"]: result["accuracy"] for result in others},
                }
            )
        shown = {name: round(value["value"], 3) for name, value in runs[-1]["others"].items()}
        print(f"seed {seed}: sample test {runs[-1]['sample_test']['value']:.3f}, others {shown}")
    result = {**describe(), "budget": options.budget, "runs": runs}
    result["median_sample_test"] = statistics.median(run["sample_test"]["value"] for run in runs)
    write_result("sample_transfer", result)


if __name__ == "__main__":
    main()
