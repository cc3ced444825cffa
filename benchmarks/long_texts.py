"""What is read of a long text: its head, its head and tail, or windows; accuracy and seconds on IMDB.

    python benchmarks/long_texts.py [--texts N] [--max-tokens 128,256] [--seeds N]

Each way trains by the code of `afina train`, upper half of the layers, on the same texts for two epochs, and is tested
on the same 1,000 reviews of a held-out tenth. Prints a table; writes benchmarks/results/long_texts.json.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from _afina_training import UNDISTURBED, PausableClock, fit, prepare
from _machine import describe, write_result
from _sets import DATA, load_pool_and_test
from afina.config import load_config
from afina.data import TextDataset, take
from afina.evaluation import evaluate
from afina.recipes.reporting import Silent

MODES = ("head", "head-tail", "windows")
MAX_TEST = 1000


def measure(pool: TextDataset, test: TextDataset, *, mode: str, max_tokens: int, seed: int) -> dict[str, Any]:
    """Train and test one way of reading."""
    options = {
        **UNDISTURBED, "modeling.method": "frozen", "tokenization.long_text": mode,
        "tokenization.max_tokens": max_tokens, "training.epochs": 2.0, "training.seed": seed,
    }  # fmt: skip
    config, _ = load_config(options=options)
    clock = PausableClock()
    prepared = prepare(config, pool, seconds=None)
    clock = PausableClock()
    fitted = fit(prepared, clock=clock, reporter=Silent(), seconds=None)
    classifier = prepared.session.finish()
    evaluation = evaluate(
        classifier, test, samples=1000, share_truncated=classifier.share_truncated(test.texts)
    ).as_dict()
    return {
        "mode": mode, "max_tokens": max_tokens, "seed": seed, "accuracy": evaluation["accuracy"],
        "share_truncated": evaluation["share_truncated"], "tokens_a_text": fitted.state.tokens_seen / (2 * len(pool)),
        "training_seconds": round(clock(), 1), "test_texts_per_second": round(evaluation["texts_per_second"], 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--max-tokens", default="128,256")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    pool, test = load_pool_and_test("imdb_train", DATA, max_test=MAX_TEST)
    pool = take(pool, options.texts, seed=0)
    results = []
    for seed in range(options.seeds):
        for max_tokens in map(int, options.max_tokens.split(",")):
            for mode in MODES:
                results.append(measure(pool, test, mode=mode, max_tokens=max_tokens, seed=seed))
                print({key: value for key, value in results[-1].items() if key != "confusion"}, flush=True)
    write_result("long_texts", {**describe(), "texts": len(pool), "test": len(test), "results": results})
    for max_tokens in map(int, options.max_tokens.split(",")):
        for mode in MODES:
            own = [r for r in results if r["mode"] == mode and r["max_tokens"] == max_tokens]
            accuracy = statistics.mean(r["accuracy"]["value"] for r in own)
            seconds = statistics.mean(r["training_seconds"] for r in own)
            print(f"{mode:10} {max_tokens:4} tokens: {accuracy:.3f}, {seconds:.0f} s of training")


if __name__ == "__main__":
    main()
