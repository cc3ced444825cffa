"""Columns, first rows and size of a file, which may have been made to exhaust whoever reads it.

Started in the file's folder, with its name and the size with which it was sent.
"""

from __future__ import annotations

import json
import math
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from afina.serving.storage.mending import mended
from afina.serving.storage.uploads import MOST_ROWS, is_bomb

ROWS_SHOWN = 20
_MOST_CELL_CHARS = 500
_MOST_COLUMNS = 200
_MOST_MEMORY_BYTES = 4 << 30
_ROWS_AT_ONCE = 256
_TOO_LARGE, _TOO_MANY = "too_large", "too_many"


def main() -> None:
    """Look, and print what was found."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    path, packed_bytes = Path(sys.argv[1]), int(sys.argv[2])
    sys.stdout.write(json.dumps(_look(path, packed_bytes), ensure_ascii=True, allow_nan=False))


def _look(path: Path, packed_bytes: int) -> dict[str, Any]:
    from afina.data import find_columns
    from afina.errors import DataError
    from afina.inference.scoring import ROWS_PER_CHUNK
    from afina.inference.scoring.reading import SourceRows

    try:
        if path.suffix == ".parquet" and (problem := _problem_of_parquet(path, packed_bytes)):
            return {"problem": problem}
        rows = SourceRows(path.name)
        # The very rows by which `score_file` will find the columns.
        chunk = next(rows.chunks(ROWS_PER_CHUNK), [])
        if not chunk:
            return {"unreadable": "The file has no rows"}
    except DataError as error:
        return {"unreadable": _sentence(error)}
    left_out = {name: kind for note in rows.notes for name, kind in note.left_out.items()}
    columns = list(dict.fromkeys(name for row in chunk for name in row))
    found: dict[str, Any] = {"text_column": None, "title_column": None, "reason": None}
    try:
        chosen = find_columns(chunk, want_label=False, left_out=left_out)
        found |= {"text_column": mended(chosen.text), "title_column": chosen.title and mended(chosen.title)}
    except DataError as error:
        found["reason"] = _sentence(error)
    return {
        "columns": [mended(name) for name in columns[:_MOST_COLUMNS]],
        "rows": [_shown(row) for row in chunk[:ROWS_SHOWN]],
        "rows_total": rows.estimate_total() if len(chunk) >= ROWS_PER_CHUNK else len(chunk),
        **found,
    }


def _sentence(error: Any) -> str:
    return mended(f"{error}; {error.hint}" if error.hint else str(error))


def _problem_of_parquet(path: Path, packed_bytes: int) -> str | None:
    """Which limit a parquet file would break, read without giving room to what it repeats."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
        with pq.ParquetFile(path, read_dictionary=texts, buffer_size=1 << 20) as file:
            if file.metadata.num_rows > MOST_ROWS:
                return _TOO_MANY
            stored = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
            if is_bomb(stored, packed_bytes):
                return _TOO_LARGE
            n_bytes = 0
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                for column in batch.columns:
                    if isinstance(column, pa.DictionaryArray):
                        lengths = pc.binary_length(column.dictionary).cast(pa.int64())
                        n_bytes += pc.sum(lengths.take(column.indices)).as_py() or 0
                    else:
                        n_bytes += column.nbytes
                if is_bomb(n_bytes, packed_bytes):
                    return _TOO_LARGE
    except (pa.ArrowException, OSError):
        return None  # whoever reads it next says what is wrong with it
    return None


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {mended(name): _cell(value) for name, value in list(row.items())[:_MOST_COLUMNS]}


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return mended(str(value)[:_MOST_CELL_CHARS])


if __name__ == "__main__":
    main()
