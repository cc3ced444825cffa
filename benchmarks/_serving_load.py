"""A bounded load generator: requests over loopback, in a closed loop of clients or at a rate, in a process of its own.

    echo '{...}' | python benchmarks/_serving_load.py

Reads `{"port", "path", "bodies": [...], "clients"}` or `{..., "rate"}` with `"seconds"` and `"warm_up_s"` from standard
input, and writes what it counted to standard output. It speaks HTTP with the parser that uvicorn uses, so that it takes
little of the machine that it shares with the server; how much it took is part of the result.

In a closed loop each client sends a text when it has got the last answer. In an open loop texts come at a rate, whether
or not the server keeps up, and a latency counts from when a text was due. At most 900 texts are under way; those that
find no room are counted as `not_sent`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httptools
import numpy as np

MOST_UNDER_WAY = 900
_SEED = 0
_GRACE_S = 15.0
"""How long answers are waited for at the end."""
_LOST = "lost"


class _Response:
    """Reads one response."""

    def __init__(self) -> None:
        self.is_whole = False
        self.parser = httptools.HttpResponseParser(self)

    def on_message_complete(self) -> None:
        self.is_whole = True


class Connection:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> int | str:
        """Send a request and read its whole response: the status."""
        try:
            if self._writer is None:
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._writer.write(request)
            response = _Response()
            while not response.is_whole:
                data = await self._reader.read(65_536)
                if not data:
                    raise ConnectionError
                response.parser.feed_data(data)
            if not response.parser.should_keep_alive():
                self.close()
            return response.parser.get_status_code()
        except (OSError, httptools.HttpParserError):
            self.close()
            return _LOST

    def close(self) -> None:
        """Close it; the next request opens it again."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


@dataclass
class Tally:
    """What was counted between two times."""

    starts_s: float
    ends_s: float
    latencies_s: list[float] = field(default_factory=list)
    """Of texts that were answered."""
    refused_s: list[float] = field(default_factory=list)
    """Of 429 and 503."""
    statuses: Counter[str] = field(default_factory=Counter)

    def count(self, due_s: float, status: int | str) -> None:
        """Note a response, if it belongs to the time that is measured."""
        now = time.perf_counter()
        if not self.starts_s <= due_s < self.ends_s:
            return
        self.statuses[str(status)] += 1
        if status == 200:
            self.latencies_s.append(now - due_s)
        elif status in (429, 503):
            self.refused_s.append(now - due_s)


def requests_of(port: int, path: str, bodies: list[Any]) -> Iterator[bytes]:
    """Requests with these bodies, over and over, in another order each time."""
    rng = random.Random(_SEED)
    written = []
    for body in bodies:
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        written.append(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return itertools.chain.from_iterable(rng.sample(written, len(written)) for _ in itertools.count())


async def closed_loop(port: int, requests: Iterator[bytes], clients: int, tally: Tally) -> None:
    """Clients that ask one text after the other."""

    async def client() -> None:
        connection = Connection(port)
        while (due_s := time.perf_counter()) < tally.ends_s:
            status = await connection.ask(next(requests))
            tally.count(due_s, status)
            if status != 200:
                await asyncio.sleep(0.01)
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))


async def open_loop(port: int, requests: Iterator[bytes], rate: float, tally: Tally) -> None:
    """Texts that come at random, so many a second."""
    rng = random.Random(_SEED)
    idle = [Connection(port) for _ in range(MOST_UNDER_WAY)]
    under_way: set[asyncio.Task[None]] = set()

    async def one(due_s: float) -> None:
        connection = idle.pop()
        tally.count(due_s, await connection.ask(next(requests)))
        idle.append(connection)

    due_s = time.perf_counter()
    while (due_s := due_s + rng.expovariate(rate)) < tally.ends_s:
        if (pause_s := due_s - time.perf_counter()) > 0:
            await asyncio.sleep(pause_s)
        elif not len(under_way) % 64:
            await asyncio.sleep(0)
        if not idle or len(under_way) >= MOST_UNDER_WAY:
            tally.count(due_s, "not_sent")
            continue
        task = asyncio.create_task(one(due_s))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    if under_way:
        _, unanswered = await asyncio.wait(under_way, timeout=_GRACE_S)
        for task in unanswered:
            task.cancel()
            tally.statuses["unanswered"] += 1
    for connection in idle:
        connection.close()


def result_of(tally: Tally) -> dict[str, Any]:
    """What a tally comes to."""
    seconds = tally.ends_s - tally.starts_s
    found = {"seconds": round(seconds, 1), "statuses": dict(tally.statuses)}
    found["texts_per_second"] = round(len(tally.latencies_s) / seconds, 1)
    for name, latencies in (("ms", tally.latencies_s), ("refused_ms", tally.refused_s)):
        if latencies:
            p50, p99 = np.percentile(latencies, [50, 99]) * 1e3
            found[name] = {"p50": round(p50, 2), "p99": round(p99, 2), "max": round(max(latencies) * 1e3, 2)}
    return found


async def measure(asked: dict[str, Any]) -> dict[str, Any]:
    """Make the load that is asked for."""
    now = time.perf_counter()
    starts_s = now + asked["warm_up_s"]
    tally = Tally(starts_s, starts_s + asked["seconds"])
    requests = requests_of(asked["port"], asked["path"], asked["bodies"])
    used_s = time.process_time()
    if "rate" in asked:
        await open_loop(asked["port"], requests, asked["rate"], tally)
    else:
        await closed_loop(asked["port"], requests, asked["clients"], tally)
    cores = (time.process_time() - used_s) / (time.perf_counter() - now)
    return {**result_of(tally), "generator_cores": round(cores, 2)}


if __name__ == "__main__":
    json.dump(asyncio.run(measure(json.load(sys.stdin))), sys.stdout)
