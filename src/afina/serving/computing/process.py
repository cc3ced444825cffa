"""One worker process as the server sees it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from afina.errors import ModelError
from afina.serving.computing.frames import BrokenFrame, Frame, receive_frame
from afina.serving.computing.requests import Batch

# Without -P, a file in the folder one happens to stand in could take the place of a module.
WORKER_COMMAND = (sys.executable, "-P", "-m", "afina.serving.computing.worker")


class WorkerProcess:
    """A worker that was started, and the batch it computes.

    Args:
        process: The process.
        requests: Its standard input.
        replies: Its standard output.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, requests: asyncio.StreamWriter, replies: asyncio.StreamReader
    ) -> None:
        self._process, self._requests, self._replies = process, requests, replies
        self._clock = asyncio.get_running_loop().time
        self.heard_s = self._clock()
        """When it last said something."""
        self.batch: Batch | None = None
        """What it computes."""
        self.busy_since_s = 0.0

    @classmethod
    async def start(cls, command: Sequence[str], setup: Mapping[str, Any]) -> tuple[WorkerProcess, list[Any]]:
        """Start a worker and wait until it has loaded its models.

        Args:
            command: What is run.
            setup: Its first message, see `Worker.run`.

        Returns:
            The worker, and what it says of each model.

        Raises:
            ModelError: It refuses a model, or ended before it had loaded all.
            TimeoutError: Nothing was heard of it within the time that `setup` gives it to load.
        """
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a process was started without the pipes it was asked for")
        worker = cls(process, process.stdin, process.stdout)
        try:
            worker._requests.write(Frame(setup).to_bytes())
            async with asyncio.timeout(setup["load_timeout_s"]):
                while (frame := await worker.receive()) is not None:
                    if frame.message["say"] == "refused":
                        raise ModelError(frame.message["message"], hint=frame.message["hint"])
                    if frame.message["say"] == "loaded":
                        return worker, frame.message["models"]
            raise ModelError(
                f"A worker ended while it loaded its models (exit code {await process.wait()})",
                hint="is there enough memory?",
            )
        except BaseException:
            await worker.stop(0)
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask(self, batch: Batch, frame: Frame) -> None:
        """Have it compute a batch."""
        self.batch, self.busy_since_s = batch, self._clock()
        self._requests.write(frame.to_bytes())

    async def receive(self) -> Frame | None:
        """What it says next; None when it has ended, or talks nonsense."""
        try:
            frame = await receive_frame(self._replies)
        except BrokenFrame:
            return None
        self.heard_s = self._clock()
        return frame

    def kill(self) -> None:
        """End it at once, also when it is stopped or hangs."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self, timeout_s: float) -> int:
        """Close its pipe, upon which it ends when its batch is done; after a time, kill it."""
        self._requests.close()
        try:
            async with asyncio.timeout(timeout_s):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            self.kill()  # also where this wait is cancelled, since somebody is in a hurry
        return await self._process.wait()
