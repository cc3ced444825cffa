"""Which tokens are read of a text that is longer than a model may read at once."""

from __future__ import annotations

from itertools import pairwise

HEAD, HEAD_TAIL, WINDOWS = "head", "head-tail", "windows"
LONG_TEXT_MODES = (HEAD, HEAD_TAIL, WINDOWS)
DEFAULT_MAX_WINDOWS = 8
# The end of a review sums it up more often than its start does.
_HEAD_SHARE = 0.25

Span = tuple[int, int]


def spans_read(n_tokens: int, room: int, *, mode: str, max_windows: int = DEFAULT_MAX_WINDOWS) -> list[list[Span]]:
    """What a model reads of a text, without special tokens.

    `head` is the first tokens. `head-tail` is a quarter of the room from the head and the rest from the tail.
    `windows` cuts the text into as few windows as hold it, of equal length but for one token, so that none is left with
    a few words; where `max_windows` do not hold it, full windows lie evenly from its first token to its last.

    Args:
        n_tokens: Tokens of the text, at least 0.
        room: Tokens that one window holds, at least 1.
        mode: One of `LONG_TEXT_MODES`.
        max_windows: Most windows of one text, at least 1.

    Returns:
        For each window its spans (start, end), in the order of the text; spans never overlap.
    """
    if n_tokens <= room:
        return [[(0, n_tokens)]]
    if mode == HEAD_TAIL:
        head = int(room * _HEAD_SHARE)
        tail = (n_tokens - (room - head), n_tokens)
        return [[(0, head), tail] if head else [tail]]
    if mode == WINDOWS:
        return [[span] for span in _windows(n_tokens, room, max_windows)]
    return [[(0, room)]]


def _windows(n_tokens: int, room: int, max_windows: int) -> list[Span]:
    needed = -(-n_tokens // room)
    if needed <= max_windows:
        bounds = [i * n_tokens // needed for i in range(needed + 1)]
        return list(pairwise(bounds))
    starts = [i * (n_tokens - room) // max(max_windows - 1, 1) for i in range(max_windows)]
    return [(start, start + room) for start in starts]
