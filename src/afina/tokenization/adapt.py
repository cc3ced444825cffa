"""Tokenizers trained on a user's own texts: the same texts give the same bytes.

Each has [PAD] [UNK] [CLS] [SEP] as its first four tokens and puts [CLS] and [SEP] around a text, so that it can feed
an encoder of the BERT kind.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from afina.errors import ConfigError, DataError
from afina.tokenization.unigram import MARKER, train_unigram
from afina.utf8 import as_utf8

KINDS = ("wordpiece", "bpe", "unigram", "wordlevel", "chars", "bytes")
DEFAULT_VOCABULARY = 8_000
SMALLEST_VOCABULARY, LARGEST_VOCABULARY = 16, 500_000
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_, _UNKNOWN, _CLS, _SEP = SPECIAL_TOKENS
# Of more characters than this, as in Chinese, the rarest are left to the unknown token.
_MOST_CHARACTERS = 4_000
# A picture in base64 is one word to a trainer, whose time grows with the square of a word's length.
_LONG_RUN = re.compile(r"\S{500}(?=\S)")
# A pair of pieces that occurs once is no regularity of the texts.
_FEWEST_OCCURRENCES = 2


def train_tokenizer(
    kind: str, texts: Sequence[str], *, vocabulary_size: int = DEFAULT_VOCABULARY, lowercase: bool = False
) -> Tokenizer:
    """Train a tokenizer.

    Args:
        kind: `wordpiece`, `bpe` (byte-level), `unigram`, `wordlevel`, `chars` or `bytes` (always 256 of them).
        texts: Texts to learn from.
        vocabulary_size: Tokens wanted, special ones counted; the texts may give fewer.
        lowercase: Whether capitals are made small first; accents stay.

    Raises:
        ConfigError: The kind is unknown, or the size out of range.
        DataError: There is nothing to learn from.
    """
    if kind not in KINDS:
        raise ConfigError(f"Unknown kind of tokenizer: {kind!r}", hint=f"known are {', '.join(KINDS)}")
    if not SMALLEST_VOCABULARY <= vocabulary_size <= LARGEST_VOCABULARY:
        raise ConfigError(
            f"Vocabulary size out of range: {vocabulary_size:,}",
            hint=f"between {SMALLEST_VOCABULARY:,} and {LARGEST_VOCABULARY:,}",
        )
    usable = [_LONG_RUN.sub(r"\g<0> ", as_utf8(text)) for text in texts if text.strip()]
    if not usable:
        raise DataError("No texts to train a tokenizer on: all are blank")
    tokenizer = _TRAINERS[kind]([text.lower() for text in usable] if lowercase else usable, vocabulary_size)
    if lowercase:
        before = [tokenizer.normalizer] if tokenizer.normalizer is not None else []
        tokenizer.normalizer = normalizers.Sequence([*before, normalizers.Lowercase()])
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_CLS} $A {_SEP}",
        pair=f"{_CLS} $A {_SEP} $B {_SEP}",
        special_tokens=[(token, SPECIAL_TOKENS.index(token)) for token in (_CLS, _SEP)],
    )
    return tokenizer


def _common_characters(texts: Sequence[str], most: int) -> list[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    return sorted(counts, key=lambda char: (-counts[char], char))[: max(0, most)]


def _wordpiece(texts: Sequence[str], size: int) -> Tokenizer:
    normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    characters = [char for char in _common_characters(texts, _MOST_CHARACTERS) if not char.isspace()]
    characters = characters[: max(1, (size - len(SPECIAL_TOKENS)) // 2)]
    learner = Tokenizer(models.WordPiece(unk_token=_UNKNOWN))
    learner.normalizer, learner.pre_tokenizer = normalizer, pre_tokenizers.BertPreTokenizer()
    # The trainer meets continuing characters in an order that differs from run to run, and ties between pairs follow
    # it; given as special tokens they have their places beforehand.
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=_FEWEST_OCCURRENCES,
        special_tokens=[*SPECIAL_TOKENS, *("##" + char for char in characters)],
        initial_alphabet=characters,
        limit_alphabet=len(characters),
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    tokenizer = Tokenizer(models.WordPiece(json.loads(learner.to_str())["model"]["vocab"], unk_token=_UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _byte_level(use_words: bool, vocabulary: dict[str, int] | None = None) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocabulary or {}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_words)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _bpe(texts: Sequence[str], size: int) -> Tokenizer:
    tokenizer = _byte_level(use_words=True)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=_FEWEST_OCCURRENCES,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _bytes(texts: Sequence[str], size: int) -> Tokenizer:
    tokens = [*SPECIAL_TOKENS, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    return _byte_level(use_words=False, vocabulary={token: i for i, token in enumerate(tokens)})


def _unigram(texts: Sequence[str], size: int) -> Tokenizer:
    words = Counter(MARKER + word for text in texts for word in text.split())
    pieces = train_unigram(words, size - len(SPECIAL_TOKENS))
    tokenizer = Tokenizer(models.Unigram([*((token, 0.0) for token in SPECIAL_TOKENS), *pieces], unk_id=1))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=MARKER)
    tokenizer.decoder = decoders.Metaspace(replacement=MARKER)
    return tokenizer


def _word_level(tokens: Sequence[str]) -> Tokenizer:
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys([*SPECIAL_TOKENS, *tokens]))}
    return Tokenizer(models.WordLevel(vocabulary, unk_token=_UNKNOWN))


def _wordlevel(texts: Sequence[str], size: int) -> Tokenizer:
    splitter = pre_tokenizers.Whitespace()
    counts = Counter(word for text in texts for word, _ in splitter.pre_tokenize_str(text))
    tokenizer = _word_level(sorted(counts, key=lambda word: (-counts[word], word))[: size - len(SPECIAL_TOKENS)])
    tokenizer.pre_tokenizer = splitter
    return tokenizer


def _chars(texts: Sequence[str], size: int) -> Tokenizer:
    tokenizer = _word_level(_common_characters(texts, size - len(SPECIAL_TOKENS)))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


_TRAINERS: dict[str, Callable[[Sequence[str], int], Tokenizer]] = {
    "wordpiece": _wordpiece, "bpe": _bpe, "unigram": _unigram, "wordlevel": _wordlevel, "chars": _chars,
    "bytes": _bytes,
}  # fmt: skip
