"""Multipart forms, and a loop to send them in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

_BOUNDARY = "a-boundary-of-our-own"


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    """One part of a form, with the boundary before it."""
    said = "" if filename is None else f'; filename="{filename}"'
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{said}\r\n'
    return head.encode() + b"Content-Type: text/plain\r\n\r\n" + value + b"\r\n"


def whole(*parts: bytes) -> tuple[str, bytes]:
    """Content-Type and body of a form."""
    return f"multipart/form-data; boundary={_BOUNDARY}", b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


def form_of(content: bytes, name: str = "a.csv", **fields: str) -> tuple[str, bytes]:
    """The same of a form with a file."""
    return whole(*(part(key, value.encode()) for key, value in fields.items()), part("file", content, name))


async def chunks_of(body: bytes, size: int = 700) -> AsyncIterator[bytes]:
    """A body as it comes from the network."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives."""
    return asyncio.run(coroutine)
