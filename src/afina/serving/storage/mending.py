"""Texts that every database and every answer can hold."""

from __future__ import annotations


def mended(text: str) -> str:
    """The text with U+FFFD for half an emoji, which has no UTF-8, and for the character zero."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")
