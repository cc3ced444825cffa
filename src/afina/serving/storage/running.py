"""Works the queue of jobs off, one after the other, each in a process of its own beside the server."""

from __future__ import annotations

import json
import logging
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.claims import locked
from afina.errors import OutputError
from afina.serving.storage import jobs as states
from afina.serving.storage.errors import StorageError
from afina.serving.storage.folder import JobFolder
from afina.serving.storage.jobs import JobStore
from afina.serving.storage.tables import Job

COMMAND = (sys.executable, "-P", "-m", "afina.serving.storage.processes.score")
_LOCK = "runner.lock"
_POLL_SECONDS = 0.5
_SWEEP_SECONDS = 60.0
_SECONDS_BETWEEN_TRIES = 5.0
_MOST_ATTEMPTS = 3
# What is being sent has a folder before it is a job.
_SECONDS_TO_SEND = 3_600.0
_log = logging.getLogger(__name__)


@dataclass
class _Ended:
    state: str
    reason: str | None = None
    summary: dict[str, Any] | None = None


class Runner:
    """A thread that runs the jobs of one folder; of several servers on a folder one at a time does.

    Args:
        store: The jobs.
        folder: Where their files stand.
        runs: Run folders by the names of the models.
        backend: What computes, as `Classifier.load` takes it.
        ttl_s: How long ended jobs are kept, in seconds.
        command: The program that works on a file.
        steady: A clock that only moves on.
    """

    def __init__(
        self,
        store: JobStore,
        folder: JobFolder,
        runs: Mapping[str, Path],
        *,
        backend: str,
        ttl_s: float,
        command: Sequence[str] = COMMAND,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._folder, self._runs = store, folder, dict(runs)
        self._backend, self._ttl_s, self._steady = backend, ttl_s, steady
        self._command = list(command)
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._next_sweep = 0.0
        self._is_unsettled = False
        """Whether a job may be noted as running that is not."""

    def start(self) -> None:
        """Begin with what waits, and what an earlier server left unfinished."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._work, name="afina-jobs", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the running job's process, which goes on with the next start, and the thread."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """Look for new jobs now."""
        self._wake.set()

    def _work(self) -> None:
        with ExitStack() as stack:
            has_lock = False
            while not self._stop.is_set():
                worked = False
                try:
                    has_lock = has_lock or self._take_over(stack)
                    worked = has_lock and self._work_once()
                except StorageError as error:
                    self._is_unsettled = True
                    _log.warning("Jobs wait: %s", error)
                    self._stop.wait(_SECONDS_BETWEEN_TRIES)
                except Exception as error:
                    # Not its message, which may quote a text.
                    self._is_unsettled = True
                    _log.error("The queue of jobs failed: %s", type(error).__name__)
                    self._stop.wait(_SECONDS_BETWEEN_TRIES)
                if not worked:
                    self._wake.wait(1.0)
                    self._wake.clear()

    def _take_over(self, stack: ExitStack) -> bool:
        """Become the one that runs jobs, unless another is."""
        lock = self._folder.root / _LOCK
        try:
            self._folder.open()
            lock.touch(mode=0o600)
            stack.enter_context(locked(lock, self._folder.root))
        except (OutputError, OSError):
            return False
        self._is_unsettled = True
        return True

    def _work_once(self) -> bool:
        if self._is_unsettled:
            if n := self._store.requeue():
                _log.info("Going on with %d jobs", n)
            self._is_unsettled = False
        if self._steady() >= self._next_sweep:
            self._next_sweep = self._steady() + _SWEEP_SECONDS
            self._sweep()
        job = self._store.take_next()
        if job is None:
            return False
        ended = self._run(job)
        if ended is None:
            if self._stop.is_set():
                self._store.requeue(job.id)
            elif job.attempts < _MOST_ATTEMPTS:
                self._store.requeue()
            else:
                ended = _Ended(states.FAILED, "The process that worked on the file was killed, each time")
        if ended is not None:
            self._end(job, ended)
        return True

    def _end(self, job: Job, ended: _Ended) -> None:
        """Note how a job ended, and remove what is of no more use."""
        folder = self._folder.of(job.id)
        if ended.state not in states.WITH_RESULT:
            # First of all, since a full disk takes no note.
            shutil.rmtree(folder, ignore_errors=True)
        values: dict[str, Any] = {"reason": ended.reason}
        if ended.summary is not None:
            rows = ended.summary["rows"]
            values |= {"summary": ended.summary, "rows_total": rows, "rows_done": rows}
            values["rows_failed"] = ended.summary["failed"]
        if not self._store.end(job.id, ended.state, **values):
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            (folder / job.upload).unlink()

    def _run(self, job: Job) -> _Ended | None:
        """Let a process work on a job to its end; None where the process ended before."""
        run, folder = self._runs.get(job.model), self._folder.of(job.id)
        if run is None:
            return _Ended(states.FAILED, "The model of this job is not served any more")
        if not (folder / job.upload).is_file():
            return _Ended(states.FAILED, "The file of this job is gone")
        order = {
            "run": str(run.absolute()), "backend": self._backend, "source": job.upload,
            "out": self._folder.result(job).name, "text_column": job.text_column,
            "title_column": job.title_column,
        }  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        with subprocess.Popen(
            self._command, cwd=folder, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
        ) as process:  # fmt: skip
            try:
                return self._watch(process, order, job)
            finally:
                process.kill()

    def _watch(self, process: subprocess.Popen[str], order: dict[str, Any], job: Job) -> _Ended | None:
        said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(process, said), daemon=True).start()
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.write(json.dumps(order) + "\n")
                process.stdin.flush()
        while not self._stop.is_set():
            with suppress(queue.Empty):
                line = said.get(timeout=_POLL_SECONDS)
                if line is None:
                    return None
                if (ended := self._take(json.loads(line), job)) is not None:
                    return ended
                continue
            with suppress(StorageError):
                if not self._store.is_running(job.id):
                    return _Ended(states.CANCELLED)
        return None

    def _take(self, document: dict[str, Any], job: Job) -> _Ended | None:
        match document:
            case {"done": dict(summary)}:
                return _Ended(states.DONE_WITH_ERRORS if summary["failed"] else states.DONE, summary=summary)
            case {"failed": str(reason)}:
                if "error" in document:
                    _log.error("A job failed: %s", document["error"])
                return _Ended(states.FAILED, reason)
        with suppress(StorageError):
            is_on = self._store.note(
                job.id, rows_total=document["total"], rows_done=document["rows"], rows_failed=document["failed"],
                eta_s=document["seconds_left"],
            )  # fmt: skip
            return None if is_on else _Ended(states.CANCELLED)
        return None

    def _sweep(self) -> None:
        """Remove what is too old, and folders that belong to no job."""
        if gone := self._store.expired(self._ttl_s):
            self._store.forget(gone)
        known = self._store.ids()
        for folder in self._folder.root.iterdir():
            with suppress(OSError):
                if folder.is_dir() and folder.name not in known:
                    is_old = time.time() - folder.stat().st_mtime > _SECONDS_TO_SEND
                    if is_old or folder.name in gone:
                        shutil.rmtree(folder, ignore_errors=True)


def _listen(process: subprocess.Popen[str], said: queue.SimpleQueue[str | None]) -> None:
    """Pass on what a process says; None when it says nothing more."""
    if process.stdout is not None:
        with suppress(ValueError, OSError):
            for line in process.stdout:
                said.put(line)
    said.put(None)
