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
_CONFIG, _WEIGHTS = "config.json", ("model.safetensors", "model.safetensors.index.json")


@dataclass(frozen=True)
class KnownModel:
    """A model by its config."""

    name: str
    fields: Mapping[str, Any]
    """Of its config.json."""
    outline: Outline
    is_here: bool
    """Whether it is on this machine: its weights, or the folder that was named."""
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
    file = source / _CONFIG if isinstance(source, Path) else _cached(source, _CONFIG)
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
    is_here = isinstance(source, Path) or any(_cached(source, weights) for weights in _WEIGHTS)
    return KnownModel(name, fields, outline_of(fields, name=name), is_here, None)


def count_tokens(model: KnownModel, texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], bool]:
    """Tokens of texts, uncut: by the model's own tokenizer where that is here, else by the embedded model's.

    Returns:
        Lengths, (n_texts,), and whether they are the model's own.
    """
    own = _tokenizer_of(model)
    try:
        tokenizer = load_tokenizer(own or EMBEDDED)
    except ModelError:
        own, tokenizer = None, load_tokenizer(EMBEDDED)
    lengths = Encoder(tokenizer.tokenizer, _NO_LIMIT).encode(list(texts)).lengths
    return lengths, own is not None


def _tokenizer_of(model: KnownModel) -> str | None:
    """What to load a model's tokenizer by, so that nothing is downloaded; None where it is not here."""
    entry = model.entry
    if not model.is_here:
        return None
    if entry is None and Path(model.name).expanduser().is_dir():
        return model.name
    # The folder of the pinned commit, since a user's catalog has names and commits that are known nowhere else.
    file = _cached(entry.hub, _CONFIG, revision=entry.revision) if entry else _cached(model.name, _CONFIG)
    # What is here and not in the Hub's cache is the embedded model, whatever a catalog calls it.
    return EMBEDDED if file is None else str(file.parent)


def _cached(hub_id: str, file: str, *, revision: str | None = None) -> Path | None:
    """A file of a model in the Hub's cache: of one of its commits, or of the newest that was seen."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(hub_id, file, revision=revision)
    except HFValidationError:  # no model can be called so
        return None
    return Path(found) if isinstance(found, str) else None
