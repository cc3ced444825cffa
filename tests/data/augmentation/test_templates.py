from __future__ import annotations

import random

import pytest

from afina.data.augmentation.templates import fill, fill_each, fill_many, slots_of, tidy

LEXICON = {"thing": ["apple", "pear", "plum"], "good": ["useful", "honest", "fine"], "group": ["old", "young"]}


def test_slots_take_words_of_their_lists():
    text = fill("the {thing} is {good}.", LEXICON, random.Random(0))
    words = text.rstrip(".").split()
    assert words[0] == "The"
    assert words[1] in LEXICON["thing"]
    assert words[3] in LEXICON["good"]
    assert slots_of("{thing1} and {thing2}, {good}") == {"thing", "good"}


def test_the_same_slot_takes_the_same_word_and_numbered_ones_different_words():
    for seed in range(20):
        one, other = fill("{thing} {thing}", LEXICON, random.Random(seed)).lower().split()
        assert one == other
        assert len(set(fill("{thing1} {thing2} {thing3}", LEXICON, random.Random(seed)).lower().split())) == 3


def test_one_alternative_is_taken_and_may_hold_slots():
    found = {fill("it [was|is|felt like {thing}] so", LEXICON, random.Random(seed)) for seed in range(60)}
    assert found == {"It was so", "It is so", *(f"It felt like {thing} so" for thing in LEXICON["thing"])}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a apple and a pear", "An apple and a pear"),
        ("it is a honest one", "It is an honest one"),
        ("a useful thing, a hour", "A useful thing, an hour"),
        ("a European, a one", "A European, a one"),
        ("first. second! third? fourth", "First. Second! Third? Fourth"),
        ("  two   spaces ", "Two spaces"),
    ],
)
def test_articles_capitals_and_spaces_are_put_right(text, expected):
    assert tidy(text) == expected


def test_each_word_of_a_list_takes_its_turn_in_the_same_sentence():
    made = fill_each("a {group} man ate a {thing}", LEXICON, "group", random.Random(1))
    assert len({text.split()[-1] for text in made}) == 1
    assert [text.split()[:2] for text in made] == [["An", "old"], ["A", "young"]]


def test_many_are_different_and_templates_take_turns():
    made = fill_many(["the {thing}", "{good} it is"], LEXICON, 6, random.Random(0))
    assert len(set(made)) == 6
    assert sum(text.startswith("The") for text in made) == 3


def test_there_are_fewer_where_templates_hold_no_more():
    assert sorted(fill_many(["{thing}"], LEXICON, 50, random.Random(0))) == ["Apple", "Pear", "Plum"]


def test_equal_chance_gives_equal_sentences():
    templates = ["the {thing} [was|is] {good}"]
    first, again, other = (fill_many(templates, LEXICON, 8, random.Random(seed)) for seed in (3, 3, 4))
    assert first == again != other
