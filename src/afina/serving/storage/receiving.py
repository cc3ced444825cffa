"""Multipart forms with a file, streamed to disk as they arrive: nothing is held in memory, no name is taken over.

Frameworks parse the whole form first, into a temporary file of their own; here the limits hold while bytes come in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from afina.serving.storage.errors import StorageError, of_system
from afina.serving.storage.uploads import Kind, kind_of_name

_MOST_FIELD_BYTES = 1_000
_MOST_PARTS = 16
FILE = "file"


@dataclass
class Received:
    """A form that arrived whole."""

    path: Path
    """The file that came with it."""
    kind: Kind
    """What its name said that it is."""
    fields: dict[str, str] = field(default_factory=dict)


async def receive(
    content_type: str, stream: AsyncIterator[bytes], path: Path, *, fields: Collection[str], max_bytes: int
) -> Received:
    """Write the file of a multipart form to disk.

    Args:
        content_type: That of the request.
        stream: The request's body.
        path: Where the file shall stand; its folder is there.
        fields: Names of the other fields that may come.
        max_bytes: Most bytes of the body.

    Raises:
        StorageError: It is no such form (400, 415, 422), is too large (413), or the disk is full (507). What was
            written is to be removed with its folder.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise StorageError(415, "unsupported_media_type", "Send the file as multipart/form-data")
    form = _Form(path, fields)
    n_bytes = 0
    try:
        parser = MultipartParser(boundary, form.callbacks)  # type: ignore[arg-type]
        async for chunk in stream:
            n_bytes += len(chunk)
            if n_bytes > max_bytes:
                raise too_large(max_bytes)
            await asyncio.to_thread(parser.write, chunk)
        parser.finalize()
        form.close()  # which writes the rest
    except MultipartParseError:
        raise _unreadable() from None
    except OSError as error:
        raise (of_system(error) or error) from error
    finally:
        with suppress(OSError):
            form.close()
    return form.received()


def too_large(max_bytes: int) -> StorageError:
    """A body of more bytes than may be."""
    return StorageError(413, "too_large", f"The request may have {max_bytes:,} bytes")


def _unreadable() -> StorageError:
    return StorageError(400, "bad_request", "The form cannot be read")


class _Form:
    """Takes what the parser finds in a body."""

    def __init__(self, path: Path, names: Collection[str]) -> None:
        self._path, self._names = path, names
        self._file: IO[bytes] | None = None
        self._kind: Kind | None = None
        self._fields: dict[str, bytearray] = {}
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name = ""
        self._n_parts = 0
        self._is_whole = False
        self.callbacks = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._start_part,
            "on_part_data": self._take,
            "on_part_end": lambda: None,
            "on_end": self._end,
        }

    def received(self) -> Received:
        if not self._is_whole:
            raise _unreadable()
        if self._kind is None:
            raise StorageError(422, "validation", f"The form has no field {FILE!r} with a file")
        try:
            fields = {name: bytes(value).decode() for name, value in self._fields.items()}
        except UnicodeDecodeError:
            raise _unreadable() from None
        return Received(self._path, self._kind, {name: value for name, value in fields.items() if value.strip()})

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        self._n_parts += 1
        self._disposition = b""
        if self._n_parts > _MOST_PARTS:
            raise StorageError(413, "too_large", f"A form may have {_MOST_PARTS} parts")

    def _end_header(self) -> None:
        name, value = (bytes(each) for each in self._header)
        if name.lower() == b"content-disposition":
            self._disposition = value
        self._header = (bytearray(), bytearray())

    def _start_part(self) -> None:
        kind, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if kind != b"form-data" or not self._name:
            raise _unreadable()
        if self._name in self._fields or (self._name == FILE and self._kind is not None):
            raise StorageError(422, "validation", "A field of the form stands there twice")
        if self._name == FILE:
            self._kind = kind_of_name(options.get(b"filename", b"").decode("utf-8", "replace"))
            self._file = self._path.open("xb")
            self._path.chmod(0o600)
        elif self._name in self._names:
            self._fields[self._name] = bytearray()
        else:
            known = ", ".join((FILE, *self._names))
            raise StorageError(422, "validation", f"The form has an unknown field; known are {known}")

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._name == FILE:
            if self._file is not None:
                self._file.write(data[start:end])
            return
        value = self._fields[self._name]
        value.extend(data[start:end])
        if len(value) > _MOST_FIELD_BYTES:
            raise StorageError(413, "too_large", f"A field may have {_MOST_FIELD_BYTES:,} bytes")

    def _end(self) -> None:
        self._is_whole = True
