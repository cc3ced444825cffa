"""Texts and numbers of a document made fit for a page, whatever they hold."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

UNKNOWN = "–"

_CONTROL = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: 0x2421,
    **dict.fromkeys([*range(0x80, 0xA0), *range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF], 0xFFFD),
}
_UNUSUAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def clean(text: str) -> str:
    """A text that every browser and XML parser takes.

    Control characters become the signs that picture them, so that the reader sees them; halves of a surrogate pair
    are joined, and a half alone becomes U+FFFD.
    """
    if not _UNUSUAL.search(text):
        # Of a subclass, as markup that would not be escaped, only the characters are taken.
        return str.__str__(text)
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROL)


def clean_document(document: Any) -> Any:
    """A copy of a JSON-able document with every text cleaned, keys included."""
    if isinstance(document, str):
        return clean(document)
    if isinstance(document, Mapping):
        return {clean(key) if isinstance(key, str) else key: clean_document(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [clean_document(value) for value in document]
    return document


def clip_document(document: Any, longest: int) -> Any:
    """A copy of a JSON-able document in which of every text at most so many characters are kept."""
    if isinstance(document, str):
        return document if len(document) <= longest else document[: longest - 1] + "…"
    if isinstance(document, Mapping):
        return {clip_document(key, longest): clip_document(value, longest) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [clip_document(value, longest) for value in document]
    return document


def is_known(value: Any) -> bool:
    """Whether a value is a finite number; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


def count(value: Any) -> str:
    """A number with thousands apart, and with one decimal where it is small and not whole: 1,234 or 17.5."""
    if not is_known(value):
        return UNKNOWN
    return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:,.1f}"


def decimal(value: Any, digits: int = 2) -> str:
    """A number with a fixed number of decimals."""
    return f"{value:,.{digits}f}" if is_known(value) else UNKNOWN


def percent(value: Any) -> str:
    """A share as a percentage; neither a few nor nearly all are rounded to none or all."""
    if not is_known(value):
        return UNKNOWN
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{value:.0%}" if value in (0, 1) else f"{value:.1%}"


def clock(seconds: Any) -> str:
    """Seconds as a reader says them: 0.8 s, 42 s, 3:32 min or 2:05 h."""
    if not is_known(seconds) or seconds < 0:
        return UNKNOWN
    if seconds < 59.5:
        return f"{decimal(seconds, 0 if seconds >= 9.95 else 1)} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d} h"


def shorten(text: Any, longest: int) -> str:
    """The beginning of a text on one line, with an ellipsis where something is left out."""
    line = " ".join(str(text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
