"""The file of the baseline: damage of every kind is one sentence, never a wrong answer."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from afina.data import TextDataset
from afina.errors import ModelError
from afina.evaluation import TfidfBaseline, read_tfidf, write_tfidf
from afina.labels import LabelSet

LABELS = LabelSet(("negative", "positive"))
NOTES = b"afina.tfidf"


@pytest.fixture(scope="module")
def model():
    texts = [f"a {word} film number {i}" for i in range(20) for word in ("good", "bad")]
    return TfidfBaseline(TextDataset(texts, np.array([1, 0] * 20), LABELS)).as_model()


@pytest.fixture
def path(model, tmp_path):
    write_tfidf(model, tmp_path / "x.parquet")
    return tmp_path / "x.parquet"


def test_the_table_can_be_read_by_anyone(path, model):
    table = pq.read_table(path)
    assert table.column_names == ["word", "next_word", "idf", "coefficient_0"]
    rows = {(row["word"], row["next_word"]): row["coefficient_0"] for row in table.to_pylist()}
    assert len(rows) == len(model.keys) == len(table)
    assert rows["good", None] > 0 > rows["bad", None]
    assert rows["good", "film"] > 0 > rows["bad", "film"]


def test_the_order_of_the_rows_does_not_matter(path, model):
    table = pq.read_table(path)
    shuffled = table.take(np.random.default_rng(0).permutation(len(table)))
    pq.write_table(shuffled, path, row_group_size=7)
    texts = ["a good film", "number 7 was bad"]
    np.testing.assert_array_equal(read_tfidf(path).predict_proba(texts), model.predict_proba(texts))


def test_a_damaged_byte_never_changes_an_answer(path, model):
    whole = path.read_bytes()
    expected = model.predict_proba(["a good film"])
    refused = 0
    for place in np.random.default_rng(0).permutation(len(whole))[:400]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        try:
            answer = read_tfidf(path).predict_proba(["a good film"])
        except ModelError:
            refused += 1
        else:
            # Some bytes say nothing about the model, as statistics of columns.
            np.testing.assert_array_equal(answer, expected)
    assert refused > 200


@pytest.mark.parametrize("size", [0, 3, 100, -1])
def test_a_file_cut_short_is_refused(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ModelError, match="damaged"):
        read_tfidf(path)


def test_a_folder_and_a_table_of_something_else_are_refused(path, tmp_path):
    with pytest.raises(ModelError, match="damaged"):
        read_tfidf(tmp_path)
    pq.write_table(pa.table({"text": ["good"]}), path)
    with pytest.raises(ModelError, match="damaged"):
        read_tfidf(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "another version"),
        ({"token_pattern": "."}, "another version"),
        ({"labels": ["one"]}, "at least two labels"),
        ({"labels": None}, "damaged"),
        ({"label_ids": [0, 5]}, "classes are no labels"),
        ({"label_ids": [1, 0]}, "classes are no labels"),
        ({"label_ids": ["x"]}, "damaged"),
        ({"intercepts": [0.0, 1.0]}, "classes lack coefficients"),
        ({"intercepts": [float("nan")]}, "not finite"),
    ],
)
def test_notes_that_do_not_fit_are_refused(path, change, message):
    table = pq.read_table(path)
    notes = json.loads(table.schema.metadata[NOTES]) | change
    pq.write_table(table.replace_schema_metadata({NOTES: json.dumps(notes)}), path)
    with pytest.raises(ModelError, match=message):
        read_tfidf(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns("idf"), "damaged"),
        (lambda t: t.drop_columns("coefficient_0"), "damaged"),
        (lambda t: t.slice(0, 0), "damaged"),
        (lambda t: pa.concat_tables([t, t]), "terms repeat"),
        (lambda t: t.set_column(2, "idf", pa.array(["x"] * len(t))), "damaged"),
        (lambda t: t.set_column(2, "idf", pa.array([None] * len(t), pa.float64())), "not finite"),
        (lambda t: t.set_column(0, "word", pa.array(range(len(t)))), "damaged"),
        (lambda t: t.append_column("coefficient_1", t["coefficient_0"]), "classes lack coefficients"),
        (lambda t: t.set_column(0, "word", pa.array([None] * len(t), pa.string()).dictionary_encode()), "damaged"),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_are_refused(path, change, message):
    table = pq.read_table(path)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(ModelError, match=message):
        read_tfidf(path)
