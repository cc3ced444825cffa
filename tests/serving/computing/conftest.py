"""Engines whose workers start in a moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.serving.computing.planned_worker import COMMAND, LABELS, load

from afina.serving.computing import WorkerEngine, make_engine
from afina.serving.settings import ServingSettings


class Bench:
    """An engine that has started, and the loop it runs on."""

    def __init__(self, runner: asyncio.Runner, engine: WorkerEngine, folder: Path) -> None:
        self.runner, self.engine, self.folder = runner, engine, folder

    def run(self, scenario: Callable[[WorkerEngine], Awaitable[Any]]) -> Any:
        async def play() -> Any:
            async with asyncio.timeout(30):
                return await scenario(self.engine)

        return self.runner.run(play())

    def batches(self, run: str = "plain") -> list[list[list[int]]]:
        """Token ids of the rows of each batch so far."""
        return [json.loads(line) for line in (self.folder / run / "batches.jsonl").read_text().splitlines()]

    def expected(self, texts: list[str], run: str = "plain") -> list[tuple[float, ...]]:
        return [tuple(row) for row in load(self.folder / run).predict_proba(texts).tolist()]


def write_planned(folder: Path) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({"labels": list(LABELS)}))
    return folder


@pytest.fixture(scope="module")
def open_bench(tmp_path_factory) -> Iterator[Callable[..., Bench]]:
    """Start engines of planned runs with these settings; they are stopped at the end of the module."""
    with asyncio.Runner() as runner:
        engines = []

        def opened(*names: str, **settings: Any) -> Bench:
            folder = tmp_path_factory.mktemp("planned")
            runs = {name: write_planned(folder / name) for name in names or ("plain",)}
            engine = make_engine(runs, ServingSettings(**settings), worker_command=COMMAND)
            engines.append(engine)
            runner.run(engine.start())
            return Bench(runner, engine, folder)

        yield opened
        for engine in engines:
            runner.run(engine.drain(5))


@pytest.fixture(scope="module")
def bench(open_bench) -> Bench:
    """One engine of four runs, for tests that leave it well."""
    return open_bench("plain", "second", "blended", "windows", batch_tokens=400, queue_tokens=2_000)
