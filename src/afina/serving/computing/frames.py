"""What the server and its workers say to each other over pipes: frames of JSON and raw numbers.

`multiprocessing` would pickle what it sends, and afina reads no pickle, from whomever. A frame is two lengths, a JSON
object and the bytes of an array, whose type both sides know.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

PROBE = "A short text, to see that all is well."
"""What a model is asked before it counts as ready."""
MEMORY, NO_PROBABILITY, REFUSED, BROKEN = "memory", "no probability", "refused", "broken"
"""Why a batch has no answers: memory ran out; the model gave NaN; it cannot be asked so; anything else."""

ANSWER, EXPLAIN = "answer", "explain"
"""What may be asked: probabilities of tokenized texts, or integrated gradients of one."""

_LENGTHS = struct.Struct("<II")
MAX_FRAME_BYTES = 256 * 2**20
"""No batch and no tokenizer comes near it."""


class BrokenFrame(Exception):
    """What came is no frame."""


@dataclass(frozen=True)
class Frame:
    """One message."""

    message: Mapping[str, Any]
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """As it goes over the pipe."""
        text = json.dumps(self.message, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        return _LENGTHS.pack(len(text), len(self.payload)) + text + self.payload


def read_frame(pipe: BinaryIO) -> Frame | None:
    """The next frame, waiting for it; None where the other side is gone.

    Raises:
        BrokenFrame: What came is none.
    """
    head = pipe.read(_LENGTHS.size)
    if len(head) < _LENGTHS.size:
        return None
    n_text, n_payload = _lengths(head)
    body = pipe.read(n_text + n_payload)
    return _frame(body, n_text) if len(body) == n_text + n_payload else None


async def receive_frame(stream: asyncio.StreamReader) -> Frame | None:
    """As `read_frame`, from a stream."""
    try:
        n_text, n_payload = _lengths(await stream.readexactly(_LENGTHS.size))
        return _frame(await stream.readexactly(n_text + n_payload), n_text)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def _lengths(head: bytes) -> tuple[int, int]:
    n_text, n_payload = _LENGTHS.unpack(head)
    if n_text + n_payload > MAX_FRAME_BYTES:
        raise BrokenFrame(f"a frame of {n_text + n_payload:,} bytes")
    return n_text, n_payload


def _frame(body: bytes, n_text: int) -> Frame:
    try:
        message = json.loads(body[:n_text])
    except ValueError:
        raise BrokenFrame("a frame without JSON") from None
    return Frame(message, body[n_text:])
