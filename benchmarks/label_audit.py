"""How well `afina data audit` finds labels that were flipped at random: its ranking against TF-IDF's alone.

    python benchmarks/label_audit.py SOURCE... [--max-rows N] [--seeds N]

Flips 5 % and 20 % of the labels and prints the average precision of each ranking (chance is the share flipped), mean
over seeds; writes benchmarks/results/label_audit.json.
"""

from __future__ import annotations

import argparse
import statistics

from _machine import describe, write_result
from afina.data import source_name
from afina.recipes import audit_labels

FLIPS = (0.05, 0.2)
RANKINGS = ("tfidf", "embeddings", "both")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--max-rows", type=int, default=7000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    results = []
    for source in options.sources:
        audits = [
            audit_labels(source, flips=FLIPS, max_rows=options.max_rows, seed=seed).document
            for seed in range(options.seeds)
        ]
        for position, share in enumerate(FLIPS):
            rows = [audit["measured"][position] for audit in audits]
            result = {
                "source": source_name(source),
                "texts": audits[0]["texts"],
                "flipped": share,
                "average_precision": {
                    name: [round(row["average_precision"][name], 4) for row in rows] for name in RANKINGS
                },
                "likely_errors": [row["likely_errors"] for row in rows],
                "precision": [round(row["precision"], 4) for row in rows],
                "recall": [round(row["recall"], 4) for row in rows],
            }
            means = {name: statistics.mean(result["average_precision"][name]) for name in RANKINGS}
            print(
                f"{result['source']}, {result['texts']:,} texts, {share:.0%} flipped: "
                + ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
                + f"; likely errors: {statistics.mean(result['precision']):.0%} right, "
                f"{statistics.mean(result['recall']):.0%} found"
            )
            results.append(result)
    write_result("label_audit", {**describe(), "results": results})


if __name__ == "__main__":
    main()
