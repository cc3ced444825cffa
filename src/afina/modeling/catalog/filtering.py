"""Models of the catalog that have what is asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from afina.errors import ConfigError
from afina.modeling.catalog.entry import CatalogEntry

MULTILINGUAL = "multilingual"
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}


def parse_count(text: str) -> int:
    """A number of parameters from `50M`, `0.1B`, `50000000` or `50_000_000`.

    Raises:
        ConfigError: It is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmb]?)", text.strip().lower().replace("_", "").replace(",", ""))
    count = round(float(match[1]) * _UNITS[match[2]]) if match else 0
    if count < 1:
        raise ConfigError(f"Not a number of parameters: {text!r}", hint="as in 50M, 0.1B or 50000000")
    return count


def filter_models(
    entries: Mapping[str, CatalogEntry],
    *,
    family: str | None = None,
    language: str | None = None,
    max_parameters: int | None = None,
    licence: str | None = None,
) -> dict[str, CatalogEntry]:
    """Models that have all that is asked for, in the same order.

    Args:
        entries: Models by name.
        family: `model_type` of the config.
        language: ISO 639-1 code; multilingual models read every one. `multilingual` for these alone.
        max_parameters: Most weights, embeddings counted.
        licence: SPDX identifier.

    Raises:
        ConfigError: No model at all has such a family, language or licence; those that there are, are named.
    """
    models = entries.values()
    if family is not None:
        family = _known("family", "families", family, {entry.family for entry in models})
    if licence is not None:
        licence = _known("licence", "licences", licence, {entry.licence for entry in models})
    if language is not None:
        codes = {code for entry in models for code in entry.languages}
        many = f"models of many languages may read it: --language {MULTILINGUAL}" if MULTILINGUAL in codes else None
        language = _known("language", "languages", language, codes, hint=many)
    return {
        name: entry
        for name, entry in entries.items()
        if family in (None, entry.family)
        and licence in (None, entry.licence)
        and (language is None or {language, MULTILINGUAL} & set(entry.languages))
        and (max_parameters is None or entry.figures.parameters <= max_parameters)
    }


def _known(what: str, plural: str, asked: str, known: set[str], *, hint: str | None = None) -> str:
    """The known value that is asked for, in any case of letters."""
    by_small = {value.lower(): value for value in sorted(known)}
    if asked.lower() in by_small:
        return by_small[asked.lower()]
    near = difflib.get_close_matches(asked.lower(), by_small, n=1)
    raise ConfigError(
        f"No model of the catalog has the {what} {asked!r}; {plural} are {', '.join(by_small.values())}",
        hint=f"did you mean {by_small[near[0]]}?" if near else hint,
    )
