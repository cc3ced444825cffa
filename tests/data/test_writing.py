import csv
import errno
import gzip
import hashlib
import io
import json
from pathlib import Path

import pytest

from afina.data.sources.files import read_rows
from afina.data.writing import OUT_FORMATS, check_output, row_writer
from afina.errors import DataError, MachineLimitError, OutputError

NAMES = [f"r.{file_format}{gz}" for file_format in OUT_FORMATS for gz in ("", ".gz")]
ROWS = [
    {"text": 'a "good" film, señor 😀', "label": "positive", "share": 0.5},
    {"text": "two\nlines\tand\ttabs", "label": "negative", "share": 0.25},
    {"text": "a return\rinside; 'quoted' | piped", "label": "", "share": 1.0},
    {"text": " blanks ", "label": "positive", "share": 0.0},
]


def write(path, *chunks, **options):
    with row_writer(path, **options) as writer:
        for chunk in chunks:
            writer.write(chunk)
    return path


def rows_of(path):
    return list(read_rows(path)[0])


def as_read(name, rows):
    if "csv" in name or "tsv" in name:
        return [{key: "" if cell is None else str(cell) for key, cell in row.items()} for row in rows]
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_read_back_as_they_were_written(tmp_path, name):
    path = write(tmp_path / name, ROWS[:2], ROWS[2:])
    assert rows_of(path) == as_read(name, ROWS)
    assert [child.name for child in tmp_path.iterdir() if child.is_file()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_equal_rows_make_equal_bytes(tmp_path, name):
    (tmp_path / "other").mkdir()
    one, two = (write(folder / name, ROWS).read_bytes() for folder in (tmp_path, tmp_path / "other"))
    assert hashlib.sha256(one).digest() == hashlib.sha256(two).digest()


@pytest.mark.parametrize("name", ["r.csv.gz", "R.CSV.GZ", "r.jsonl.Gz", "r.parquet.GZ"])
def test_a_name_that_ends_in_gz_in_any_case_is_zipped(tmp_path, name):
    path = write(tmp_path / name, ROWS)
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    # Neither a name nor a time stands in the header.
    assert path.read_bytes()[3:8] == bytes(5)
    assert rows_of(path) == as_read(name.lower(), ROWS)


@pytest.mark.parametrize("on_cell", [None, str])
def test_nested_cells_are_json_in_a_table(tmp_path, on_cell):
    nested = {"a": [1, None, "señor"]}
    path = write(tmp_path / "r.csv", [{"text": "good", "meta": nested}], on_cell=on_cell)
    (row,) = csv.DictReader(io.StringIO(path.read_text("utf-8"), newline=""))
    assert json.loads(row["meta"]) == nested


def test_csv_is_what_other_programs_read(tmp_path):
    path = write(tmp_path / "r.csv", ROWS)
    assert path.read_bytes().startswith(b"text,label,share\n")
    assert b"\r\n" not in path.read_bytes()
    assert list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))[1]["text"] == ROWS[1]["text"]


def test_jsonl_holds_readable_characters(tmp_path):
    path = write(tmp_path / "r.jsonl", ROWS[:1])
    assert "señor 😀" in path.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_lone_surrogate_does_not_stop_the_file(tmp_path, name):
    (row,) = rows_of(write(tmp_path / name, [{"text": "half \ud83d of it", "n": "x"}]))
    assert row["text"] == ("half \ud83d of it" if "jsonl" in name else "half ? of it")


@pytest.mark.parametrize("name", NAMES)
def test_columns_that_only_later_rows_of_the_first_chunk_have_are_written(tmp_path, name):
    path = write(tmp_path / name, [{"a": "1"}, {"a": "2", "b": "x"}], [{"b": "y"}])
    assert [row.get("b") or "" for row in rows_of(path)] == ["", "x", "y"]


@pytest.mark.parametrize("name", NAMES)
def test_a_chunk_without_rows_changes_nothing(tmp_path, name):
    path = write(tmp_path / name, [], ROWS[:1], [], ROWS[1:])
    assert rows_of(path) == as_read(name, ROWS)


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_make_a_file_without_rows(tmp_path, name):
    path = write(tmp_path / name, [])
    if "parquet" in name:
        assert rows_of(path) == []
    else:
        assert (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()) == b""


@pytest.mark.parametrize("name", NAMES)
def test_a_column_that_is_empty_at_first_can_hold_texts_later(tmp_path, name):
    path = write(tmp_path / name, [{"a": None, "b": "x"}], [{"a": "late", "b": "y"}])
    assert [row["a"] or None for row in rows_of(path)] == [None, "late"]


@pytest.mark.parametrize(
    "rows", [[{"a": 1}, {"a": "x"}], [{"a": 10**30}], [{"a": {"b": 1}}, {"a": [2]}]], ids=["mixed", "huge", "nested"]
)
def test_rows_that_fit_no_parquet_schema_are_told_in_one_line_and_leave_nothing(tmp_path, rows):
    with pytest.raises(DataError, match=r"^These rows do not fit one parquet schema: [^\n]+$") as raised:
        write(tmp_path / "r.parquet", rows)
    assert raised.value.hint == "write .jsonl"
    assert not list(tmp_path.glob("r.*"))
    assert len(rows_of(write(tmp_path / "r.jsonl", rows))) == len(rows)


def test_a_later_chunk_of_another_type_is_told(tmp_path):
    with pytest.raises(DataError, match="do not fit one parquet schema"):
        write(tmp_path / "r.parquet", [{"a": 1}], [{"a": 1.5}])


def test_what_json_does_not_know_is_written_as_text(tmp_path):
    write(tmp_path / "r.jsonl", [{"a": Path("x"), "b": None, "c": True}])
    assert json.loads((tmp_path / "r.jsonl").read_text()) == {"a": "x", "b": None, "c": True}


@pytest.mark.parametrize("name", ["r.json", "r.txt", "r.xlsx", "r", "r.gz", "r.csv.zip"])
def test_a_name_of_no_known_format_is_refused_before_any_work(tmp_path, name):
    with pytest.raises(DataError, match=name):
        check_output(tmp_path / name)
    with pytest.raises(DataError, match=name), row_writer(tmp_path / name):
        raise AssertionError("the block must not run")


def test_a_file_that_exists_is_replaced_only_when_asked(tmp_path):
    path = write(tmp_path / "r.csv", ROWS)
    before = path.read_bytes()
    for refused in (lambda: check_output(path), lambda: write(path, ROWS[:1])):
        with pytest.raises(OutputError, match=r"The output exists: .*r\.csv"):
            refused()
    assert path.read_bytes() == before
    check_output(path, force=True)
    assert len(rows_of(write(path, ROWS[:1], force=True))) == 1


@pytest.mark.parametrize("name", NAMES)
def test_an_error_inside_the_block_leaves_what_stood_there(tmp_path, name):
    path = write(tmp_path / name, ROWS)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), row_writer(path, force=True) as writer:  # noqa: PT012
        writer.write(ROWS[:1])
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert [child for child in tmp_path.iterdir() if child.is_file()] == [path]


class FullDisk(io.FileIO):
    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch, name):
    monkeypatch.setattr(Path, "open", lambda self, mode="r", **_: FullDisk(self, mode.replace("b", "")))
    with pytest.raises(MachineLimitError, match=f"The disk is full: .*{name} is not written"):
        write(tmp_path / name, ROWS * 2000)
    assert not list(tmp_path.glob("r.*"))
