"""On which line of a TOML file a table or a value stands, which its parser does not tell."""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Sequence
from typing import Any


def line_of(text: str, path: Sequence[str]) -> int:
    """Line of a valid TOML text, counted from 1, on which a key or a table begins.

    Args:
        text: The text.
        path: Names from the top down; of those that are not there, the line of the table that would hold them.
    """
    lines = text.split("\n")
    path = _known_part(tomllib.loads(text), path)

    def parsable(n_lines: int) -> int:
        # Only where a value runs over several lines do the first lines alone not parse.
        while not _parses(lines[:n_lines]):
            n_lines -= 1
        return n_lines

    def is_reached(n_lines: int) -> bool:
        tree = tomllib.loads("\n".join(lines[: parsable(n_lines)]))
        return len(_known_part(tree, path)) == len(path)

    end = bisect.bisect_left(range(len(lines) + 1), True, key=is_reached)
    return parsable(end - 1) + 1 if end else 1


def line_of_error(text: str, error: tomllib.TOMLDecodeError) -> tuple[int, str]:
    """Line of a TOML text, counted from 1, at which its parser stopped, and why it did."""
    why, _, where = str(error).rpartition(" (at ")
    found = re.match(r"line (\d+)", where)
    return int(found[1]) if found else len(text.rstrip().split("\n")), why or str(error)


def _parses(lines: Sequence[str]) -> bool:
    try:
        tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _known_part(tree: Any, path: Sequence[str]) -> Sequence[str]:
    """The longest beginning of a path that leads to something."""
    for depth, name in enumerate(path):
        if not isinstance(tree, dict) or name not in tree:
            return path[:depth]
        tree = tree[name]
    return path
