import json

import pyarrow as pa
import pytest
from tests.data.sources.made_files import parquet, put, read

from afina.errors import DataError


def test_nested_columns_of_parquet_are_left_out_and_told(tmp_path):
    rows, notes = read(put(tmp_path, "x.parquet", parquet({"text": ["a"], "meta": [{"b": 1}], "tags": [["c"]]})))
    assert rows == [{"text": "a"}]
    assert notes.left_out == {"meta": "struct", "tags": "list"}
    assert notes.messages == [
        "x.parquet has columns that hold no plain texts or numbers and are not read: meta (struct), tags (list)"
    ]


def test_parquet_whose_text_is_nested_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"No text column in x\.parquet: nested are text \(struct\)"):
        read(put(tmp_path, "x.parquet", parquet({"text": [{"en": "a"}], "label": [1]})))


def test_parquet_without_rows_gives_none(tmp_path):
    rows, notes = read(put(tmp_path, "x.parquet", parquet({"text": pa.array([], pa.string())})))
    assert (rows, notes.rows) == ([], 0)


def test_times_that_python_does_not_know_are_text(tmp_path):
    columns = {
        "text": ["a"],
        "a.b": [1],
        "when": pa.array([1], pa.timestamp("ns")),
        "took": pa.array([1], pa.duration("s")),
    }
    rows, _ = read(put(tmp_path, "x.parquet", parquet(columns)))
    assert rows == [{"text": "a", "a.b": 1, "when": "1970-01-01 00:00:00.000000001", "took": 1}]


def test_class_names_that_the_datasets_library_wrote_are_noted(tmp_path):
    features = {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {"dtype": "string"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    _, notes = read(put(tmp_path, "x.parquet", parquet({"text": ["a"], "label": [1]}, metadata)))
    assert notes.class_names == {"label": ["neg", "pos"]}


@pytest.mark.parametrize("value", ["{", "[]", '{"info": {"features": null}}', '{"info": {"features": {"a": 1}}}'])
def test_metadata_of_another_shape_is_no_obstacle(tmp_path, value):
    rows, notes = read(put(tmp_path, "x.parquet", parquet({"text": ["a"]}, {"huggingface": value})))
    assert (rows, notes.class_names) == ([{"text": "a"}], {})


def test_texts_that_parquet_stores_as_bytes_are_texts(tmp_path):
    rows, _ = read(put(tmp_path, "x.parquet", parquet({"text": ["café".encode()]})))
    assert str(rows[0]["text"]) == "café"
