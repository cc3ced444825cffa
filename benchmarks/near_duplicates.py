"""Near-duplicates by afina's exact join against MinHash with banding (datasketch): the same texts, both sides in turn.

    python benchmarks/near_duplicates.py SOURCE... [--repeats N]

Both sides look for pairs of texts whose sets of words have a Jaccard similarity of at least 0.8. MinHash has 128
permutations in 25 bands of 5, which finds a pair of similarity 0.8 with a probability of 0.9999; its candidates are
compared in full, so that it gives no false pairs either. Prints the ratio of seconds and how many pairs each found;
writes benchmarks/results/near_duplicates.json.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
from datasketch import MinHash, MinHashLSH

from _machine import describe, write_result
from afina.data import clean_text, normalise, read_texts, source_name
from afina.data.similarity import NEAR_JACCARD, WordSets, candidate_pairs

BANDS, ROWS = 25, 5

Pairs = set[tuple[int, int]]


def by_join(forms: Sequence[str]) -> Pairs:
    """Pairs found by afina, which finds all."""
    sets = WordSets.of(forms)
    everywhere = np.arange(len(forms))
    pairs: Pairs = set()
    for one, other in candidate_pairs(sets, everywhere, everywhere):
        one, other = one[other < one], other[other < one]
        near = sets.similarity(one, other) >= NEAR_JACCARD
        pairs.update(zip(other[near].tolist(), one[near].tolist(), strict=True))
    return pairs


def by_minhash(forms: Sequence[str]) -> Pairs:
    """Pairs found by MinHash and compared in full."""
    sets = [frozenset(form.split()) for form in forms]
    hashes = MinHash.bulk([[word.encode() for word in words] for words in sets], num_perm=128)
    index = MinHashLSH(num_perm=128, params=(BANDS, ROWS))
    pairs: Pairs = set()
    for position, minhash in enumerate(hashes):
        for other in index.query(minhash):
            shared = len(sets[other] & sets[position])
            if shared >= NEAR_JACCARD * (len(sets[other]) + len(sets[position]) - shared):
                pairs.add((other, position))
        index.insert(position, minhash)
    return pairs


def timed(find: Callable[[Sequence[str]], Pairs], forms: Sequence[str]) -> tuple[float, Pairs]:
    """Seconds and pairs."""
    started = time.perf_counter()
    pairs = find(forms)
    return time.perf_counter() - started, pairs


def compare(source: str, repeats: int) -> dict[str, object]:
    """Both sides on one source."""
    raw = read_texts(source, need_label=False)
    forms = list(dict.fromkeys(normalise(clean_text(row.text)) for row in raw.texts))
    sides = {"afina": by_join, "minhash": by_minhash}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    found: dict[str, Pairs] = {}
    for _ in range(repeats):
        for name, find in sides.items():
            spent, found[name] = timed(find, forms)
            seconds[name].append(spent)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratio = medians["minhash"] / medians["afina"]
    missed = len(found["afina"] - found["minhash"])
    words = float(np.mean([len(form.split()) for form in forms]))
    print(
        f"{source_name(source)}: {len(forms):,} texts of {words:.0f} words; afina {medians['afina']:.2f} s, "
        f"MinHash {medians['minhash']:.2f} s, ratio {ratio:.1f}; {len(found['afina']):,} pairs, "
        f"of which MinHash misses {missed:,}"
    )
    return {
        "source": source_name(source), "texts": len(forms), "mean_words": words, "seconds": seconds,
        "median_seconds": medians, "ratio": ratio, "pairs": {name: len(pairs) for name, pairs in found.items()},
        "missed_by_minhash": missed, "missed_by_afina": len(found["minhash"] - found["afina"]),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    results = [compare(source, options.repeats) for source in options.sources]
    write_result("near_duplicates", {**describe(), "sources": results})


if __name__ == "__main__":
    main()
