import json
import subprocess
import sys

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from afina.errors import ModelError
from afina.tokenization.adapt import KINDS, train_tokenizer
from afina.tokenization.named import name_tokenizer, read_tokenizer_file

TEXTS = ["the good film was good", "the bad film was bad"] * 5


def byte_fallback() -> Tokenizer:
    """BPE over a few letters that spells all else in bytes, as Llama does."""
    tokens = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *"▁abcgood", "oo", "▁g"]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    model = models.BPE(vocab=vocabulary, merges=[("o", "o"), ("▁", "g")], unk_token="<unk>", byte_fallback=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def test_each_kind_is_told_by_its_type():
    names = ["WordPiece", "byte-level BPE", "Unigram", "WordLevel", "characters", "bytes"]
    assert [name_tokenizer(kind, train_tokenizer(kind, TEXTS)).type for kind in KINDS] == names
    assert name_tokenizer("llama", byte_fallback()).type == "BPE with byte fallback"


def test_padding_and_truncation_it_carries_are_dropped_and_the_original_keeps_them(wordpiece):
    carrying = Tokenizer.from_str(wordpiece.to_str())
    carrying.enable_padding(length=40, pad_id=3)
    carrying.enable_truncation(max_length=5)
    named = name_tokenizer("x", carrying)
    assert [len(encoding) for encoding in named.encode(["good", "good bad " * 30])] == [1, 60]
    assert named.pad_id == 3
    assert carrying.padding is not None
    assert carrying.truncation is not None


def test_a_limit_of_1e30_is_no_limit(wordpiece):
    assert name_tokenizer("x", wordpiece, max_tokens=1e30).max_tokens is None
    assert name_tokenizer("x", wordpiece, max_tokens=int(1e30)).max_tokens is None
    assert name_tokenizer("x", wordpiece, max_tokens=512).max_tokens == 512
    assert name_tokenizer("x", wordpiece).max_tokens is None


def test_lower_casing_special_tokens_and_the_unknown_are_found(wordpiece, plain_words):
    named = name_tokenizer("x", wordpiece)
    assert (named.lowercases, named.n_special, named.unknown_id) == (True, 2, 1)
    plain = name_tokenizer("x", plain_words)
    assert (plain.lowercases, plain.n_special, plain.unknown_id, plain.pad_id) == (False, 0, 0, None)
    assert name_tokenizer("x", train_tokenizer("bpe", TEXTS)).unknown_id is None
    assert name_tokenizer("x", train_tokenizer("unigram", TEXTS)).unknown_id == 1


def test_added_tokens_are_counted_and_kept_whole(plain_words):
    tokenizer = Tokenizer.from_str(plain_words.to_str())
    tokenizer.add_tokens(["<user name>", "so-so"])
    named = name_tokenizer("x", tokenizer)
    assert (named.n_added, named.vocabulary) == (2, 6)
    assert named.encode(["good so-so <user name>"])[0].tokens == ["good", "so-so", "<user name>"]


def test_half_an_emoji_is_read(wordpiece):
    assert len(name_tokenizer("x", wordpiece).encode(["good \ud83d bad"])[0]) == 3


@pytest.mark.parametrize(
    "model", [models.WordPiece({}, unk_token="[UNK]"), models.BPE(), models.WordLevel({}, "[UNK]")]
)
def test_an_empty_vocabulary_is_refused(model):
    with pytest.raises(ModelError, match="'x' has an empty vocabulary"):
        name_tokenizer("x", Tokenizer(model))


def test_a_tokenizer_that_misses_its_unknown_token_is_told():
    tokenizer = Tokenizer(models.WordLevel({"good": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(ModelError, match="'x' cannot read the texts"):
        name_tokenizer("x", tokenizer).encode(["good bad"])


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"version": "1.0"}', "", "\x00\xff"])
def test_a_broken_file_is_one_sentence(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ModelError, match="Not a tokenizer file"):
        read_tokenizer_file("x", path)


def test_a_file_tells_its_padding(tmp_path, wordpiece, plain_words):
    carrying = Tokenizer.from_str(wordpiece.to_str())
    carrying.enable_padding(direction="left", pad_id=0, pad_token="[PAD]")
    carrying.save(str(tmp_path / "left.json"))
    named = read_tokenizer_file("x", tmp_path / "left.json")
    assert (named.padding_side, named.pad_id) == ("left", 0)
    spec = json.loads(plain_words.to_str())
    del spec["model"]["vocab"]["[PAD]"]
    (tmp_path / "none.json").write_text(json.dumps(spec))
    assert read_tokenizer_file("x", tmp_path / "none.json").pad_id is None


def test_the_room_needs_no_torch():
    code = "import sys, afina.tokenization; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
