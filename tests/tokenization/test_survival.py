import pytest
from tests.tokenization.test_named import byte_fallback
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from afina.tokenization.adapt import train_tokenizer
from afina.tokenization.named import name_tokenizer
from afina.tokenization.survival import ACCENT_PROBES, CASE_PROBES, survival

TEXTS = ["The film is not good and it isn't bad 🙂 in 2024", "no, never again: THE END of it 😡 3.14"]


def words_only(*words, lowercase=False):
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(("[UNK]", *words))}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if lowercase:
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    return name_tokenizer("x", tokenizer)


def test_negations_kept_are_those_with_a_token_of_their_own():
    found = survival(words_only("not", "isn't"), TEXTS)["negations"]
    assert found["in_texts"] == {"kept": 2, "of": 4}  # not, isn't, no, never
    assert {"no", "never"} <= set(found["lost"])
    assert found["share"] == found["kept"] / found["of"]


def test_the_end_of_a_contraction_counts_when_it_is_a_token():
    for tokens, pieces, kept in ((("isn", "##'", "##t"), ["isn", "'", "t"], 0), (("is", "##n't"), ["is", "n't"], 1)):
        vocabulary = {token: i for i, token in enumerate(("[UNK]", *tokens))}
        tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        found = survival(name_tokenizer("x", tokenizer), ["the film of it and to isn't"])["negations"]
        assert found["pieces"]["isn't"] == pieces
        assert found["in_texts"] == {"kept": kept, "of": 1}


def test_spanish_negations_are_looked_for_in_spanish():
    texts = ["la película no es de las que olvido jamás y en el cine nunca"]
    found = survival(words_only("no", "jamás"), texts)["negations"]
    assert found["in_texts"] == {"kept": 2, "of": 3}
    assert "nunca" in found["lost"]


def test_bytes_keep_everything_apart_but_no_word_whole():
    found = survival(name_tokenizer("x", train_tokenizer("bytes", TEXTS)), TEXTS)
    assert [found[aspect]["share"] for aspect in ("emoji", "numbers", "accents", "case")] == [1, 1, 1, 1]
    assert found["negations"]["share"] == 0


def test_byte_fallback_keeps_emoji_apart():
    assert survival(name_tokenizer("x", byte_fallback()), ["good"])["emoji"]["share"] == 1


def test_lower_casing_without_accents_loses_both():
    named = words_only("ano", "us", "año", lowercase=True)
    found = survival(named, ["US año"])
    assert found["case"]["kept"] == found["accents"]["kept"] == 0
    assert (found["case"]["listed"]["of"], found["accents"]["listed"]["of"]) == (len(CASE_PROBES), len(ACCENT_PROBES))
    assert found["accents"]["in_texts"] == {"kept": 0, "of": 1}


def test_case_and_accents_are_kept_where_the_word_is_known():
    found = survival(words_only("US", "us", "año"), ["US US año"])
    assert found["case"]["in_texts"] == {"kept": 2, "of": 2}
    assert found["accents"]["in_texts"] == {"kept": 1, "of": 1}


@pytest.mark.parametrize(("known", "kept"), [(("🙂", "😡"), 3), (("🙂",), 2), ((), 0)])
def test_an_emoji_survives_as_itself(known, kept):
    found = survival(words_only(*known), ["🙂 🙂 😡"])["emoji"]
    assert found["in_texts"] == {"kept": kept, "of": 3}


def test_two_emoji_with_the_same_ids_are_both_lost():
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "face": 1}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Replace("🙂", "face"), normalizers.Replace("😡", "face")])
    found = survival(name_tokenizer("x", tokenizer), ["🙂 😡"])["emoji"]
    assert found["in_texts"] == {"kept": 0, "of": 2}


def test_numbers_must_come_back_exactly():
    named = name_tokenizer("x", train_tokenizer("chars", ["0123456789.,:%/ "]))
    assert survival(named, ["7.5 and 12:30"])["numbers"]["share"] == 1
    found = survival(words_only("2024"), ["2024 and 7.5"])["numbers"]
    assert found["in_texts"] == {"kept": 1, "of": 2}
    assert "7.5" in found["lost"]
