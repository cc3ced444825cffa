import numpy as np
import pytest
from tests.tokenization.test_named import byte_fallback
from tokenizers import Tokenizer, models, pre_tokenizers

from afina.errors import ConfigError
from afina.tokenization.adapt import KINDS, train_tokenizer
from afina.tokenization.named import name_tokenizer
from afina.tokenization.spans import StudyTexts, cut_words, inner_cuts, token_spans
from afina.tokenization.study import study_tokenizer


def measure(tokenizer, texts, max_tokens=128, **known):
    named, study = name_tokenizer("x", tokenizer, **known), StudyTexts.of(texts)
    return study_tokenizer(named, study, token_spans(named, study), max_tokens=max_tokens, seed=0)


def test_figures_are_those_counted_by_hand(wordpiece):
    # [CLS] the good film ##s [UNK] [UNK] [SEP] and [CLS] bad [SEP]; lower-cased.
    row = measure(wordpiece, ["The good films, 🙂", "bad"], max_tokens=6)
    assert row["tokens"] == 7
    assert row["fertility"] == 5 / 4
    assert row["characters_per_token"] == 20 / 7
    assert row["share_whole_words"] == 3 / 4
    assert row["unknown_rate"] == 2 / 7  # the comma and the emoji
    assert row["share_words_lost"] == 0
    assert (row["p5"], row["median_tokens"], row["max"]) == (3, 3, 8)
    assert row["share_truncated"] == 1 / 2
    assert row["share_tokens_truncated"] == 2 / 11
    assert (row["vocabulary"], row["special_tokens"], row["lowercases"]) == (wordpiece.get_vocab_size(), 2, True)


def test_padding_is_counted_in_the_batches_of_training(wordpiece):
    # 1,024 tokens hold all the texts, so each is padded to the longest.
    padding = measure(wordpiece, ["good", "good bad good bad good bad"], max_tokens=6)["padding"]
    assert (padding["real_tokens"], padding["batched_tokens"], padding["fixed_tokens"]) == (9, 12, 12)
    assert padding["batched"] == padding["fixed"] == 1 - 9 / 12
    mixed = measure(wordpiece, ["good"] * 600 + ["good bad " * 30] * 60)["padding"]
    assert mixed["batched"] < 0.1 < 0.8 < mixed["fixed"]


def test_the_limit_is_never_more_than_the_models_own(wordpiece):
    named, study = name_tokenizer("x", wordpiece, max_tokens=8), StudyTexts.of(["good bad " * 4])
    row = study_tokenizer(named, study, token_spans(named, study), max_tokens=128, seed=0)
    assert (row["limit"], row["share_truncated"], row["share_tokens_truncated"]) == (8, 1, 2 / 10)
    assert measure(wordpiece, ["good bad " * 4])["limit"] == 128


def test_a_limit_without_room_is_refused(wordpiece, plain_words):
    with pytest.raises(ConfigError, match="--max-tokens 2 leaves no room"):
        measure(wordpiece, ["good"], max_tokens=2)
    assert measure(plain_words, ["good"], max_tokens=1)["limit"] == 1


def test_lengths_are_true_lengths_whatever_the_file_says(wordpiece):
    carrying = Tokenizer.from_str(wordpiece.to_str())
    carrying.enable_padding(length=128)
    carrying.enable_truncation(max_length=12)
    row = measure(carrying, ["good", "good bad " * 50])
    assert (row["p5"], row["max"]) == (3, 102)


def test_words_lost_are_those_with_the_unknown_token(plain_words):
    row = measure(plain_words, ["good film bad", "film good"])
    assert row["share_words_lost"] == row["unknown_rate"] == 2 / 5
    assert row["share_whole_words"] == 3 / 5
    assert row["fertility"] == 1


def test_words_dropped_without_a_token_are_lost():
    # BPE without an unknown token passes over what it lacks.
    tokenizer = Tokenizer(models.BPE({"a": 0, "b": 1}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    row = measure(tokenizer, ["ab zz a"])
    assert row["share_words_lost"] == 1 / 3
    assert row["unknown_rate"] == 0
    assert row["tokens"] == 3


def test_bytes_of_a_letter_belong_to_its_word():
    row = measure(train_tokenizer("bytes", ["x"]), ["año 🙂"])
    assert row["tokens"] == 4 + 1 + 4
    assert row["fertility"] == 4
    row = measure(byte_fallback(), ["good é"])
    assert row["type"] == "BPE with byte fallback"
    assert row["unknown_rate"] == row["share_words_lost"] == 0
    assert row["fertility"] == (3 + 2) / 2  # ▁g oo d, and two bytes


def test_texts_without_words_have_no_figures_by_word(wordpiece):
    row = measure(wordpiece, ["🙂🙂", "!"])
    assert row["fertility"] is row["share_whole_words"] is row["share_words_lost"] is None
    assert row["unknown_rate"] == 1


def test_tokens_lie_on_the_characters_they_stand_for():
    texts = ["The films, año 🙂", "", "isn't  it \ud83d"]
    study = StudyTexts.of([text for text in texts if text])
    joined = "\n".join(study.texts)
    assert [joined[a:b] for a, b in zip(study.word_starts, study.word_ends, strict=True)] == [
        "The", "films", "año", "isn't", "it",
    ]  # fmt: skip
    for kind in KINDS:
        named = name_tokenizer(kind, train_tokenizer(kind, ["The film isn't it, año"] * 3))
        tokens = token_spans(named, study)
        assert tokens.lengths.sum() == len(tokens.ids) == len(tokens.starts)
        assert (tokens.starts <= tokens.ends).all()
        words = cut_words(study, tokens, named.unknown_id)
        assert not (words.whole & words.lost).any()
        cuts = inner_cuts(study, tokens)
        if kind in ("chars", "bytes"):
            assert len(cuts) == sum(study.word_ends - study.word_starts) - study.n_words
        assert (np.diff(cuts) > 0).all()


def test_a_text_of_100_000_characters_is_measured():
    row = measure(train_tokenizer("bpe", ["good film"] * 5), ["good film " * 10_000, "x" * 100_000])
    assert row["share_truncated"] == 1
    assert row["max"] > 100_000
