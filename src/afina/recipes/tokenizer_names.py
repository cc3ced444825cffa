"""What a tokenizer is called by: a catalog name, a folder, a file, a Hub id, or a kind to be trained on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from afina.errors import ConfigError
from afina.modeling import EMBEDDED
from afina.tokenization.adapt import DEFAULT_VOCABULARY, KINDS, train_tokenizer
from afina.tokenization.named import NamedTokenizer, name_tokenizer

DEFAULT_TOKENIZERS = (EMBEDDED, *KINDS)
_UNSIZED = ("chars", "bytes")


@dataclass(frozen=True)
class ToTrain:
    """A tokenizer that is to be trained on the user's texts."""

    name: str
    kind: str
    size: int


def parse_name(name: str) -> ToTrain | None:
    """What `wordpiece`, `bpe:4000` and the like ask for; None for the name of a tokenizer that exists.

    Raises:
        ConfigError: The size is no number, or the kind takes none.
    """
    kind, colon, size = name.partition(":")
    if kind not in KINDS:
        return None
    if not colon:
        return ToTrain(name, kind, DEFAULT_VOCABULARY)
    plain = size.replace(",", "").replace("_", "")
    if kind in _UNSIZED or not (plain.isascii() and plain.isdigit()):
        why = "takes no size" if kind in _UNSIZED else "needs a whole number behind the colon"
        raise ConfigError(f"Unknown tokenizer: {name!r} ({kind} {why})", hint=f"for example `{kind}` or `bpe:4000`")
    return ToTrain(name, kind, int(plain))


def train_named(asked: ToTrain, texts: Sequence[str]) -> NamedTokenizer:
    """Train a tokenizer of a kind and a size."""
    tokenizer = train_tokenizer(asked.kind, texts, vocabulary_size=asked.size)
    return name_tokenizer(asked.name, tokenizer, pad_id=tokenizer.token_to_id("[PAD]"), trained_here=True)


def names_to_show(names: Sequence[str]) -> dict[str, str]:
    """For each name, once: how tables call it. A path is called by its last part where that is unambiguous."""
    unique = list(dict.fromkeys(names))
    short = {name: _short(name) for name in unique}
    taken = list(short.values())
    return {name: short[name] if taken.count(short[name]) == 1 else name for name in unique}


def _short(name: str) -> str:
    path = Path(name)
    if parse_name(name) is not None or not path.exists():
        return name
    return path.resolve().parent.name if path.name == "tokenizer.json" else path.resolve().name
