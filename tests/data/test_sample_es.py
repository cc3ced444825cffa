"""What the data card of the shipped Spanish sample says, held to it."""

from __future__ import annotations

import json
import re
import statistics
import unicodedata
from collections import Counter
from importlib import resources
from itertools import combinations

import pytest

from afina.data import load_dataset

DOMAINS = {"app", "book", "film", "hotel", "product", "restaurant"}
VARIETIES = {
    "es-ES": 24,
    "es-MX": 24,
    "es-AR": 18,
    "es-CO": 12,
    "es-CL": 12,
    "es-PE": 12,
    "es-UY": 6,
    "es-VE": 6,
    "es-CR": 3,
    "es-EC": 3,
}
SPANISH_LETTERS = set("áéíóúüñ")
# 0.992 are distinct; a few reworded reviews may move it, reviews from a template would lower it far more.
DISTINCT_TRIGRAMS = 0.985


def words(text):
    return re.findall(r"\w+", text.casefold())


@pytest.fixture(scope="module")
def path():
    return resources.files("afina.data") / "sample" / "es.jsonl"


@pytest.fixture(scope="module")
def card(path):
    return (path.parent / "README.es.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_rows_have_the_fields_of_the_card_and_nothing_else(rows):
    for row in rows:
        assert list(row) == ["text", "label", "domain", "variety"]
        assert row["text"] == row["text"].strip()
        assert row["label"] in {"positive", "negative"}


def test_half_is_positive_in_every_domain(rows):
    counts = Counter((row["domain"], row["label"]) for row in rows)
    assert counts == {(domain, label): 10 for domain in DOMAINS for label in ("positive", "negative")}


def test_varieties_are_counted_as_on_the_card_and_do_not_tell_the_label(rows, card):
    assert Counter(row["variety"] for row in rows) == VARIETIES
    on_card = {tag: int(count) for tag, count in re.findall(r"\| (es-[A-Z]{2}) [^|]+\| (\d+) ", card)}
    assert on_card == VARIETIES
    for variety in VARIETIES:
        labels = Counter(row["label"] for row in rows if row["variety"] == variety)
        assert abs(labels["positive"] - labels["negative"]) <= 1, variety


def test_lengths_are_those_on_the_card_and_do_not_tell_the_label(rows, card):
    lengths = [len(row["text"].split()) for row in rows]
    expected = f"{min(lengths)} to {max(lengths)} words, median {statistics.median(lengths):g}."
    assert expected in card
    assert min(lengths) >= 4
    assert max(lengths) <= 120
    assert statistics.median(lengths) == pytest.approx(28, abs=2)
    by_label = [
        statistics.mean(len(row["text"]) for row in rows if row["label"] == label) for label in ("negative", "positive")
    ]
    assert max(by_label) / min(by_label) < 1.15


def test_text_is_composed_and_without_stray_characters(rows):
    for row in rows:
        assert unicodedata.is_normalized("NFC", row["text"]), row["text"]
        # Zs other than the plain blank, and control characters, come from copying.
        odd = [char for char in row["text"] if char != " " and unicodedata.category(char) in {"Zs", "Cc", "Cf"}]
        assert not odd, row["text"]


def test_most_are_spelled_with_accents_and_some_are_not(rows):
    accented = sum(bool(SPANISH_LETTERS & set(row["text"].casefold())) for row in rows)
    assert 0.8 <= accented / len(rows) <= 0.95
    assert set("".join(row["text"].casefold() for row in rows)) >= SPANISH_LETTERS | set("¡¿")


def test_registers_vary(rows):
    texts = [row["text"] for row in rows]
    assert sum(text[-1].isalnum() for text in texts) / len(texts) > 0.05
    assert sum(any(ord(char) > 0x2600 for char in text) for text in texts) / len(texts) > 0.03
    assert sum(text == text.lower() for text in texts) / len(texts) > 0.03
    assert any(re.search(r"\b[A-ZÁÉÍÓÚÑ]{4,}\b", text) for text in texts)
    assert sum(bool({"os", "vuestro", "id"} & set(words(text))) for text in texts) >= 3, "vosotros"
    assert sum(bool({"vos", "tenés", "andá", "preguntás", "necesitás"} & set(words(text))) for text in texts) >= 3


def test_no_two_reviews_share_a_run_of_seven_words(rows):
    seen = {}
    for number, row in enumerate(rows):
        here = words(row["text"])
        for start in range(len(here) - 6):
            run = tuple(here[start : start + 7])
            assert seen.setdefault(run, number) == number, " ".join(run)


def test_no_two_reviews_are_alike(rows):
    sets = [set(words(row["text"])) for row in rows]
    for first, second in combinations(sets, 2):
        assert len(first & second) / len(first | second) < 1 / 3, sorted(first & second)


def test_openings_are_not_a_template(rows):
    openings = Counter(tuple(words(row["text"])[:2]) for row in rows)
    assert openings.most_common(1)[0][1] <= 2


def test_the_wording_is_varied(rows, card):
    trigrams = [run for row in rows for w in [words(row["text"])] for run in zip(w, w[1:], w[2:], strict=False)]
    share = len(set(trigrams)) / len(trigrams)
    assert share >= DISTINCT_TRIGRAMS
    assert f"{share:.0%} of its {len(trigrams):,} word trigrams".replace("%", " %") in card


def test_every_row_is_used(path, rows):
    dataset, notes = load_dataset(str(path))
    assert len(dataset) == notes.rows == len(rows)
    assert dataset.labels.names == ("negative", "positive")
