import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tokenization.test_named import byte_fallback
from tokenizers import Tokenizer, models, pre_tokenizers

from afina.tokenization.adapt import KINDS, train_tokenizer
from afina.tokenization.named import name_tokenizer
from afina.tokenization.segments import KINDS as PIECE_KINDS
from afina.tokenization.segments import LONGEST_EXAMPLE, choose_examples, count_tokens, cut_text, segment


@pytest.fixture(scope="module")
def tokenizers():
    trained = [name_tokenizer(kind, train_tokenizer(kind, ["the good film isn't año ½"] * 3)) for kind in KINDS]
    return [*trained, name_tokenizer("llama", byte_fallback())]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_pieces_put_together_are_the_text(tokenizers, text):
    for named in tokenizers:
        segments = segment(named, text)
        assert "".join(surface for surface, _ in segments) == text
        assert count_tokens(segments) == len(named.encode([text])[0])
        assert {kind for _, kind in segments} <= set(PIECE_KINDS)


def test_kinds_are_told_apart(wordpiece):
    named = name_tokenizer("x", wordpiece)
    assert segment(named, "The goodi 🙂") == [
        ("The", "word"), (" ", "space"), ("good", "piece"), ("i", "piece"), (" ", "space"), ("🙂", "unknown"),
    ]  # fmt: skip


def test_bytes_of_one_character_share_it():
    named = name_tokenizer("x", train_tokenizer("bytes", ["x"]))
    assert segment(named, "a 🙂") == [("a", "word"), (" ", "mark"), ("🙂", "shared"), *[("", "shared")] * 3]


def test_a_word_with_its_blank_is_a_word():
    named = name_tokenizer("x", train_tokenizer("bpe", ["a good film, a good end"] * 5))
    assert segment(named, "a good,") == [("a", "word"), (" good", "word"), (",", "mark")]


def test_what_no_token_holds_is_shown():
    tokenizer = Tokenizer(models.BPE({"a": 0}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    assert segment(name_tokenizer("x", tokenizer), "a zz") == [("a", "word"), (" ", "space"), ("zz", "dropped")]


def test_examples_are_of_all_lengths_and_hard_ones_first():
    texts = [f"plain text {'word ' * (i % 40)} here" for i in range(400)] + ["it is not 7 año 🙂"]
    chosen = choose_examples(texts, seed=0)
    assert len(chosen) == len(set(chosen)) == 10
    assert "it is not 7 año 🙂" in chosen
    assert max(map(len, chosen)) <= LONGEST_EXAMPLE
    assert len(chosen[0]) < 40 < 80 < len(chosen[-1])
    assert choose_examples(texts, seed=0) == chosen


def test_few_texts_give_few_examples():
    assert choose_examples(["a", "b", "a", " "], seed=0) == ["a", "b"]
    assert choose_examples([], seed=0) == []


def test_long_texts_end_between_words():
    assert cut_text("word " * 50, 12) == "word word"
    assert cut_text("x" * 50, 12) == "x" * 12
    assert cut_text("short", 12) == "short"
