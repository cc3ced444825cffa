"""Texts that can be written and tokenized."""

from __future__ import annotations


def as_utf8(text: str) -> str:
    """The text with `?` for each lone surrogate: half an emoji, as careless exports leave it, has no UTF-8."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
