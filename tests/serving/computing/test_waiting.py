"""Which rows are computed next."""

from __future__ import annotations

import asyncio

import numpy as np

from afina.serving.computing.requests import BACKGROUND_DELAY_S, Kind, Request
from afina.serving.computing.waiting import MOST_PADDING, WaitingRows
from afina.tokenization import Encodings


def request_of(lengths, *, arrived_s=0.0, kind=Kind.TYPED, model="m", windows=None) -> Request:
    """A request of texts with these numbers of tokens; with `windows`, each text in so many of equal width."""
    n = windows or 1
    offsets = np.concatenate([[0], np.cumsum(np.repeat(np.array(lengths) // n, n))])
    first_windows = None if windows is None else np.arange(len(lengths) + 1) * n
    encodings = Encodings(
        np.zeros(offsets[-1], dtype=np.int32), offsets, np.zeros(len(lengths), dtype=np.bool_), first_windows
    )
    done = asyncio.new_event_loop().create_future()
    done.get_loop().close()
    return Request(model, kind, [""] * len(lengths), encodings, arrived_s, done)


def batches_of(*requests, batch_tokens=100):
    waiting = WaitingRows(batch_tokens=batch_tokens)
    for request in requests:
        waiting.add(request)
    found = []
    while (batch := waiting.next_batch()) is not None:
        found.append(batch)
    assert waiting.tokens == len(waiting) == 0
    return found


def test_every_row_is_in_one_batch_and_none_has_much_padding():
    rng = np.random.default_rng(0)
    requests = [request_of(rng.integers(1, 90, size=rng.integers(1, 9)), arrived_s=i) for i in range(60)]
    found = batches_of(*requests, batch_tokens=200)
    rows = [(id(row.request), row.index) for batch in found for row in batch.rows]
    assert len(set(rows)) == len(rows) == sum(len(request.encodings) for request in requests)
    for batch in found:
        assert batch.padded_tokens <= 200
        assert batch.tokens >= (1 - MOST_PADDING) * batch.padded_tokens
    assert sum(batch.tokens for batch in found) > 0.9 * sum(batch.padded_tokens for batch in found)


def test_the_oldest_row_is_always_in_the_next_batch():
    rng = np.random.default_rng(1)
    requests = [request_of([int(rng.integers(1, 90))], arrived_s=i) for i in range(100)]
    left = list(requests)
    for batch in batches_of(*requests):
        assert batch.rows[0].request is left[0]
        left = [request for request in left if request not in batch.requests]


def test_a_row_beyond_the_limit_stands_alone():
    assert [[row.tokens for row in batch.rows] for batch in batches_of(request_of([150, 150, 3, 3]))] == [
        [150], [150], [3, 3]
    ]  # fmt: skip


def test_rows_in_windows_count_by_their_windows():
    (first, second) = batches_of(request_of([40, 40, 40], windows=4))
    assert (first.padded_tokens, second.padded_tokens) == (80, 40)


def test_models_and_kinds_are_not_mixed_and_what_is_urgent_goes_first():
    found = batches_of(
        request_of([9], kind=Kind.BACKGROUND, arrived_s=0.0),
        request_of([9], model="other", arrived_s=0.1),
        request_of([9], arrived_s=BACKGROUND_DELAY_S / 2),
        request_of([9], arrived_s=BACKGROUND_DELAY_S + 1),
    )
    assert [(batch.model, batch.kind, len(batch.rows)) for batch in found] == [
        ("other", Kind.TYPED, 1), ("m", Kind.TYPED, 2), ("m", Kind.BACKGROUND, 1)
    ]  # fmt: skip
    late = batches_of(
        request_of([9], kind=Kind.BACKGROUND, arrived_s=0.0), request_of([9], arrived_s=BACKGROUND_DELAY_S + 1)
    )
    assert [batch.kind for batch in late] == [Kind.BACKGROUND, Kind.TYPED]


def test_a_request_that_is_removed_leaves_nothing_behind():
    waiting = WaitingRows(batch_tokens=100)
    gone, stays = request_of([9, 9, 20]), request_of([9])
    waiting.add(gone)
    waiting.add(stays)
    assert waiting.remove(gone) == 3
    assert (waiting.tokens, len(waiting)) == (9, 1)
    assert waiting.next_batch().requests == [stays]
    assert waiting.remove(gone) == 0
