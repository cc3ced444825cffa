"""What kinds of files are taken, and the unpacking of those that are packed, within limits."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

from afina.serving.storage.errors import StorageError, of_system

MOST_UNPACKED_BYTES = 1_000_000_000
MOST_RATIO = 100
"""By how much a file may grow when it is unpacked."""
MOST_ROWS = 5_000_000
FORMATS = ("csv", "jsonl", "parquet")
"""Formats of results."""
_ENDS = {
    "csv": "csv",
    "tsv": "tsv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "txt": "txt",
    "parquet": "parquet",
}
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_ARCHIVES = (
    b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd",
)  # fmt: skip
_CHUNK = 1 << 20
# Small files shrink to almost nothing when they are packed, and harm nobody when they are unpacked.
_SMALL_BYTES = 10_000_000


@dataclass(frozen=True)
class Kind:
    """What a file is said to be."""

    end: str
    """How its name ends: `csv`, `tsv`, `jsonl`, `json`, `txt` or `parquet`."""
    is_packed: bool = False

    @property
    def result(self) -> str:
        """Format of a result that looks like it."""
        return "jsonl" if self.end == "json" else self.end if self.end in FORMATS else "csv"


def kind_of_name(name: str) -> Kind:
    """What a file's name says that it is; of the name only this is used.

    Raises:
        StorageError: It is nothing that is taken (415).
    """
    _, *ends = name.lower().split(".")
    is_packed = ends[-1:] == ["gz"]
    end = _ENDS.get("".join((ends[:-1] if is_packed else ends)[-1:]))
    if end is None:
        raise _unsupported()
    return Kind(end, is_packed)


def settle(path: Path, kind: Kind) -> Path:
    """Unpack a file that is packed, look whether it is what it is said to be, and give it the name of its kind.

    Args:
        path: The file as it came.
        kind: What it is said to be.

    Returns:
        Its new place, in the same folder.

    Raises:
        StorageError: It is an archive (415), too large when unpacked (413), no whole gzip file or empty (422), or the
            disk is full (507).
    """
    try:
        is_packed = kind.is_packed or _starts(path) == _GZIP
        end = kind.end
        if is_packed:
            unpacked = path.with_name(path.name + ".unpacked")
            _unpack(path, unpacked)
            path.unlink()
            path = unpacked
        with path.open("rb") as file:
            start = file.read(8)
        if not start:
            raise StorageError(422, "empty", "The file is empty")
        if start.startswith((*_ARCHIVES, _GZIP)):
            raise _unsupported()
        if start.startswith(_PARQUET):
            end = "parquet"
        elif end == "parquet":
            raise StorageError(422, "unreadable", "The file is not a valid parquet file")
        return path.rename(path.with_name(f"upload.{end}"))
    except OSError as error:
        raise (of_system(error) or error) from error


def too_large_unpacked() -> StorageError:
    """A file that holds more than its size tells."""
    return StorageError(
        413, "too_large",
        f"Unpacked, a file may have {MOST_UNPACKED_BYTES:,} bytes, and {MOST_RATIO} times those it was sent with",
    )  # fmt: skip


def too_many_rows() -> StorageError:
    """A file with more rows than may be."""
    return StorageError(413, "too_large", f"A file may have {MOST_ROWS:,} rows")


def is_bomb(unpacked_bytes: int, packed_bytes: int) -> bool:
    """Whether a file holds more than its size tells."""
    grown = unpacked_bytes > max(_SMALL_BYTES, MOST_RATIO * packed_bytes)
    return grown or unpacked_bytes > MOST_UNPACKED_BYTES


def _starts(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(2)


def _unpack(packed: Path, unpacked: Path) -> None:
    size = packed.stat().st_size
    n_bytes = 0
    try:
        with gzip.open(packed) as source, unpacked.open("xb") as target:
            unpacked.chmod(0o600)
            while chunk := source.read(_CHUNK):
                n_bytes += len(chunk)
                if is_bomb(n_bytes, size):
                    raise too_large_unpacked()
                target.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise StorageError(422, "unreadable", "The file is not a whole gzip file") from None


def _unsupported() -> StorageError:
    return StorageError(
        415, "unsupported_media_type",
        "Send a file of type csv, tsv, jsonl, json, txt or parquet, each also .gz; archives and spreadsheets are not "
        "unpacked",
    )  # fmt: skip
