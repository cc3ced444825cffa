"""A PostgreSQL server of one's own."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "se@cret"


@contextmanager
def postgresql_server() -> Iterator[int]:
    """The port of a server on this machine whose user `me` has `PASSWORD`; it ends with the block.

    Skips where its programs are not here.
    """
    if not (_program("initdb") and _program("pg_ctl")):
        pytest.skip("the programs of PostgreSQL are not here")
    # PostgreSQL refuses to run as root; the name of a socket has at most 107 characters.
    as_user = []
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if getpass.getuser() == "root":
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL does not run as root, and runuser is not here")
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(program: str, *arguments: str) -> None:
        command = [*as_user, _program(program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    data, words = str(folder / "data"), str(folder / "password")
    call("initdb", "-D", data, "-U", "me", "-A", "scram-sha-256", "--pwfile", words, "-N", "-E", "UTF8")
    call("pg_ctl", "-D", data, "-l", str(folder / "log"), "-w", "-o", f"-p {port} -k {folder} -F", "start")
    try:
        yield port
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _program(name: str) -> str | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = [str(folder / name) for folder in folders if (folder / name).is_file()]
    return found[0] if found else shutil.which(name)
