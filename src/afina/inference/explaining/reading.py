"""A text as the model reads it, and where each of its characters stands in the text that was given."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from afina.data import clean_text
from afina.data.cleaning import MOST_ESCAPES
from afina.utf8 import as_utf8

# What cleaning replaces: a blank or several, a line-break tag, an entity, each perhaps escaped more than once.
_AMPERSAND = r"&(?:(?:amp|#38|#x26);)*"
_TAG = rf"(?:<|{_AMPERSAND}(?:lt|#60);)[\s/]{{0,20}}br[\s/]{{0,20}}(?:>|{_AMPERSAND}(?:gt|#62);)"
_ENTITY = rf"{_AMPERSAND}(?:[a-z][a-z0-9]{{1,31}}|\#[0-9]{{1,7}}|\#x[0-9a-f]{{1,6}});"
_REPLACED = re.compile(rf"(?P<tag>{_TAG})|(?P<entity>{_ENTITY})|(?P<blank>\r\n|\s)", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """A text made clean, with the way back.

    Args:
        given: The text that was given.
        text: The text as it is read, see `afina.data.clean_text`.
        places: Where each character of `text` begins and ends in `given`; None where no way back was found.
    """

    given: str
    text: str
    places: tuple[tuple[int, int], ...] | None

    @property
    def source(self) -> str:
        """The text that `place` points into: the given one, or where there is no way back, the clean one."""
        return self.text if self.places is None else self.given

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from `start` to `end` of `text`, one at least, stand in `source`."""
        return (start, end) if self.places is None else (self.places[start][0], self.places[end - 1][1])


def read_text(given: str) -> Reading:
    """Clean a text and remember where its characters were."""
    text = clean_text(given)
    if text == given:
        return Reading(given, text, tuple((i, i + 1) for i in range(len(text))))
    kept: list[tuple[str, int, int]] = []
    for char, start, end in _characters(given):
        # Of neighbouring blanks one is left; each line break stays.
        if char != " " or not kept or kept[-1][0] != " ":
            kept.append((char, start, end))
    first, last = 0, len(kept)
    while first < last and kept[first][0].isspace():
        first += 1
    while last > first and kept[last - 1][0].isspace():
        last -= 1
    kept = kept[first:last]
    agrees = "".join(char for char, _, _ in kept) == text
    return Reading(given, text, tuple((start, end) for _, start, end in kept) if agrees else None)


def _characters(given: str) -> Iterator[tuple[str, int, int]]:
    """The characters that are left of a text once tags and entities are replaced, with their places in it."""
    done = 0
    for match in _REPLACED.finditer(given):
        yield from _plain(given, done, match.start())
        start, done = match.span()
        if match["tag"]:
            yield "\n", start, done
        elif match["entity"]:
            for char in as_utf8(_unescaped(match["entity"])):
                yield (" " if char.isspace() and char != "\n" else char), start, done
        else:
            yield ("\n" if match[0].endswith("\n") else " "), start, done
    yield from _plain(given, done, len(given))


def _plain(given: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for place, char in enumerate(as_utf8(given[start:end]), start):
        yield char, place, place + 1


def _unescaped(entity: str) -> str:
    for _ in range(MOST_ESCAPES):
        entity = html.unescape(entity)
    return entity
