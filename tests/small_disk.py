"""A disk that is really full, or really cannot be written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """Mount a disk of this size at a new folder; skip where that is not allowed."""
    folder.mkdir()
    if _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder):
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def make_read_only(disk: Path) -> None:
    """Let a disk of `small_disk` be read only; not even root may write it then."""
    if _mount("-o", "remount,ro", disk):
        pytest.skip("the disk cannot be mounted anew")


def fill(disk: Path, *, but_kilobytes: int = 0) -> Path:
    """Fill a disk with one file, and give the file."""
    file = disk / "filling"
    with file.open("wb") as opened:
        free = os.statvfs(disk)
        opened.write(bytes(max(0, free.f_bavail * free.f_frsize - 1024 * but_kilobytes)))
    return file


def _mount(*arguments: str | Path) -> int:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 1
