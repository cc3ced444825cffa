"""What a tokenizer is called by: a catalog name, a folder, a file, a Hub id, or a kind to be trained on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.errors import AfinaError, ConfigError, ModelError
from afina.tokenization.adapt import DEFAULT_VOCABULARY, KINDS, train_tokenizer
from afina.tokenization.named import NamedTokenizer, name_tokenizer, read_tokenizer_file

DEFAULT_TOKENIZERS = ("minilm", *KINDS)
_UNSIZED = ("chars", "bytes")
_TOKENIZER_FILES = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "spiece.model",
    "tokenizer.model", "sentencepiece.bpe.model",
)  # fmt: skip


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


def load_named(name: str, shown: str) -> NamedTokenizer:
    """Load a tokenizer that exists, as training with its model would.

    Args:
        name: Catalog name, model or tokenizer folder, `tokenizer.json`, or Hub id.
        shown: Its name in tables.

    Raises:
        ModelError: There is none of that name, or it is damaged.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return read_tokenizer_file(shown, path)
    if path.suffix == ".json":
        raise ModelError(f"No such tokenizer file: {name}")
    if path.is_dir():
        if not any((path / file).is_file() for file in _TOKENIZER_FILES):
            raise ModelError(f"No tokenizer in the folder {name}", hint="it should hold a tokenizer.json")
        return _load_with_transformers(path, shown)
    from afina.modeling.catalog import locate

    try:
        return _load_with_transformers(locate(name), shown)
    except ModelError as error:
        if not str(error).startswith("Unknown model"):
            raise
        kinds = ", ".join(KINDS)
        hint = f"{error.hint}; trained on the spot are {kinds}"
        raise ModelError(f"Unknown tokenizer: {name!r}", hint=hint) from None


def _load_with_transformers(source: str | Path, shown: str) -> NamedTokenizer:
    from transformers import AutoConfig, AutoTokenizer

    from afina.modeling import quiet

    try:
        with quiet():
            tokenizer: Any = AutoTokenizer.from_pretrained(source)
            has_config = not isinstance(source, Path) or (source / "config.json").is_file()
            config: Any = AutoConfig.from_pretrained(source) if has_config else None
        backend = getattr(tokenizer, "backend_tokenizer", None)
    except AfinaError:
        raise
    except Exception as error:  # transformers, tokenizers and the Hub client each raise their own
        first_line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ModelError(
            f"The tokenizer {shown!r} cannot be loaded: {first_line}",
            hint="a tokenizer on the Hugging Face Hub needs a network, or give a local folder; `minilm` needs neither",
        ) from error
    if backend is None:
        raise ModelError(f"The tokenizer {shown!r} has no tokenizer.json, and none can be made of its files")
    limits = [tokenizer.model_max_length, getattr(config, "max_position_embeddings", None)]
    usable = [float(limit) for limit in limits if isinstance(limit, int | float) and limit > 0]
    return name_tokenizer(
        shown,
        backend,
        max_tokens=min(usable, default=None),
        pad_id=tokenizer.pad_token_id,
        padding_side=str(tokenizer.padding_side),
    )


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
