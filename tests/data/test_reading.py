import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from afina.data.reading import RawText, read_texts
from afina.errors import DataError


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def reviews(path, labels, **more):
    return jsonl(path, [{"text": f"review number {i}", "label": label, **more} for i, label in enumerate(labels)])


def test_texts_values_and_groups_stand_as_they_are_in_the_source(tmp_path):
    rows = [
        {"title": "Fine", "text": " a <b>film</b> ", "label": 1.0, "author": "ann"},
        {"title": None, "text": "", "label": None, "author": None},
        {"title": "", "text": "bad", "label": " NEG ", "author": 7},
    ]
    raw = read_texts(jsonl(tmp_path / "r.jsonl", rows), group_column="author")
    assert raw.texts == [
        RawText(1, "Fine\na <b>film</b>", "1", "ann"),
        RawText(2, "", None, None),
        RawText(3, "bad", "NEG", "7"),
    ]
    assert (raw.n_rows, raw.is_sample, len(raw.files)) == (3, False, 1)
    assert (raw.columns.title, raw.columns.label) == ("title", "label")


def test_more_rows_than_wanted_are_sampled_with_their_labels_and_numbers(tmp_path):
    source = reviews(tmp_path / "r.jsonl", ["a"] * 4500 + ["b"] * 1500)
    raw = read_texts(source, max_rows=400, seed=1)
    assert (raw.n_rows, len(raw.texts), raw.is_sample) == (6000, 400, True)
    assert sum(text.value == "b" for text in raw.texts) == 100
    numbers = [text.row for text in raw.texts]
    assert numbers == sorted(set(numbers))
    assert max(numbers) > 5900
    assert all(text.text == f"review number {text.row - 1}" for text in raw.texts)
    assert raw.texts == read_texts(source, max_rows=400, seed=1).texts
    assert raw.texts != read_texts(source, max_rows=400, seed=2).texts
    assert raw.files[0].rows == 6000


def test_as_many_rows_as_wanted_are_no_sample(tmp_path):
    raw = read_texts(reviews(tmp_path / "r.jsonl", "ab" * 50), max_rows=100)
    assert (len(raw.texts), raw.is_sample) == (100, False)


@pytest.mark.parametrize(
    ("labels", "is_sorted"),
    [
        (["a"] * 10 + ["b"] * 10, True),
        (["b"] * 30 + ["a"] * 5 + ["c"] * 5, True),
        (["a"] * 9 + ["b"] * 10, False),
        (["a"] * 20 + ["b"] * 20 + ["a"], False),
        (["a", "b"] * 20, False),
        (["a"] * 40, False),
        ([None] * 40, False),
    ],
)
def test_a_file_sorted_by_label_is_told_from_one_that_is_not(tmp_path, labels, is_sorted):
    raw = read_texts(reviews(tmp_path / "r.jsonl", labels), label_column="label")
    assert raw.sorted_by_label is is_sorted


def test_a_sorted_file_is_seen_as_such_when_it_is_sampled(tmp_path):
    raw = read_texts(reviews(tmp_path / "r.jsonl", ["a"] * 3000 + ["b"] * 3000), max_rows=100)
    assert raw.sorted_by_label
    assert raw.is_sample


def test_a_missing_group_column_is_told_with_those_there_are(tmp_path):
    with pytest.raises(DataError, match="Column not found: 'autor'") as raised:
        read_texts(reviews(tmp_path / "r.jsonl", "ab", author="x"), group_column="autor")
    assert raised.value.hint == "columns are text, label, author"


def test_a_group_column_is_not_taken_for_the_label(tmp_path):
    rows = [
        {"said": f"a film with number {i}", "author": "ann" if i % 2 else "bob", "mood": "xyz"[i % 3]}
        for i in range(30)
    ]
    source = jsonl(tmp_path / "r.jsonl", rows)
    assert read_texts(source).columns.label == "author"
    assert read_texts(source, group_column="author").columns.label == "mood"
    assert read_texts(source, group_column="author", label_column="author").columns.label == "author"


def test_a_source_without_labels_is_read_where_none_are_needed(tmp_path):
    source = jsonl(tmp_path / "r.jsonl", [{"text": f"review number {i}"} for i in range(20)])
    raw = read_texts(source, need_label=False)
    assert {text.value for text in raw.texts} == {None}
    assert (raw.columns.label, raw.sorted_by_label) == (None, False)
    with pytest.raises(DataError, match="No label column found"):
        read_texts(source)


def test_labels_that_are_not_wanted_are_not_read(tmp_path):
    raw = read_texts(reviews(tmp_path / "r.jsonl", "ab" * 5), want_label=False)
    assert {text.value for text in raw.texts} == {None}


def test_free_text_as_label_does_not_hold_the_file(tmp_path):
    source = jsonl(tmp_path / "r.jsonl", [{"text": f"review {i}", "label": f"about {i}"} for i in range(4000)])
    raw = read_texts(source, max_rows=2000)
    assert raw.n_rows == 4000
    # One of each of the first thousand values at least, and the share of all others together.
    assert len(raw.texts) == pytest.approx(2000 + 500, abs=2)


def test_row_numbers_count_rows_that_could_be_understood(tmp_path):
    path = tmp_path / "r.jsonl"
    good = [json.dumps({"text": f"review {i}", "label": "ab"[i % 2]}) for i in range(9)]
    path.write_text("\n".join([good[0], "{broken", *good[1:]]), encoding="utf-8")
    raw = read_texts(str(path))
    assert [text.row for text in raw.texts] == list(range(1, 10))
    assert raw.files[0].skipped == 1


def test_a_source_without_rows_is_refused(tmp_path):
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "r.parquet")
    with pytest.raises(DataError, match=r"No rows in .*|.* no rows"):
        read_texts(str(tmp_path / "r.parquet"))
