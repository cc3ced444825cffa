import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from afina.tokenization import Encoder

TEXTS = ["good film", "the bad film, and it was DULL!", "", "good"]


def test_token_ids_are_those_of_the_tokenizer(wordpiece):
    encodings = Encoder(wordpiece, 64).encode(TEXTS)
    for i, text in enumerate(TEXTS):
        assert encodings.of(i).tolist() == wordpiece.encode(text).ids


def test_texts_lie_end_to_end_without_padding(wordpiece):
    encodings = Encoder(wordpiece, 64).encode(TEXTS)
    lengths = [len(wordpiece.encode(text).ids) for text in TEXTS]
    assert encodings.lengths.tolist() == lengths
    assert encodings.n_tokens == len(encodings.token_ids) == sum(lengths)
    assert len(encodings) == len(TEXTS)
    assert encodings.token_ids.dtype == np.int32


@pytest.mark.parametrize(("max_tokens", "cut"), [(12, [False, False]), (11, [False, False]), (10, [False, True])])
def test_a_text_counts_as_truncated_only_when_it_lost_its_end(wordpiece, max_tokens, cut):
    encodings = Encoder(wordpiece, max_tokens).encode(["good bad", "good bad good bad good bad good bad good"])
    assert encodings.truncated.tolist() == cut
    assert encodings.share_truncated == sum(cut) / 2
    assert encodings.lengths.max() == min(11, max_tokens)


def test_a_cut_text_keeps_its_start_and_its_closing_token(wordpiece):
    encodings = Encoder(wordpiece, 8).encode(["good bad " * 20])
    kept = [wordpiece.id_to_token(i) for i in encodings.of(0)]
    assert kept == ["[CLS]", "good", "bad", "good", "bad", "good", "bad", "[SEP]"]


def test_padding_and_truncation_that_a_tokenizer_carries_are_ignored(wordpiece):
    carrying = Tokenizer.from_str(wordpiece.to_str())
    carrying.enable_padding(length=40, direction="left")
    carrying.enable_truncation(max_length=9, stride=3, direction="left")
    long = "good bad " * 20
    encodings = Encoder(carrying, 16).encode(["good bad", long])
    clean = Encoder(wordpiece, 16).encode(["good bad", long])
    assert encodings.token_ids.tolist() == clean.token_ids.tolist()
    assert encodings.lengths.tolist() == [4, 16]


def test_the_given_tokenizer_is_left_as_it_was(wordpiece):
    before = wordpiece.to_str()
    Encoder(wordpiece, 8).encode(TEXTS)
    assert wordpiece.to_str() == before


def test_no_texts_give_empty_encodings(wordpiece):
    encodings = Encoder(wordpiece, 8).encode([])
    assert (len(encodings), encodings.n_tokens, encodings.share_truncated) == (0, 0, 0.0)
    assert encodings.lengths.tolist() == []


def test_more_texts_than_one_call_takes_keep_their_order(plain_words):
    texts = ["good " * (i % 7) for i in range(9_000)]
    assert Encoder(plain_words, 8).encode(texts).lengths.tolist() == [i % 7 for i in range(9_000)]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), max_size=6))
def test_any_text_gives_between_two_and_max_tokens(wordpiece, texts):
    encodings = Encoder(wordpiece, 12).encode(texts)
    assert len(encodings) == len(texts)
    for i in range(len(texts)):
        ids = encodings.of(i)
        assert 2 <= len(ids) <= 12
        assert (wordpiece.id_to_token(ids[0]), wordpiece.id_to_token(ids[-1])) == ("[CLS]", "[SEP]")
