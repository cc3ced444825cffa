from __future__ import annotations

import random
import re

import pytest

from afina.evaluation.behaviour.changes import CHANGES, change_text
from afina.evaluation.behaviour.suite_files import load_lexicon

LEXICON = load_lexicon()


def changed(change, text, seed=0, words=()):
    return change_text(change, text, random.Random(seed), lexicon=LEXICON, words=words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't like it, and it isn't new.", "I do not like it, and it is not new."),
        ("Can't say. I'm sure they're fine", "Cannot say. I am sure they are fine"),
        ("It is late and I do not care", "It's late and I don't care"),
        ("I have seen it", "I've seen it"),
        ("Yes, it is.", None),
        ("It's been a good day", None),
        ("Nothing to do here", None),
    ],
)
def test_contractions_are_written_out_or_drawn_together(text, expected):
    assert changed("contractions", text) == expected


@pytest.mark.parametrize("seed", range(10))
def test_names_are_exchanged_for_names_of_their_list_everywhere(seed):
    made = changed("names", "Anna met James, and Anna left. Annabel stayed.", seed)
    found = re.fullmatch(r"(\w+) met (\w+), and (\w+) left\. Annabel stayed\.", made)
    assert found[1] == found[3] != "Anna"
    assert found[1] in LEXICON["woman_name"]
    assert found[2] in set(LEXICON["man_name"]) - {"James"}


def test_places_and_dates_are_exchanged_within_their_kind():
    made = changed("places", "From London to Canada")
    city, country = re.fullmatch(r"From (\w+) to (\w+)", made).groups()
    assert city in LEXICON["city"]
    assert country in LEXICON["country"]
    assert changed("dates", "On Monday in June") not in (None, "On Monday in June")
    assert changed("names", "nobody was there") is None


@pytest.mark.parametrize("seed", range(20))
def test_numbers_change_a_little_and_marks_prices_and_years_do_not(seed):
    made = changed("numbers", "We waited 40 minutes", seed)
    assert 32 <= int(made.split()[2]) <= 48
    assert made != "We waited 40 minutes"
    for kept in ("5 out of 5", "4/5", "9 stars", "$30", "20%", "in 2019", "version 3.5", "1 cat"):
        assert changed("numbers", kept, seed) is None, kept


@pytest.mark.parametrize("seed", range(10))
def test_punctuation_changes_at_the_end_alone(seed):
    made = changed("punctuation", "It was late.", seed)
    assert made.rstrip(" .") == "It was late"
    assert made != "It was late."
    assert changed("punctuation", "Was it late?", seed) is None


@pytest.mark.parametrize("seed", range(10))
def test_neutral_words_change_one_word(seed):
    before = "the film was shown here, and we left"
    made = changed("neutral words", before, seed).split()
    assert sum(one != other for one, other in zip(before.split(), made, strict=True)) == 1
    assert changed("neutral words", "terrible") is None


@pytest.mark.parametrize("change", ["links and handles", "e-mail address"])
def test_links_lead_nowhere_and_stand_at_an_end(change):
    for seed in range(20):
        made = changed(change, "a text", seed)
        assert made.startswith("a text ") or made.endswith(" a text")
        assert re.search(r"example\.(com|org|net)|@\w+", made)


def test_what_is_added_is_one_of_the_words_of_the_test():
    assert changed("sentence added", "It broke", words=["Then I left."]) == "It broke. Then I left."
    assert changed("sentence added", "It broke!", words=["Then I left."]) == "It broke! Then I left."
    assert changed("opening added", "It broke", words=["Note:"]) == "Note: It broke"
    assert changed("emoji added", "It broke", words=["📦"]) == "It broke 📦"


def test_capitals_change_letters_only_in_size():
    for seed in range(10):
        assert changed("capitals", "A Text", seed) in ("a text", "A TEXT")
    assert changed("capitals", "42") is None


@pytest.mark.parametrize("change", CHANGES)
def test_equal_chance_makes_equal_changes_and_no_change_is_none(change):
    text = "Anna said they don't like the 30 films of London and Canada shown here on Monday."
    one, again = (changed(change, text, 5, words=["Fine."]) for _ in range(2))
    assert one == again
    assert one is not None
    assert one != text
