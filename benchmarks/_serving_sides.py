"""The servers that are compared: how each is started, asked and watched."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

_HERE = Path(__file__).parent
_START_TIMEOUT_S = 120.0
_SAMPLE_S = 0.5


@dataclass(frozen=True)
class Side:
    """One server."""

    script: str
    options: tuple[str, ...]
    path: str
    ready_path: str

    def command(self, run: Path, port: int) -> list[str]:
        """What starts it."""
        return [sys.executable, str(_HERE / self.script), str(run), str(port), *self.options]


SIDES = {
    "instant": Side("_serving_afina.py", ("instant",), "/v1/classify", "/health/ready"),
    "no-op": Side("_serving_afina.py", ("no-op",), "/v1/classify", "/health/ready"),
    "afina-fp32": Side("_serving_afina.py", ("fp32",), "/v1/classify", "/health/ready"),
    "afina-int8": Side("_serving_afina.py", ("int8",), "/v1/classify", "/health/ready"),
    "pipeline": Side("_serving_pipeline.py", (), "/classify", "/health"),
    "litserve": Side("_serving_litserve.py", (), "/classify", "/health"),
}


class Served:
    """A server that runs, and what it takes of the machine."""

    def __init__(self, process: subprocess.Popen, port: int, ready_s: float) -> None:
        self._process, self.port, self.ready_s = process, port, ready_s
        self._samples_mb: list[float] = []
        self._stopped = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def memory_mb(self) -> float:
        """Memory of all its processes, shared pages counted once."""
        total = 0
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss
        return total / 1e6

    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far."""
        total = 0.0
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def take_samples_mb(self) -> list[float]:
        """Memory every half second since this was last asked."""
        samples, self._samples_mb = self._samples_mb, []
        return samples or [self.memory_mb()]

    def stop(self) -> None:
        """End it and all it has started."""
        self._stopped.set()
        self._sampler.join()
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _processes(self) -> list[psutil.Process]:
        try:
            server = psutil.Process(self._process.pid)
            return [server, *server.children(recursive=True)]
        except psutil.Error:
            return []

    def _sample(self) -> None:
        while not self._stopped.wait(_SAMPLE_S):
            self._samples_mb.append(self.memory_mb())


@contextlib.contextmanager
def serving(side: Side, run: Path) -> Iterator[Served]:
    """Start a server and wait until it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(side.command(run, port), start_new_session=True, stdout=subprocess.DEVNULL)
    while not _is_ready(f"http://127.0.0.1:{port}{side.ready_path}"):
        if process.poll() is not None or time.perf_counter() - started > _START_TIMEOUT_S:
            process.kill()
            raise RuntimeError(f"{side.script} did not start")
        time.sleep(0.05)
    served = Served(process, port, time.perf_counter() - started)
    try:
        yield served
    finally:
        served.stop()


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
