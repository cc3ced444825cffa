"""Where a model is loaded from. A name that is in no catalog is a local folder or a Hub id."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Mapping
from pathlib import Path

from afina.errors import ModelError, UnknownModelError
from afina.modeling.catalog.entry import CatalogEntry
from afina.modeling.catalog.reading import read_catalog
from afina.modeling.embedded import HUB_ID, PACKAGE, REVISION, embedded_model_folder

EMBEDDED = "minilm"
HUB_IDS = {name: entry.hub for name, entry in read_catalog().items()}
"""Hub ids of the shipped catalog, by short name."""

NEWEST = "main"
"""What the Hub calls the newest revision of a model."""
# A model is loaded from these; in several files the weights have an index.
_CONFIG, _WEIGHTS = "config.json", ("model.safetensors", "model.safetensors.index.json")


def find_entry(name: str, catalog: str | Path | None = None) -> CatalogEntry | None:
    """What the catalog knows of a model; None of a folder, or of a model that only the Hub knows.

    Args:
        name: Catalog name, or anything else.
        catalog: A user's catalog file, laid over the shipped one.

    Raises:
        ConfigError: The user's file is wrong.
    """
    return read_catalog(catalog).get(name)


def known_entry(name: str, entries: Mapping[str, CatalogEntry]) -> CatalogEntry:
    """The entry of a model by its short name or its Hub id.

    Raises:
        UnknownModelError: There is none.
    """
    by_hub = {entry.hub.lower(): entry for entry in entries.values()}
    found = entries.get(name) or by_hub.get(name.lower())
    if found is None:
        raise UnknownModelError(f"No model of the catalog is called {name!r}", hint=_near(name, entries, beside=""))
    return found


def locate(name: str, *, catalog: str | Path | None = None) -> str | Path:
    """Where to load a model from: a verified folder for the embedded one, a folder, or a Hub id.

    Args:
        name: Catalog name, local folder, or `owner/name` on the Hub.
        catalog: A user's catalog file, laid over the shipped one.

    Raises:
        ModelError: It is none of them, or the embedded model is missing or damaged.
        ConfigError: The user's file is wrong.
    """
    entry = find_entry(name, catalog)
    if name == HUB_ID or (entry and _is_embedded(entry)):
        return embedded_model_folder()
    if entry:
        return entry.hub
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / _CONFIG).is_file():
            raise ModelError(f"Not a model folder: {name} (it has no config.json)")
        return folder
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return name
    raise UnknownModelError(
        f"Unknown model: {name!r}", hint=_near(name, read_catalog(catalog), beside=", a folder, or a Hub id")
    )


def revision_of(name: str, *, catalog: str | Path | None = None) -> str:
    """Commit of the Hub that a model is loaded from: the catalog's, or else the newest.

    A model of the catalog is the same one day and the next; one that is named by its Hub id is as its owner has it.

    Raises:
        ConfigError: The user's file is wrong.
    """
    entry = find_entry(name, catalog)
    return (entry and entry.revision) or NEWEST


def hub_id(name: str, *, catalog: str | Path | None = None) -> str:
    """Hub id of a model of the catalog; any other name is returned as it is.

    Raises:
        ConfigError: The user's file is wrong.
    """
    entry = find_entry(name, catalog)
    return entry.hub if entry else name


def is_local(entry: CatalogEntry) -> bool:
    """Whether a model's weights are on this machine: in an installed package or in the Hub's cache."""
    if _is_embedded(entry) and importlib.util.find_spec(PACKAGE) is not None:
        return True
    try:
        from huggingface_hub import try_to_load_from_cache
    except ModuleNotFoundError:  # nothing is loaded from its cache without it
        return False

    def has(file: str) -> bool:
        return isinstance(try_to_load_from_cache(entry.hub, file, revision=entry.revision or NEWEST), str)

    return has(_CONFIG) and any(map(has, _WEIGHTS))


def _is_embedded(entry: CatalogEntry) -> bool:
    return entry.hub == HUB_ID and entry.revision in (None, REVISION)


def _near(name: str, entries: Mapping[str, CatalogEntry], *, beside: str) -> str:
    near = difflib.get_close_matches(name, entries, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(entries))}{beside}"
