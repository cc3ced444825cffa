"""A tokenizer under a name, with what a study or an encoder must know of it, read from the tokenizer itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Encoding, Tokenizer

from afina.errors import ModelError
from afina.utf8 import as_utf8

# Some tokenizers carry a "no limit" of 1e30; a limit this high is then never meant.
_NO_LIMIT = 100_000


@dataclass(frozen=True)
class NamedTokenizer:
    """A tokenizer without any padding or truncation of its own, and what is known of it."""

    name: str
    tokenizer: Tokenizer
    type: str
    """`WordPiece`, `byte-level BPE`, `BPE with byte fallback`, `BPE`, `Unigram`, `WordLevel`, `characters`, `bytes`."""
    lowercases: bool
    max_tokens: int | None
    """Most tokens its model can take; None for no limit or an unknown one."""
    pad_id: int | None
    """None where it has no padding token; a model is then fed its end-of-text token, hidden by the mask."""
    padding_side: str
    trained_here: bool
    unknown_id: int | None
    """Id of the token that stands for what the vocabulary lacks; None where nothing can be lacking or it is dropped."""
    n_added: int
    """Tokens added beside the model's vocabulary, such as [CLS]; in a text they are never cut."""

    @cached_property
    def n_special(self) -> int:
        """Tokens put around a text."""
        return int(self.tokenizer.num_special_tokens_to_add(False))

    @property
    def vocabulary(self) -> int:
        """Tokens it knows, added ones counted."""
        return int(self.tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Tokens of texts, without the special tokens around them.

        Raises:
            ModelError: It cannot read a text: it lacks a word and has no token for the unknown.
        """
        try:
            return list(self.tokenizer.encode_batch([as_utf8(text) for text in texts], add_special_tokens=False))
        except Exception as error:  # the library raises bare exceptions
            raise ModelError(f"The tokenizer {self.name!r} cannot read the texts: {error}") from None


def name_tokenizer(
    name: str,
    tokenizer: Tokenizer,
    *,
    max_tokens: float | None = None,
    pad_id: int | None = None,
    padding_side: str = "right",
    trained_here: bool = False,
) -> NamedTokenizer:
    """Look a tokenizer over.

    Args:
        name: Its name in tables.
        tokenizer: Copied, since a `tokenizer.json` may carry padding and truncation of its own.
        max_tokens: Most tokens its model can take; the 1e30 that some declare means no limit.
        pad_id: Id of its padding token, if it has one.
        padding_side: `right` or `left`.
        trained_here: Whether it was trained for this study.

    Raises:
        ModelError: Its vocabulary is empty.
    """
    spec = json.loads(tokenizer.to_str())
    clean = Tokenizer.from_str(json.dumps({**spec, "padding": None, "truncation": None}))
    if clean.get_vocab_size(with_added_tokens=False) == 0:
        raise ModelError(f"The tokenizer {name!r} has an empty vocabulary")
    padding = spec.get("padding") or {}
    return NamedTokenizer(
        name=name,
        tokenizer=clean,
        type=_type(spec),
        lowercases=clean.normalizer is not None and "a" in clean.normalizer.normalize_str("A"),
        max_tokens=int(max_tokens) if max_tokens is not None and 0 < max_tokens < _NO_LIMIT else None,
        pad_id=padding.get("pad_id") if pad_id is None else pad_id,
        padding_side=padding_side,
        trained_here=trained_here,
        unknown_id=_unknown_id(spec["model"], clean),
        n_added=len(clean.get_added_tokens_decoder()),
    )


def read_tokenizer_file(name: str, path: Path) -> NamedTokenizer:
    """Read a `tokenizer.json`.

    Raises:
        ModelError: It is no such file, or its vocabulary is empty.
    """
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare exceptions
        raise ModelError(
            f"Not a tokenizer file: {path} ({error})", hint="afina reads the tokenizer.json of the tokenizers library"
        ) from None
    padding = tokenizer.padding or {}
    pads = (tokenizer.token_to_id(token) for token in ("[PAD]", "<pad>", "<|pad|>"))
    return name_tokenizer(
        name,
        tokenizer,
        pad_id=next((pad for pad in pads if pad is not None), None),
        padding_side=str(padding.get("direction", "right")).lower(),
    )


def _type(spec: dict[str, Any]) -> str:
    model = spec["model"]
    kind = str(model["type"])
    parts = json.dumps([spec.get("pre_tokenizer"), spec.get("decoder")])
    byte_level = '"ByteLevel"' in parts
    added = {token["content"] for token in spec.get("added_tokens") or []}
    vocabulary = [entry[0] for entry in model["vocab"]] if kind == "Unigram" else list(model["vocab"])
    if kind in ("BPE", "WordLevel") and all(len(token) == 1 for token in vocabulary if token not in added):
        return "bytes" if byte_level else "characters"
    if kind == "BPE":
        if byte_level:
            return "byte-level BPE"
        return "BPE with byte fallback" if model.get("byte_fallback") else "BPE"
    if kind == "Unigram" and model.get("byte_fallback"):
        return "Unigram with byte fallback"
    return kind


def _unknown_id(model: dict[str, Any], tokenizer: Tokenizer) -> int | None:
    if model["type"] == "Unigram":
        unknown = model.get("unk_id")
        return None if unknown is None else int(unknown)
    token = model.get("unk_token")
    return None if not token else tokenizer.token_to_id(token)
