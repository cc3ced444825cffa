"""How far a file has been read, and the hand-over of what could not be understood."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from afina.data.sources import read_rows
from afina.data.sources.columnar import _rows_per_batch

TEXTS = [f"a text with {i * 2654435761 % 2**64:x} in it" for i in range(20_000)]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl.gz", "a.parquet", "a.txt"])
def test_bytes_read_grow_with_the_rows_read(tmp_path, name):
    path = tmp_path / name
    if "parquet" in name:
        pq.write_table(pa.table({"text": TEXTS}), path)
    elif "jsonl" in name:
        path.write_bytes(gzip.compress("".join(json.dumps({"text": text}) + "\n" for text in TEXTS).encode()))
    else:
        path.write_text("\n".join(["text", *TEXTS]) + "\n")
    rows, notes = read_rows(path)
    assert (notes.bytes_read, notes.size_bytes) == (0, path.stat().st_size)
    shares = []
    for number, _ in enumerate(rows, 1):
        if number in (5000, 15_000):
            shares.append(notes.bytes_read / notes.size_bytes)
    assert shares == pytest.approx([0.25, 0.75], abs=0.1)
    assert notes.bytes_read == notes.size_bytes
    assert notes.total_rows == (len(TEXTS) if "parquet" in name else None)


def test_what_cannot_be_understood_is_handed_over_whole(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "good"}\n' * 20 + "x" * 1000 + "\n")
    rows, notes = read_rows(path)
    handed = []
    notes.on_reject = handed.append
    assert len(list(rows)) == 20
    assert [(row.place, len(row.content)) for row in handed] == [("line 21", 1000)]
    assert len(notes.rejected[0].content) == 500


def test_batches_of_long_rows_are_smaller(tmp_path):
    for name, text, expected in (("short", "a text", 8192), ("long", None, 16)):
        texts = [text or chr(97 + i) + "".join(TEXTS[i * 400 : i * 400 + 30_000]) for i in range(30)]
        pq.write_table(pa.table({"text": texts}), tmp_path / name, compression="none")
        size = _rows_per_batch(pq.ParquetFile(tmp_path / name).metadata)
        assert size == expected if expected == 8192 else 1 <= size <= 100
