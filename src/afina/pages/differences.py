"""Two nearly equal texts, with the words in which they differ marked."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from afina.extras import require

_PIECES = re.compile(r"\w+|\s+|[^\w\s]")
# Comparing takes time that grows with the square of the length.
_MOST_PIECES, _MOST_CHARACTERS = 1_200, 6_000


def mark_differences(text: str, other: str) -> tuple[str, str]:
    """Escaped markup of both texts; what one has and the other has not stands in `<mark>`.

    Of very long texts only the beginning comes back.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    markup = require("markupsafe", extra="data")
    pieces, others = _beginning(text), _beginning(other)
    keys, other_keys = ([" " if piece.isspace() else piece for piece in side] for side in (pieces, others))
    left, right = markup.Markup(""), markup.Markup("")
    for kind, a, b, c, d in SequenceMatcher(None, keys, other_keys, autojunk=False).get_opcodes():
        wrap = markup.Markup("{}" if kind == "equal" else "<mark>{}</mark>")
        left += wrap.format("".join(pieces[a:b])) if b > a else ""
        right += wrap.format("".join(others[c:d])) if d > c else ""
    return left, right


def _beginning(text: str) -> list[str]:
    found = _PIECES.findall(text[:_MOST_CHARACTERS])
    is_cut = len(found) > _MOST_PIECES or len(text) > _MOST_CHARACTERS
    return [*found[:_MOST_PIECES], "…"] if is_cut else found
