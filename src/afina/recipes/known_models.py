"""What can be known of a model before any of its weights are here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.errors import ModelError
from afina.modeling import EMBEDDED, Outline, load_tokenizer, locate, outline_of
from afina.modeling.catalog import CatalogEntry, is_local, read_catalog
from afina.tokenization import Encoder

_NO_LIMIT = 1_000_000


@dataclass(frozen=True)
class KnownModel:
    """A model by its config."""

    name: str
    fields: Mapping[str, Any]
    """Of its config.json."""
    outline: Outline
    is_here: bool
    """Whether its weights are on this machine."""
    entry: CatalogEntry | None
    """None of a folder, or of a model that is in no catalog."""

    @property
    def download_mb(self) -> float | None:
        """What is to be downloaded before it can be trained; None where nothing is, or its size is not known."""
        return None if self.is_here or self.entry is None else self.entry.download_mb

    @property
    def published(self) -> float | None:
        """Published accuracy on SST-2, in percent."""
        return self.entry.sst2.accuracy if self.entry and self.entry.sst2 else None


def know_entry(entry: CatalogEntry) -> KnownModel:
    """A model of the catalog.

    Raises:
        ModelError: Its config makes no model.
    """
    return KnownModel(entry.name, entry.config, outline_of(entry.config, name=entry.name), is_local(entry), entry)


def know_model(name: str, *, catalog: str | Path | None = None) -> KnownModel:
    """A model's sizes, from the catalog, its folder or the Hub's cache; nothing is downloaded.

    Args:
        name: Catalog name, folder, or Hub id.
        catalog: A user's catalog file.

    Raises:
        ModelError: There is no such model, or its config is not here, or lacks something.
        ConfigError: The catalog file is wrong.
    """
    entries = read_catalog(catalog)
    entry = entries.get(name) or next((e for e in entries.values() if e.hub.lower() == name.lower()), None)
    if entry is not None:
        return know_entry(entry)
    source = locate(name, catalog=catalog)
    file = source / "config.json" if isinstance(source, Path) else _cached_config(source)
    if file is None:
        raise ModelError(
            f"The config of {name!r} is not on this machine, so its size is not known",
            hint="take a model of the catalog (`afina models`) or a folder, or load it once with a network",
        )
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"The config of {name!r} cannot be read: {error}") from None
    if not isinstance(fields, dict):
        raise ModelError(f"The config of {name!r} is no table of fields")
    return KnownModel(name, fields, outline_of(fields, name=name), True, None)


def count_tokens(model: KnownModel, texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], bool]:
    """Tokens of texts, uncut: by the model's own tokenizer where that is here, else by the embedded model's.

    Returns:
        Lengths, (n_texts,), and whether they are the model's own.
    """
    name = model.name if model.is_here else EMBEDDED
    try:
        tokenizer = load_tokenizer(name)
    except ModelError:
        name, tokenizer = EMBEDDED, load_tokenizer(EMBEDDED)
    lengths = Encoder(tokenizer.tokenizer, _NO_LIMIT).encode(list(texts)).lengths
    return lengths, name == model.name


def _cached_config(hub_id: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(hub_id, "config.json")
    return Path(found) if isinstance(found, str) else None
