import json

import pytest
from tests.data.sources.made_files import ROWS, put, read

from afina.data.sources import json_files
from afina.errors import DataError


def test_lines_of_jsonl_that_are_no_objects_are_skipped_and_counted(tmp_path):
    content = '{"text": "a"}\n\n' * 8 + '["a"]\n{"text": \n'
    rows, notes = read(put(tmp_path, "x.jsonl", content))
    assert (len(rows), notes.skipped) == (8, 2)


def test_bad_lines_of_jsonl_are_kept_with_their_place_and_reason(tmp_path):
    _, notes = read(put(tmp_path, "x.jsonl", '{"text": "a"}\n\n' * 8 + '["a"]\n{"text": \n'))
    assert [(row.place, row.reason, row.content) for row in notes.rejected] == [
        ("line 17", "no JSON object", '["a"]'),
        ("line 18", "no valid JSON: expecting value", '{"text":'),
    ]


def test_a_thousand_bad_rows_are_kept_and_all_are_counted(tmp_path):
    _, notes = read(put(tmp_path, "x.jsonl", '{"text": "a"}\n' * 6000 + f'["{"long " * 200}"]\n' * 1200))
    assert (notes.skipped, len(notes.rejected)) == (1200, 1000)
    assert {len(row.content) for row in notes.rejected} == {500}


def test_a_json_document_called_jsonl_is_refused(tmp_path):
    with pytest.raises(DataError, match="could not be understood"):
        read(put(tmp_path, "x.jsonl", json.dumps(ROWS, indent=1)))


@pytest.mark.parametrize(
    "document", [ROWS, {"data": ROWS}, {"text": [r["text"] for r in ROWS], "label": [r["label"] for r in ROWS]}]
)
def test_json_of_rows_and_of_columns_is_read(tmp_path, document):
    assert read(put(tmp_path, "x.json", json.dumps(document)))[0] == ROWS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": ["a"], "label": [0, 1]}', "differ in length"),
        ('{"text": "a"}', "holds no list of rows"),
        ("{}", "holds no list of rows"),
        ('"a"', "holds no list of rows"),
        ("[1, 2]", "2 of 2 rows"),
        ('{"text": "a"}\n{"text": "b"}', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('[{"text": "a"}', "ends|neither comma nor bracket"),
        ('[{"text": "a"},', "ends before row 2"),
        ('[{"text": "a"},]', "row 2"),
        ('[{"text": "a"} {"text": "b"}]', "row 1 is followed by neither comma nor bracket"),
        ('[{"text": "a"}] more', "text stands behind the list"),
        ('[{"text": "a}]', "row 1: unterminated string"),
    ],
)
def test_json_of_another_shape_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(put(tmp_path, "x.json", content))


def test_a_json_list_is_read_the_same_whatever_the_size_of_blocks(tmp_path, monkeypatch):
    rows = [{"text": f"a {'long ' * (i % 7)}film\\ \u2019 {i}", "label": i, "x": -1.5e-7, "y": None} for i in range(60)]
    path = put(tmp_path, "x.json", json.dumps(rows, indent=1))
    for size in (1, 2, 3, 7, 64):
        monkeypatch.setattr(json_files, "_BLOCK_CHARS", size)
        assert read(path)[0] == rows


def test_numbers_in_a_json_list_are_whole_on_the_border_of_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(json_files, "_BLOCK_CHARS", 1)
    path = put(tmp_path, "x.json", json.dumps([{"text": "a"}] * 9 + [1234567]))
    rows, notes = read(path)
    assert (len(rows), notes.rejected[0].content) == (9, "1234567")


def test_a_json_document_of_columns_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_files, "_MAX_DOCUMENT_CHARS", 100)
    with pytest.raises(DataError, match="too large to be read at once") as told:
        read(put(tmp_path, "x.json", json.dumps({"text": ["a film"] * 20})))
    assert ".jsonl" in told.value.hint
