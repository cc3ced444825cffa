"""Pretrained models by short name, and what is known of each."""

from afina.modeling.catalog.entry import CatalogEntry, Figures, Published
from afina.modeling.catalog.locating import EMBEDDED, HUB_IDS, locate

__all__ = ["EMBEDDED", "HUB_IDS", "CatalogEntry", "Figures", "Published", "locate"]
