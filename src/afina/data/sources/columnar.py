"""Rows of parquet files: flat columns only, times as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from afina.data.sources.file_notes import FileNotes, Row
from afina.data.sources.text_lines import open_seekable
from afina.errors import DataError, first_line

_MOST_ROWS_PER_BATCH = 8192
_BYTES_PER_BATCH = 1 << 24
_BUFFER_BYTES = 1 << 20


def read_parquet(path: Path, notes: FileNotes) -> Iterator[Row]:
    """Stream the rows of a parquet file.

    Args:
        path: The file.
        notes: Filled while rows are consumed; nested columns are left out and noted.

    Raises:
        DataError: The file is damaged, or has no flat column that could hold texts.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_seekable(path) as source:
        try:
            # A buffer has pages read as they are needed, and not a whole row group.
            file = pq.ParquetFile(source, buffer_size=_BUFFER_BYTES)
            notes.class_names = _class_names(file.schema_arrow.metadata or {})
            fields = _flat_fields(file.schema_arrow, notes)
            of_bytes = [field.name for field in fields if _is_binary(field.type)]
            notes.total_rows = file.metadata.num_rows
            names = [field.name for field in fields]
            for batch in file.iter_batches(batch_size=_rows_per_batch(file.metadata), columns=names):
                for row in _without_times(batch).to_pylist():
                    # Some writers store texts without saying that they are texts.
                    yield row | {name: (row[name] or b"").decode("utf-8", errors="replace") for name in of_bytes}
        except PermissionError:
            raise
        except (pa.ArrowException, OSError, UnicodeError, OverflowError) as error:
            raise DataError(f"The file {path} is not a valid parquet file: {first_line(error)}") from None


def _rows_per_batch(metadata: Any) -> int:
    """So many rows that a batch of them stays small: a row may hold a tweet or a book."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    bytes_per_row = max((group.total_byte_size // max(1, group.num_rows) for group in groups), default=0)
    return min(_MOST_ROWS_PER_BATCH, max(1, _BYTES_PER_BATCH // max(1, bytes_per_row)))


def _flat_fields(schema: Any, notes: FileNotes) -> list[Any]:
    import pyarrow as pa

    flat = [field for field in schema if not pa.types.is_nested(field.type)]
    notes.left_out = {field.name: _kind(field.type) for field in schema if pa.types.is_nested(field.type)}
    names = schema.names
    if len(set(names)) != len(names):
        raise DataError(f"Column names of {notes.path.name} repeat: {', '.join(names)}")
    if notes.left_out and not any(_is_text(field.type) for field in flat):
        nested = ", ".join(f"{name} ({kind})" for name, kind in notes.left_out.items())
        raise DataError(
            f"No text column in {notes.path.name}: nested are {nested}",
            hint="write the text and the label as flat columns",
        )
    return flat


def _kind(kind: Any) -> str:
    return str(kind).split("<", 1)[0]


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return _is_binary(kind) or any(
        is_kind(kind) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    )


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _without_times(batch: Any) -> Any:
    """Points in time as text: Python has no nanoseconds and no year 10,000."""
    import pyarrow as pa

    for i, field in enumerate(batch.schema):
        if pa.types.is_temporal(field.type):
            kind = pa.int64() if pa.types.is_duration(field.type) else pa.string()
            batch = batch.set_column(i, field.name, batch.column(i).cast(kind))
    return batch


def _class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {name: feature["names"] for name, feature in features.items() if "names" in feature}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
