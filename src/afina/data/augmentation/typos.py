"""Slips of the keyboard."""

from __future__ import annotations

import random
import re

_WORD = re.compile(r"[^\W\d_]+")
_NEIGHBOURS = {
    "a": "sqz", "b": "vnh", "c": "xvd", "d": "sfec", "e": "wrd", "f": "dgr", "g": "fht", "h": "gjy", "i": "uok",
    "j": "hku", "k": "jli", "l": "ko", "m": "nj", "n": "bmh", "o": "ipl", "p": "ol", "q": "wa", "r": "etf", "s": "adw",
    "t": "ryg", "u": "yij", "v": "cbf", "w": "qes", "x": "zcs", "y": "tuh", "z": "xa",
}  # fmt: skip


def swap_letters(text: str, rng: random.Random, *, swaps: int = 1) -> str | None:
    """Exchange two neighbouring letters of a word; None where no two differ.

    Args:
        text: The text.
        rng: Where chance comes from.
        swaps: How often, at different places.
    """
    places = [i for word in _WORD.finditer(text) for i in range(word.start(), word.end() - 1) if text[i] != text[i + 1]]
    letters = list(text)
    done = 0
    rng.shuffle(places)
    taken: set[int] = set()
    for i in places:
        if done == swaps:
            break
        if not {i, i + 1} & taken:
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
            taken |= {i, i + 1}
            done += 1
    return "".join(letters) if done == swaps else None


def leave_out_letter(text: str, rng: random.Random) -> str | None:
    """Leave out one letter inside a word of four letters or more; None where there is no such word."""
    places = [i for word in _WORD.finditer(text) if len(word[0]) >= 4 for i in range(word.start() + 1, word.end())]
    if not places:
        return None
    i = rng.choice(places)
    return text[:i] + text[i + 1 :]


def double_letter(text: str, rng: random.Random) -> str | None:
    """Type one letter twice; None where there is no letter."""
    places = [i for word in _WORD.finditer(text) for i in range(word.start(), word.end())]
    if not places:
        return None
    i = rng.choice(places)
    return text[: i + 1] + text[i:]


def hit_neighbour(text: str, rng: random.Random) -> str | None:
    """Hit the key beside the one that was meant, on an English keyboard; None where there is no small letter."""
    places = [i for i, letter in enumerate(text) if letter in _NEIGHBOURS]
    if not places:
        return None
    i = rng.choice(places)
    return text[:i] + rng.choice(_NEIGHBOURS[text[i]]) + text[i + 1 :]
