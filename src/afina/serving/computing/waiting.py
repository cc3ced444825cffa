"""Rows that wait, and which of them are computed next.

The oldest row is always in the next batch, so that none waits for ever; beside it stand rows of about its length, so
that little is computed for padding. On a processor a batch costs what its tokens cost, padding included: a short text
beside a long one would cost as much as the long one.
"""

from __future__ import annotations

from collections import OrderedDict

from afina.serving.computing.requests import Batch, Kind, Request, Row

MOST_PADDING = 0.2
"""Largest share of padding in a batch."""
_BACKGROUND_SHARE = 4


class WaitingRows:
    """All rows that wait, in lines: one for each model and kind.

    Args:
        batch_tokens: Most tokens in a batch, padding counted; a row that is larger stands alone.
    """

    def __init__(self, *, batch_tokens: int) -> None:
        self._batch_tokens = batch_tokens
        self._lines: dict[tuple[str, Kind], _Line] = {}
        self.tokens = 0
        """Tokens of all rows that wait."""

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    @property
    def background_tokens(self) -> int:
        """Most tokens in a batch of what is not urgent: who types waits at most for one such batch."""
        return max(1, self._batch_tokens // _BACKGROUND_SHARE)

    def add(self, request: Request) -> None:
        """Have all rows of a request wait."""
        line = self._lines.setdefault((request.model, request.kind), _Line())
        for row in request.rows():
            line.add(row)
            self.tokens += row.tokens

    def remove(self, request: Request) -> int:
        """Forget the rows of a request that still wait, and say how many there were."""
        rows = list(request.waiting)
        for row in rows:
            self._take(row)
        return len(rows)

    def next_batch(self) -> Batch | None:
        """Take the oldest row, and those that go well with it; None where none waits."""
        lines = [(line.oldest.request.due_s, kind, line) for (_, kind), line in self._lines.items() if len(line)]
        if not lines:
            return None
        _, kind, line = min(lines, key=lambda each: each[0])
        limits = {Kind.TYPED: self._batch_tokens, Kind.BACKGROUND: self.background_tokens, Kind.GRADIENTS: 0}
        rows = line.beside_oldest(limits[kind])
        for row in rows:
            self._take(row)
        return Batch(rows)

    def _take(self, row: Row) -> None:
        self._lines[row.request.model, row.request.kind].remove(row)
        self.tokens -= row.tokens


class _Line:
    """Rows in the order they came, also by width."""

    def __init__(self) -> None:
        self._rows: OrderedDict[Row, None] = OrderedDict()
        self._of_width: dict[int, OrderedDict[Row, None]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def oldest(self) -> Row:
        return next(iter(self._rows))

    def add(self, row: Row) -> None:
        row.request.waiting.add(row)
        self._rows[row] = None
        self._of_width.setdefault(row.width, OrderedDict())[row] = None

    def remove(self, row: Row) -> None:
        row.request.waiting.remove(row)
        del self._rows[row]
        of_width = self._of_width[row.width]
        del of_width[row]
        if not of_width:
            del self._of_width[row.width]

    def beside_oldest(self, most_tokens: int) -> list[Row]:
        """The oldest row and those nearest to it in width, as many as may stand in a batch."""
        oldest = self.oldest
        rows, tokens, windows, widest = [oldest], oldest.tokens, oldest.windows, oldest.width
        for width in sorted(self._of_width, key=lambda each: (abs(each - oldest.width), each)):
            for row in self._of_width[width]:
                if row is oldest:
                    continue
                padded = max(widest, width) * (windows + row.windows)
                if padded > most_tokens or padded * (1 - MOST_PADDING) > tokens + row.tokens:
                    break
                rows.append(row)
                tokens, windows, widest = tokens + row.tokens, windows + row.windows, max(widest, width)
        return rows
