"""A tokenizer without its model, by the names that models have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer

from afina.errors import ModelError, UnknownModelError
from afina.modeling.catalog import locate, revision_of
from afina.modeling.catalog.locating import NEWEST
from afina.modeling.load import backend_of, loading
from afina.tokenization.named import NamedTokenizer, name_tokenizer, read_tokenizer_file

_TOKENIZER_FILES = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "spiece.model",
    "tokenizer.model", "sentencepiece.bpe.model",
)  # fmt: skip


def load_tokenizer(name: str, shown: str | None = None) -> NamedTokenizer:
    """Load a tokenizer as training with its model would.

    Args:
        name: Catalog name, model or tokenizer folder, `tokenizer.json`, or Hub id.
        shown: Its name in tables, if another.

    Raises:
        UnknownModelError: There is none of that name.
        ModelError: It is damaged or out of reach.
    """
    shown = shown or name
    path = Path(name).expanduser()
    if path.is_file():
        return read_tokenizer_file(shown, path)
    if path.suffix == ".json":
        raise ModelError(f"No such tokenizer file: {name}")
    if path.is_dir():
        if not any((path / file).is_file() for file in _TOKENIZER_FILES):
            raise ModelError(f"No tokenizer in the folder {name}", hint="it should hold a tokenizer.json")
        return _load(path, shown)
    try:
        source = locate(name)
    except UnknownModelError as error:
        raise UnknownModelError(f"Unknown tokenizer: {name!r}", hint=error.hint) from None
    return _load(source, shown, revision=revision_of(name))


def _load(source: str | Path, shown: str, *, revision: str = NEWEST) -> NamedTokenizer:
    pinned: dict[str, Any] = {"revision": revision, "trust_remote_code": False}
    with loading(shown, what="tokenizer"):
        tokenizer: Any = AutoTokenizer.from_pretrained(source, **pinned)
        has_config = not isinstance(source, Path) or (source / "config.json").is_file()
        config: Any = AutoConfig.from_pretrained(source, **pinned) if has_config else None
    backend = backend_of(shown, tokenizer)
    limits = [tokenizer.model_max_length, getattr(config, "max_position_embeddings", None)]
    usable = [float(limit) for limit in limits if isinstance(limit, int | float) and limit > 0]
    return name_tokenizer(
        shown,
        backend,
        max_tokens=min(usable, default=None),
        pad_id=tokenizer.pad_token_id,
        padding_side=str(tokenizer.padding_side),
    )
