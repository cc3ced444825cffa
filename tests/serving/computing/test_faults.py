"""Workers that die, hang, run out of memory or give nonsense: requests beside them are answered all the same."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import numpy as np
import pytest
from tests.serving.computing.test_answering import held_up, probabilities, text_of

from afina.serving.engine import BackendFailure, Unavailable

HEARTBEAT_S = 0.5


@pytest.fixture(scope="module")
def frail(open_bench):
    """An engine that notices soon when a worker hangs."""
    return open_bench("plain", heartbeat_s=HEARTBEAT_S)


async def ready_again(engine) -> float:
    """Seconds until it is."""
    started = time.monotonic()
    while not engine.ready:
        await asyncio.sleep(0.01)
    return time.monotonic() - started


def rows(bench, text: str) -> int:
    """How often a row with these tokens was computed, or begun to be."""
    ids = bench.engine._served["plain"].encoder.encode([text]).of(0).tolist()
    return sum(row == ids for batch in bench.batches() for row in batch)


def test_a_killed_worker_costs_nobody_an_answer(frail):
    texts = [text_of(n, seed=n) for n in range(1, 30)]

    async def killed(engine):
        (before,) = engine.worker_pids
        busy = await held_up(engine)
        waiting = [asyncio.create_task(engine.answer("plain", [text], timeout_s=10)) for text in texts]
        await asyncio.sleep(0.01)
        os.kill(before, signal.SIGKILL)
        while engine.ready:
            await asyncio.sleep(0.001)
        seconds = await ready_again(engine)
        answered = await asyncio.gather(busy, *waiting)
        return before, engine.worker_pids, seconds, answered[1:]

    before, after, seconds, answered = frail.run(killed)
    assert after != [before]
    assert seconds < 5
    got = [probabilities(each)[0] for each in answered]
    np.testing.assert_allclose(got, frail.expected(texts), atol=1e-12)


def test_a_worker_killed_while_idle_is_replaced(frail):
    async def killed(engine):
        os.kill(engine.worker_pids[0], signal.SIGKILL)
        return await engine.answer("plain", ["w1"], timeout_s=10)

    restarts = frail.engine.statistics()["worker_restarts"]
    np.testing.assert_allclose(probabilities(frail.run(killed)), frail.expected(["w1"]), atol=1e-12)
    assert frail.engine.statistics()["worker_restarts"] == restarts + 1


def test_a_worker_that_hangs_is_killed_by_the_watchdog(frail):
    async def hung(engine):
        started = time.monotonic()
        answered = await engine.answer("plain", ["hang_once w5"], timeout_s=10)
        return time.monotonic() - started, answered

    seconds, answered = frail.run(hung)
    assert HEARTBEAT_S < seconds < HEARTBEAT_S + 5
    assert len(answered.answers) == 1


def test_a_text_that_kills_every_worker_is_tried_twice_and_takes_few_with_it(frail):
    async def poisoned(engine):
        busy = await held_up(engine)
        texts = ["die w1", "w2 w2", "w3 w3", "w4 w4"]
        waiting = [asyncio.create_task(engine.answer("plain", [text], timeout_s=15)) for text in texts]
        await asyncio.sleep(0)
        await busy
        answered = await asyncio.gather(*waiting, return_exceptions=True)
        await ready_again(engine)
        return answered

    first, *others = frail.run(poisoned)
    assert isinstance(first, Unavailable)
    assert sum(isinstance(each, Unavailable) for each in others) == 1  # the one in the same half
    assert rows(frail, "die w1") == 2


def test_out_of_memory_a_batch_is_tried_in_halves(frail):
    async def hungry(engine):
        (pid,) = engine.worker_pids
        one = await engine.answer("plain", ["hungry_together w1", "w2 w2"], timeout_s=5)
        with pytest.raises(Unavailable, match="memory"):
            await engine.answer("plain", ["hungry w1"], timeout_s=5)
        assert engine.worker_pids == [pid]
        return one

    texts = ["hungry_together w1", "w2 w2"]
    one = probabilities(frail.run(hungry))
    np.testing.assert_allclose(one, [frail.expected([text])[0] for text in texts], atol=1e-12)
    assert rows(frail, "hungry w1") == 2


def test_an_error_nobody_foresaw_is_told_and_the_next_text_answered(frail):
    async def broken(engine):
        with pytest.raises(BackendFailure, match="could not answer"):
            await engine.answer("plain", ["broken"], timeout_s=5)
        assert engine.ready
        return await engine.answer("plain", ["w1"], timeout_s=5)

    assert len(frail.run(broken).answers) == 1


def test_a_model_that_gives_no_probability_is_asked_no_more_and_others_are(open_bench):
    two = open_bench("plain", "second")

    async def sick(engine):
        busy = await held_up(engine)
        waiting = [asyncio.create_task(engine.answer("plain", [text], timeout_s=5)) for text in ("nan", "w1 " * 50)]
        failed = await asyncio.gather(*waiting, return_exceptions=True)
        await busy
        with pytest.raises(BackendFailure, match="'plain' gave what is no probability"):
            await engine.answer("plain", ["w1"], timeout_s=5)
        return failed, engine.ready, await engine.answer("second", ["w1"], timeout_s=5)

    failed, ready, well = two.run(sick)
    assert all(isinstance(each, BackendFailure) for each in failed)
    assert not ready
    np.testing.assert_allclose(probabilities(well), two.expected(["w1"], "second"), atol=1e-12)


def test_where_no_worker_can_be_started_all_are_told_so_until_one_can(open_bench):
    lost = open_bench("plain")
    blocked = lost.folder / "plain" / "unloadable"

    async def unloadable(engine):
        blocked.touch()
        os.kill(engine.worker_pids[0], signal.SIGKILL)
        with pytest.raises(Unavailable, match="No worker"):
            await engine.answer("plain", ["w1"], timeout_s=10)
        started = time.monotonic()
        with pytest.raises(Unavailable, match="No worker"):
            await engine.answer("plain", ["w1"], timeout_s=10)
        assert time.monotonic() - started < 0.1
        blocked.unlink()
        await ready_again(engine)
        return await engine.answer("plain", ["w1"], timeout_s=10)

    assert len(lost.run(unloadable).answers) == 1
