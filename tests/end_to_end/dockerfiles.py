"""Dockerfiles without an engine: their instructions, and their steps run in a folder that stands for the image."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psutil

# What of this machine a build may know: how it reaches its package registry.
_KEPT = ("PIP_", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy")
# Absolute paths within the image; not those of the base system, which are this machine's own.
_PATHS = re.compile(r"(?<![\w./:])/(?=(?:build|home|opt|runs|state)\b)")


class Instruction(NamedTuple):
    """One instruction of a Dockerfile."""

    stage: int
    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        """Its words without options: those of a list in JSON, or those between blanks."""
        plain = re.sub(r"^(--\S+\s+)+", "", self.rest)
        return json.loads(plain) if plain.startswith("[") else plain.split()


def instructions_of(dockerfile: Path) -> list[Instruction]:
    """The instructions of a Dockerfile in their order; those before the first FROM are of stage 0."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found, stage = [], 0
    for line in filter(None, map(str.strip, whole.splitlines())):
        name, _, rest = line.partition(" ")
        stage += name == "FROM"
        found.append(Instruction(stage, name, rest.strip()))
    return found


@dataclass
class Image:
    """A folder in which the steps of a Dockerfile were run, with a virtual environment as the base image's Python.

    Users are not made, and what one stage takes from another is there already.
    """

    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    folder: Path = Path()
    entry: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    @classmethod
    def build(cls, context: Path, root: Path) -> Image:
        """Run the steps of `context/Dockerfile`."""
        image = cls(root)
        base = root / "usr"
        subprocess.run([sys.executable, "-m", "venv", str(base)], check=True)
        image.variables["PATH"] = f"{base / 'bin'}{os.pathsep}{os.defpath}"
        steps = instructions_of(context / "Dockerfile")
        for each in steps:
            image._take(each, context)
        last = {each.name: each for each in steps}
        if "ENTRYPOINT" in last:
            image.entry = last["ENTRYPOINT"].words
        if "HEALTHCHECK" in last:
            image.health = json.loads(last["HEALTHCHECK"].rest.partition("CMD ")[2])
        image.command = last["CMD"].words
        return image

    def _take(self, step: Instruction, context: Path) -> None:
        match step.name:
            case "WORKDIR":
                self.folder = Path(self._here(step.rest))
                self.folder.mkdir(parents=True)
            case "ENV":
                for name, value in re.findall(r'(\w+)=("[^"]*"|\S+)', step.rest):
                    self.variables[name] = self._here(value.replace("$PATH", self.variables["PATH"]))
            case "COPY" if "--from=" not in step.rest:
                *sources, place = step.words
                for source in sources:
                    _copy(context / source, self.folder / place)
            case "RUN" if not step.rest.startswith("useradd"):
                subprocess.run(
                    ["sh", "-ec", self._here(step.rest)], cwd=self.folder, env=self.environment(), check=True
                )
            case "VOLUME":
                Path(self._here(step.rest)).mkdir(parents=True)

    def _here(self, text: str) -> str:
        return _PATHS.sub(lambda _: f"{self.root}/", text)

    def environment(self, **more: str) -> dict[str, str]:
        """What a process in the image knows."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
        return {**kept, "HOME": str(self.root / "nobody"), **self.variables, **more}

    def run(self, command: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        return subprocess.run(
            [self._here(word) for word in command], cwd=self.folder, env=self.environment(**more),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    @contextmanager
    def serve(self, *, port: tuple[int, int], arguments: Sequence[str] = (), **more: str) -> Iterator[Served]:
        """Start what it starts, at another port than its own, until the block ends; it must then have ended well."""
        command = [each.replace(str(port[0]), str(port[1])) for each in [*self.entry, *(arguments or self.command)]]
        log = self.root.with_name("server.log")
        started = time.monotonic()
        with log.open("wb") as lines:
            process = subprocess.Popen(
                [self._here(word) for word in command], cwd=self.folder, env=self.environment(**more), stderr=lines
            )
        try:
            served = Served(process, f"http://127.0.0.1:{port[1]}", log)
            served.wait()
            served.seconds = time.monotonic() - started
            yield served
            process.terminate()
            assert process.wait(15) == 0
        finally:
            process.kill()
            process.wait()


@dataclass
class Served:
    """A server that answers."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path
    """What it writes to standard error."""
    seconds: float = 0.0
    """From its start until it was ready."""

    def wait(self) -> None:
        """Wait until it is ready."""
        until = time.monotonic() + 60
        while self.ask("/health/ready")[0] != 200:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, "not ready in a minute"
            time.sleep(0.05)

    def ask(self, path: str, document: object = None, **headers: str) -> tuple[int, Any]:
        """Status and body of an answer; 0 where there is none."""
        body = None if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                status, content = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        except OSError:
            return 0, None
        try:
            return status, json.loads(content)
        except ValueError:
            return status, content

    def memory_mb(self) -> float:
        """Memory of its processes, what they share counted once, in 10^6 bytes."""
        process = psutil.Process(self.process.pid)
        return sum(each.memory_full_info().pss for each in (process, *process.children(recursive=True))) / 1e6


def size_mb(folder: Path) -> float:
    """Size of the files in a folder, in 10^6 bytes."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _copy(source: Path, place: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    else:
        shutil.copy(source, place)
