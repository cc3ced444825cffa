"""What the data card of the shipped sample says, held to it."""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from importlib import resources
from itertools import pairwise

import numpy as np
import pytest

from afina.data import find_overlap, load_dataset

KINDS = {"plain", "negation", "contrast", "faint_praise", "irony", "comparison", "mixed", "news"}
DOMAINS = {"app", "book", "event", "film", "hotel", "product", "public_service", "restaurant"}
# Share of distinct word trigrams among the first CR_TRIGRAMS of the Customer Reviews (Hu and Liu 2004), rows shuffled.
CR_TRIGRAMS, CR_DISTINCT = 59_232, 0.843


def words(text):
    return re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))


@pytest.fixture(scope="module")
def rows():
    folder = resources.files("afina.data") / "sample"
    return [
        json.loads(line) | {"split": split}
        for split in ("train", "dev", "test")
        for line in (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def test_splits_are_large_enough_and_balanced(rows):
    sizes = Counter(row["split"] for row in rows)
    assert sizes["train"] >= 800
    assert min(sizes["dev"], sizes["test"]) >= 200
    for split in sizes:
        labels = Counter(row["label"] for row in rows if row["split"] == split)
        assert labels["positive"] == pytest.approx(labels["negative"], rel=0.02), split


def test_half_is_positive_in_every_domain(rows):
    assert {row["domain"] for row in rows} == DOMAINS
    for domain in DOMAINS:
        labels = Counter(row["label"] for row in rows if row["domain"] == domain)
        assert labels["positive"] == pytest.approx(labels["negative"], rel=0.05), domain


def test_a_third_is_hard_in_all_the_ways_named(rows):
    kinds = Counter(row["kind"] for row in rows)
    assert set(kinds) == KINDS
    hard = len(rows) - kinds["plain"]
    assert 0.30 <= hard / len(rows) <= 0.37
    for split in ("train", "dev", "test"):
        here = [row for row in rows if row["split"] == split]
        assert sum(row["kind"] != "plain" for row in here) / len(here) == pytest.approx(hard / len(rows), abs=0.03)
    for kind in KINDS:
        labels = Counter(row["label"] for row in rows if row["kind"] == kind)
        assert labels["positive"] == pytest.approx(labels["negative"], rel=0.15), kind


def test_lengths_are_those_of_real_reviews(rows):
    lengths = [len(row["text"].split()) for row in rows]
    assert min(lengths) >= 4
    assert max(lengths) <= 150
    assert 25 <= statistics.median(lengths) <= 35
    by_label = [
        statistics.mean(len(r["text"]) for r in rows if r["label"] == name) for name in ("negative", "positive")
    ]
    assert max(by_label) / min(by_label) < 1.15, "length alone must not tell the label"


def test_registers_vary(rows):
    texts = [row["text"] for row in rows]
    assert sum(text[-1].isalnum() for text in texts) / len(texts) > 0.05
    assert sum(any(ord(char) > 0x2600 for char in text) for text in texts) / len(texts) > 0.03
    assert sum(text == text.lower() for text in texts) / len(texts) > 0.03


def test_no_two_reviews_share_a_run_of_eight_words(rows):
    seen = {}
    for number, row in enumerate(rows):
        here = words(row["text"])
        for start in range(len(here) - 7):
            run = tuple(here[start : start + 8])
            assert seen.setdefault(run, number) == number, " ".join(run)


def test_openings_are_not_a_template(rows):
    openings = Counter(tuple(words(row["text"])[:3]) for row in rows)
    assert openings.most_common(1)[0][1] <= 0.01 * len(rows)


def test_the_wording_is_at_least_as_varied_as_in_real_customer_reviews(rows):
    order = np.random.default_rng(0).permutation(len(rows))
    trigrams = [t for i in order for w in [words(rows[i]["text"])] for t in zip(w, w[1:], w[2:], strict=False)]
    assert len(trigrams) >= CR_TRIGRAMS
    assert len(set(trigrams[:CR_TRIGRAMS])) / CR_TRIGRAMS >= CR_DISTINCT


def test_no_near_duplicates_stand_across_splits():
    parts = [load_dataset(f"sample:{split}")[0] for split in ("train", "dev", "test")]
    for first, second in (*pairwise(parts), (parts[0], parts[2])):
        assert not find_overlap(first.normal_forms, second.normal_forms)


def test_every_row_is_used():
    for split in ("train", "dev", "test"):
        dataset, notes = load_dataset(f"sample:{split}")
        assert len(dataset) == notes.rows
        assert dataset.labels.names == ("negative", "positive")
