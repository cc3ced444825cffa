import pytest
from tokenizers import Tokenizer

from afina.errors import ConfigError, DataError
from afina.tokenization.adapt import KINDS, SPECIAL_TOKENS, train_tokenizer

TEXTS = [f"the {word} film wasn't {other}, año {i}" for i, (word, other) in enumerate(
    [("good", "bad"), ("lovely", "dull"), ("unlovely", "badly made"), ("best", "worst"), ("goodish", "baddish")] * 6
)]  # fmt: skip
HARD = "  Über 🙂 año\n\tisn't  ½ 你好 "


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_texts_give_the_same_bytes(kind):
    first = train_tokenizer(kind, TEXTS, vocabulary_size=120).to_str()
    assert all(train_tokenizer(kind, TEXTS, vocabulary_size=120).to_str() == first for _ in range(4))


@pytest.mark.parametrize("kind", KINDS)
def test_each_can_feed_an_encoder(kind):
    tokenizer = train_tokenizer(kind, TEXTS, vocabulary_size=300)
    assert [tokenizer.id_to_token(i) for i in range(4)] == list(SPECIAL_TOKENS)
    ids = tokenizer.encode("the good film").ids
    assert (ids[0], ids[-1]) == (2, 3)
    assert len(ids) > 4
    assert not set(ids[1:-1]) & {0, 1, 2, 3}
    again = Tokenizer.from_str(tokenizer.to_str())
    assert again.encode(HARD).ids == tokenizer.encode(HARD).ids


@pytest.mark.parametrize("kind", ["bpe", "bytes"])
def test_byte_level_tokenizers_lose_nothing(kind):
    tokenizer = train_tokenizer(kind, TEXTS, vocabulary_size=300)
    assert tokenizer.decode(tokenizer.encode(HARD).ids) == HARD


def test_bytes_are_256_and_a_byte_is_a_token():
    tokenizer = train_tokenizer("bytes", TEXTS)
    assert tokenizer.get_vocab_size() == 260
    assert len(tokenizer.encode("año 🙂", add_special_tokens=False).ids) == len("año 🙂".encode())


def test_characters_come_back_where_they_were_seen():
    tokenizer = train_tokenizer("chars", TEXTS)
    assert tokenizer.decode(tokenizer.encode("a good año").ids) == "a good año"
    assert tokenizer.encode("🙂", add_special_tokens=False).tokens == ["[UNK]"]


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram", "wordlevel"])
def test_the_size_is_kept(kind):
    texts = [text + " " + "".join(chr(97 + (i * 7 + j * j) % 26) for j in range(9)) for i, text in enumerate(TEXTS)] * 2
    sizes = [train_tokenizer(kind, texts, vocabulary_size=size).get_vocab_size() for size in (40, 50, 280)]
    if kind == "bpe":
        assert sizes[:2] == [260, 260]
        assert sizes[2] == 280
    else:
        assert sizes[:2] == [40, 50]
        assert 50 < sizes[2] <= 280


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram"])
def test_frequent_words_become_whole_tokens_and_new_ones_are_cut(kind):
    tokenizer = train_tokenizer(kind, TEXTS * 3, vocabulary_size=400)
    assert len(tokenizer.encode("film", add_special_tokens=False).ids) <= 2
    assert len(tokenizer.encode(" film", add_special_tokens=False).ids) == 1
    assert len(tokenizer.encode(" filmgood", add_special_tokens=False).ids) > 1


def test_lowercase_folds_capitals_and_keeps_accents():
    for kind in KINDS:
        tokenizer = train_tokenizer(kind, [*TEXTS, "GOOD ÁRBOL arbol árbol"] * 2, vocabulary_size=600, lowercase=True)
        assert tokenizer.encode("ÁRBOL").ids == tokenizer.encode("árbol").ids != tokenizer.encode("arbol").ids


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "texts", [["a"], ["🙂"], ["你好吗 你好"], ["x" * 50_000], ["half \ud83d an emoji"], ["", "ok"]]
)
def test_any_text_gives_a_tokenizer(kind, texts):
    tokenizer = train_tokenizer(kind, texts, vocabulary_size=64)
    assert tokenizer.get_vocab_size() >= 5
    assert len(tokenizer.encode("a b 🙂").ids) >= 3


def test_bad_settings_are_told():
    with pytest.raises(ConfigError, match="Unknown kind of tokenizer: 'word'"):
        train_tokenizer("word", TEXTS)
    with pytest.raises(ConfigError, match="out of range: 3"):
        train_tokenizer("bpe", TEXTS, vocabulary_size=3)
    with pytest.raises(DataError, match="all are blank"):
        train_tokenizer("bpe", ["", " \n"])
