"""The figures of docs/concepts/tokenization.md: tokenizers on English and Spanish reviews, and accuracy under each.

    python benchmarks/tokenization.py [--minutes N]

Runs `compare_tokenizers` on the shipped English and Spanish samples and `measure_effect` on the English one, with the
embedded model's tokenizer and six trained on the spot; writes benchmarks/results/tokenization.json.
"""

from __future__ import annotations

import argparse
from typing import Any

from _machine import describe, write_result
from afina.recipes import compare_tokenizers
from afina.recipes.tokenizer_effect import measure_effect

TOKENIZERS = ("minilm", "wordpiece:4000", "bpe:4000", "unigram:4000", "wordlevel:4000", "chars", "bytes")
# 60 Spanish reviews to learn from do not give more.
TOKENIZERS_ES = ("minilm", "wordpiece:800", "bpe:800", "unigram:800", "wordlevel:800", "chars", "bytes")
FIGURES = (
    "name", "vocabulary", "fertility", "characters_per_token", "share_whole_words", "unknown_rate", "share_words_lost",
    "median_tokens", "p95", "share_truncated", "texts_per_second",
)  # fmt: skip


def study(source: str, tokenizers: tuple[str, ...]) -> dict[str, Any]:
    """The study of a source, without its example texts."""
    document = compare_tokenizers(source, tokenizers)
    print(f"{source}: {document['texts']:,} texts, {document['words']:,} words")
    rows = []
    for row in document["tokenizers"]:
        survival = {aspect: found["share"] for aspect, found in row["survival"].items()}
        rows.append({**{name: row[name] for name in FIGURES}, "padding": row["padding"], "survival": survival})
        print("  ", {name: rows[-1][name] for name in FIGURES}, survival)
    kept = ("texts", "trained_on", "words", "max_tokens", "boundary_agreement", "vocabulary_overlap")
    return {"source": source, **{key: document[key] for key in kept}, "tokenizers": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=16)
    options = parser.parse_args()
    studies = [study("sample", TOKENIZERS), study("sample:es", TOKENIZERS_ES)]
    effect = measure_effect("sample", TOKENIZERS, minutes=options.minutes)
    for row in effect["scratch"]["models"]:
        print(row["tokenizer"], row["accuracy"], "behind the best", row["behind_best"])
    print(effect["baseline"], effect["pretrained"])
    write_result("tokenization", {**describe(), "studies": studies, "effect": effect})


if __name__ == "__main__":
    main()
