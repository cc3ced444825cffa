"""Pretrained models by short name, and what is known of each."""

from afina.modeling.catalog.entry import CatalogEntry, Figures, Published
from afina.modeling.catalog.filtering import filter_models, parse_count
from afina.modeling.catalog.locating import (
    EMBEDDED,
    HUB_IDS,
    hub_id,
    is_local,
    known_entry,
    locate,
    revision_of,
)
from afina.modeling.catalog.reading import read_catalog

__all__ = [
    "EMBEDDED",
    "HUB_IDS",
    "CatalogEntry",
    "Figures",
    "Published",
    "filter_models",
    "hub_id",
    "is_local",
    "known_entry",
    "locate",
    "parse_count",
    "read_catalog",
    "revision_of",
]
