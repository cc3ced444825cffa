"""Training speed: the usual recipe, the usual recipe without fixed padding, and afina; the same texts, sides in turn.

    python benchmarks/training.py [--sets sst2_train,imdb_train] [--sides padded,grouped,afina] [--repeats N]

- padded: Hugging Face `Trainer`, every text padded to 128 tokens (256 for the long set), batches of 16
- grouped: `Trainer`, each batch padded to its longest text, texts grouped by length, batches of 16
- afina: through the code of `afina train`, method full, its defaults
- afina-fp32 and afina-frozen: the same in fp32, and with the lower layers frozen
- padded-bf16 and grouped-bf16: `Trainer` with `bf16=True`, which nobody gets without asking for it

Every side and repeat is a process of its own: the same pretrained weights and new head (compared by their hash), the
same texts and number of epochs, the same threads. The clock runs from the first step to the last. Loading, tokenizing
and testing are left out, and no side saves or logs; filling a prefix cache counts. A repeat draws its texts and seeds
by its number, so that accuracy is over as many seeds as there are repeats; the test texts are always the same.

Three shares of the machine's matrix-product rate are told, each operations over seconds over the rate of one product
of the model's widths in the same arithmetic, measured in the same process (_matrix_rate.py says what is counted):
"usual" counts all layers in full on real tokens, 6 operations a weight and token, whatever a side skips; "needed" only
what the method cannot do without; "done" all that was computed, padding and states that nobody reads included.

Prints medians and writes benchmarks/results/training.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from _machine import describe, write_result
from _sets import DATA, SETS, load_pool_and_test, write_texts
from afina.data import TextDataset, take

SIDES = ("padded", "grouped", "afina", "afina-fp32", "afina-frozen", "padded-bf16", "grouped-bf16")
MAX_TEST = {"sst2_train": 10_000, "imdb_train": 300}
AFINA = "afina"


def run_side(side: str, texts: Path, *, max_tokens: int, epochs: float, seed: int) -> dict[str, Any]:
    """One side, once; it must not touch the network."""
    script = Path(__file__).with_name("_training_side.py")
    command = [sys.executable, str(script), side, str(texts), str(max_tokens), str(epochs), str(seed)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def check_alike(runs: dict[str, dict[str, Any]]) -> None:
    """The sides of a repeat began alike."""
    for what in ("weights", "threads", "texts", "tokens"):
        found = {side: run[what] for side, run in runs.items()}
        if len(set(found.values())) > 1:
            raise SystemExit(f"The sides are not alike, {what}: {found}")


def run_set(
    name: str, pool: TextDataset, test: TextDataset, *, sides: Sequence[str], n_texts: int, repeats: int, epochs: float
) -> dict[str, list[dict[str, Any]]]:
    """Every side on a set, in turn; each repeat begins with another one."""
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.json"
        for repeat in range(repeats):
            write_texts(texts, train=take(pool, n_texts, seed=repeat), test=test)
            order = np.roll(np.array(sides), -repeat).tolist()
            found = {}
            for side in order:
                found[side] = run_side(
                    side, texts, max_tokens=SETS[name].max_tokens, epochs=epochs, seed=repeat
                )  # fmt: skip
                runs[side].append(found[side])
                print(
                    f"  {name}, repeat {repeat + 1}, {side}: {found[side]['seconds']:.1f} s, "
                    f"accuracy {found[side]['accuracy']:.3f}", flush=True,
                )  # fmt: skip
            check_alike(found)
    return runs


def summarise(runs: Sequence[dict[str, Any]], *, epochs: float) -> dict[str, Any]:
    """Medians over repeats; accuracy as mean and standard deviation over seeds."""
    accuracies = [run["accuracy"] for run in runs]

    def median(values: Any) -> float:
        return float(statistics.median(values))

    return {
        "seconds": median(run["seconds"] for run in runs),
        "texts_per_second": median(run["texts"] * epochs / run["seconds"] for run in runs),
        "tokens_per_second": median(run["tokens"] / run["seconds"] for run in runs),
        "share_of_matrix_rate": {
            count: median(
                run[f"operations_{count}"] / run["seconds"] / run["matrix_rates"][run["precision"]] for run in runs
            )
            for count in ("standard", "needed", "done")
        },
        "share_padding": median(1 - run["tokens"] / run["padded_tokens"] for run in runs),
        "precision": runs[0]["precision"],
        "matrix_gflops": {
            name: median(run["matrix_rates"][name] / 1e9 for run in runs) for name in runs[0]["matrix_rates"]
        },
        "megabytes": median(run["megabytes"] for run in runs),
        "megabytes_before": median(run["megabytes_before"] for run in runs),
        "accuracy": statistics.mean(accuracies),
        "accuracy_deviation": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        "settings": runs[0]["settings"],
    }


def gains(runs: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """How many times faster each side of afina is than each other side: median, least and most over repeats."""
    found = {}
    for mine in (side for side in runs if side.startswith(AFINA)):
        for other in (side for side in runs if not side.startswith(AFINA)):
            ratios = [b["seconds"] / a["seconds"] for a, b in zip(runs[mine], runs[other], strict=True)]
            accuracies = [a["accuracy"] - b["accuracy"] for a, b in zip(runs[mine], runs[other], strict=True)]
            found[f"{other} -> {mine}"] = {
                "median": statistics.median(ratios), "least": min(ratios), "most": max(ratios),
                "accuracy_difference": statistics.mean(accuracies),
            }  # fmt: skip
    return found


def show(name: str, sides: dict[str, dict[str, Any]], ratios: dict[str, dict[str, float]], *, n_test: int) -> None:
    """Print a set's table and ratios."""
    error = statistics.mean((row["accuracy"] * (1 - row["accuracy"]) / n_test) ** 0.5 for row in sides.values())
    print(f"{name}: medians; accuracy on {n_test} texts, one standard error of one test {error:.3f}")
    print(
        f"  {'side':13} {'texts/s':>8} {'tokens/s':>9} {'usual':>6} {'needed':>6} {'done':>6} {'of GFLOP/s':>11} "
        f"{'MB':>6} accuracy"
    )
    for side, row in sides.items():
        deviation, shares = row["accuracy_deviation"], row["share_of_matrix_rate"]
        print(
            f"  {side:13} {row['texts_per_second']:8.1f} {row['tokens_per_second']:9,.0f} "
            + " ".join(f"{share:6.0%}" for share in shares.values())
            + f" {row['matrix_gflops'][row['precision']]:4.0f} ({row['precision']}) {row['megabytes']:6.0f} "
            f"{row['accuracy']:.3f}" + (f" ± {deviation:.3f}" if deviation is not None else "")
        )
    rates = [row["matrix_gflops"] for row in sides.values()]
    print("  a matrix product at best:", ", ".join(f"{max(r[p] for r in rates):.0f} GFLOP/s in {p}" for p in rates[0]))
    for pair, ratio in ratios.items():
        print(
            f"  {pair}: {ratio['median']:.2f} times faster ({ratio['least']:.2f} to {ratio['most']:.2f}), "
            f"accuracy {ratio['accuracy_difference']:+.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default="sst2_train,imdb_train")
    parser.add_argument("--sides", default="padded,grouped,afina", help=f"of {', '.join(SIDES)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--texts-short", type=int, default=1500)
    parser.add_argument("--texts-long", type=int, default=400)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", default="training", help="name of the result; trials should not replace the real one")
    options = parser.parse_args()
    sides, names = options.sides.split(","), options.sets.split(",")
    if unknown := (set(sides) - set(SIDES)) | (set(names) - set(SETS)):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    results: dict[str, Any] = {}
    for name in names:
        pool, test = load_pool_and_test(name, options.data, max_test=MAX_TEST[name])
        n_texts = options.texts_short if SETS[name].max_tokens <= 128 else options.texts_long
        runs = run_set(
            name, pool, test, sides=sides, n_texts=n_texts, repeats=options.repeats, epochs=options.epochs
        )  # fmt: skip
        summary = {side: summarise(found, epochs=options.epochs) for side, found in runs.items()}
        ratios = gains(runs)
        show(name, summary, ratios, n_test=len(test))
        plain = {
            side: [{k: v for k, v in run.items() if k != "settings"} for run in found] for side, found in runs.items()
        }
        results[name] = {
            "texts": n_texts, "test_texts": len(test), "max_tokens": SETS[name].max_tokens, "sides": summary,
            "ratios": ratios, "runs": plain,
        }  # fmt: skip
        write_result(
            options.out, {**describe(), "epochs": options.epochs, "repeats": options.repeats, "sets": results}
        )  # fmt: skip


if __name__ == "__main__":
    main()
