"""An engine that cannot answer does not start; one that is told to stop answers who waits."""

from __future__ import annotations

import asyncio

import pytest
from tests.serving.computing.planned_worker import COMMAND

from afina.errors import ConfigError, ModelError
from afina.serving.computing import make_engine
from afina.serving.engine import Unavailable
from afina.serving.settings import ServingSettings


def test_a_batch_must_have_room_for_a_text(open_bench):
    with pytest.raises(ConfigError, match=r"batch_tokens = 100 .* reads 200 tokens"):
        open_bench("plain", batch_tokens=100)


def test_a_run_that_cannot_be_loaded_is_told_at_the_start(tmp_path):
    async def start():
        await make_engine({"none": tmp_path / "none"}, ServingSettings()).start()

    with pytest.raises(ModelError, match="No such run"):
        asyncio.run(start())
    with pytest.raises(ConfigError, match="no run"):
        make_engine({}, ServingSettings())


def test_before_the_start_and_after_the_end_nothing_is_answered(tmp_path, open_bench):
    engine = make_engine({"plain": tmp_path}, ServingSettings(), worker_command=COMMAND)
    with pytest.raises(Unavailable, match="being loaded"):
        asyncio.run(engine.answer("plain", ["w1"], timeout_s=1))
    stopped = open_bench("plain")
    stopped.run(lambda engine: engine.drain(1))
    with pytest.raises(Unavailable, match="stops"):
        stopped.run(lambda engine: engine.answer("plain", ["w1"], timeout_s=1))


def test_a_drain_answers_who_waits_and_turns_away_who_comes(open_bench):
    draining = open_bench("plain")

    async def drained(engine):
        waiting = [asyncio.create_task(engine.answer("plain", ["slow"], timeout_s=5)) for _ in range(6)]
        await asyncio.sleep(0)
        end = asyncio.create_task(engine.drain(5))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await engine.answer("plain", ["w1"], timeout_s=5)
        assert not engine.ready
        await end
        assert all(task.done() for task in waiting)
        return [task.result() for task in waiting]

    assert len(draining.run(drained)) == 6
    assert draining.engine.worker_pids == []


def test_a_drain_ends_in_time(open_bench):
    draining = open_bench("plain")

    async def drained(engine):
        waiting = [asyncio.create_task(engine.answer("plain", [f"slow w{i}"] * 5, timeout_s=9)) for i in range(30)]
        await asyncio.sleep(0.05)
        await engine.drain(0.05)
        return await asyncio.gather(*waiting, return_exceptions=True)

    assert any(isinstance(each, Unavailable) for each in draining.run(drained))
