"""Small files for tests of readers."""

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq

from afina.data.sources.files import read_rows

ROWS = [
    {"text": 'a "good" film, señor 😀', "label": "positive"},
    {"text": "a bad film; it\u2019s too long | and dull", "label": "negative"},
    {"text": "neither,\nnor", "label": "neutral"},
]


def delimited(rows, delimiter=","):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return file.getvalue().encode()


def parquet(columns, metadata=None):
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), buffer)
    return buffer.getvalue()


def put(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path):
    rows, notes = read_rows(path)
    return list(rows), notes
