import gzip
import io
import json
import os
import re
import tracemalloc
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.data.sources.made_files import ROWS, delimited, parquet, put, read

from afina.data.sources import text_lines
from afina.data.sources.files import FORMATS, format_of, read_rows
from afina.errors import DataError


def workbook(rows):
    openpyxl = pytest.importorskip("openpyxl")
    buffer = io.BytesIO()
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(buffer)
    return buffer.getvalue()


def written(file_format):
    if file_format == "xlsx":
        return workbook([list(ROWS[0]), *(list(row.values()) for row in ROWS)])
    if file_format in ("csv", "tsv"):
        return delimited(ROWS, "," if file_format == "csv" else "\t")
    if file_format == "jsonl":
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()
    if file_format == "json":
        return json.dumps(ROWS).encode()
    if file_format == "parquet":
        return parquet({name: [row[name] for row in ROWS] for name in ROWS[0]})
    return "\n".join(f"__label__{row['label']} {row['text']}" for row in ROWS[:2]).encode()


def peak_of(call, *, at_most_mb):
    """Call a function, and hold it to a peak of memory of Python objects."""
    tracemalloc.start()
    try:
        call()
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < at_most_mb << 20


def lines(n, end="positive"):
    return "".join(f"the film number {i} was watched,{end}\n" for i in range(n))


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_gives_the_same_rows(tmp_path, file_format, zipped):
    content = written(file_format)
    name = f"reviews.{file_format}" + (".gz" if zipped else "")
    rows, notes = read(put(tmp_path, name, gzip.compress(content) if zipped else content))
    assert rows == (ROWS[:2] if file_format == "txt" else ROWS)
    assert (notes.rows, notes.skipped, notes.messages) == (len(rows), 0, [])


@pytest.mark.parametrize(
    ("name", "file_format"),
    [("A.CSV", "csv"), ("a.Jsonl.GZ", "jsonl"), ("a.tar.txt", "txt"), ("a.csv.parquet", "parquet")],
)
def test_the_name_tells_the_format_in_any_case(tmp_path, name, file_format):
    assert format_of(tmp_path / name) == file_format


@pytest.mark.parametrize("name", ["reviews", "reviews.xls", "reviews.gz", "reviews.csv.zip"])
def test_an_unknown_type_is_told_with_the_known_ones(tmp_path, name):
    with pytest.raises(DataError, match=f"Unknown file type: {name}") as told:
        read_rows(put(tmp_path, name, "text,label\n"))
    assert ".parquet" in told.value.hint


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match=r"No such file: .*gone\.csv"):
        read_rows(tmp_path / "gone.csv")


@pytest.mark.parametrize("name", [f"x.{name}{gz}" for name in FORMATS for gz in ("", ".gz")])
def test_an_empty_file_is_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"empty"):
        read(put(tmp_path, name, b""))


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl", "x.json", "x.txt"])
def test_a_file_of_blank_lines_is_empty(tmp_path, name):
    with pytest.raises(DataError, match="empty"):
        read(put(tmp_path, name, "\n  \n\n"))
    with pytest.raises(DataError, match="empty"):
        read(put(tmp_path, name + ".gz", gzip.compress(b"")))


@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
def test_a_file_with_only_a_header_has_no_rows(tmp_path, name):
    assert read(put(tmp_path, name, "text,label\n"))[0] == []


def test_txt_is_one_text_a_line_with_or_without_a_label(tmp_path):
    rows, _ = read(put(tmp_path, "x.txt", "__label__good a film\n\n  just a text \n__label__bad\n"))
    assert rows == [{"text": "a film", "label": "good"}, {"text": "just a text"}, {"text": "", "label": "bad"}]


def test_a_tab_ends_a_fasttext_label(tmp_path):
    rows, _ = read(put(tmp_path, "x.txt", "__label__pos\tgood film\n"))
    assert rows == [{"text": "good film", "label": "pos"}]


# Encodings


@pytest.mark.parametrize(
    ("encoding", "told", "word"),
    [
        ("latin-1", "latin_1", "una reseña para el señor"),
        ("cp1252", "cp1252", "it’s a “café” — for 5 €"),
        ("utf-16", "utf_16", "it’s a café"),
        ("cp1251", "cp1251", "этот фильм был очень хорош"),
        ("gb18030", "gb18030", "这部电影非常好看我很喜欢"),
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.jsonl", "x.txt"])
def test_other_encodings_are_read_and_told(tmp_path, name, encoding, told, word):
    texts = [f"{word} {i}" for i in range(30)]
    content = {
        "csv": "text,label\n" + "".join(f"{text},1\n" for text in texts),
        "jsonl": "".join(json.dumps({"text": text, "label": 1}, ensure_ascii=False) + "\n" for text in texts),
        "txt": "".join(f"__label__1 {text}\n" for text in texts),
    }[name.split(".")[1]].encode(encoding)
    rows, notes = read(put(tmp_path, name, gzip.compress(content) if name.endswith("gz") else content))
    assert [row["text"] for row in rows] == texts
    assert notes.encoding == told
    assert notes.messages == [f"{name} is not UTF-8; it was read as {told}"]


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_utf_16_of_both_byte_orders_is_read(tmp_path, mark, encoding):
    rows, notes = read(put(tmp_path, "x.csv", mark + "text,label\r\ncafé,1\r\n".encode(encoding)))
    assert rows == [{"text": "café", "label": "1"}]
    assert notes.encoding == "utf_16"


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl", "x.json", "x.txt"])
def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path, name):
    rows, notes = read(put(tmp_path, name, b"\xef\xbb\xbf" + written(name.split(".")[1])))
    assert rows[0] == ROWS[0]
    assert notes.messages == []


def test_utf_8_characters_on_the_border_of_a_block_are_whole(tmp_path):
    content = b"text,label\n" + b"good,1\n" * (((1 << 20) - 11) // 7 - 1)
    content += b"x" * ((1 << 20) - 1 - len(content)) + "é,0\n".encode()
    rows, notes = read(put(tmp_path, "x.csv", content))
    assert notes.encoding == "utf_8"
    assert rows[-1]["text"].endswith("xé")


def test_a_latin_1_letter_after_the_first_megabyte_is_read(tmp_path):
    content = "text,label\n" + lines(30_000) + "a café scene,negative\n"
    assert len(content) > 1 << 20
    rows, _ = read(put(tmp_path, "x.csv", content.encode("latin-1")))
    assert rows[-1]["text"] == "a café scene"


@pytest.mark.parametrize(("n_before", "text"), [(10, "it costs 5€ only"), (0, "it’s good")])
def test_a_small_english_file_from_windows_is_cp1252(tmp_path, n_before, text):
    rows, _ = read(put(tmp_path, "x.csv", f"text,label\n{lines(n_before, '1')}{text},1\n".encode("cp1252")))
    assert rows[-1]["text"] == text


def test_utf_32_is_read_or_refused(tmp_path):
    try:
        rows, _ = read(put(tmp_path, "x.csv", ("text,label\n" + lines(20)).encode("utf-32")))
    except DataError:
        return
    assert rows[0] == {"text": "the film number 0 was watched", "label": "positive"}


CURLY = "text,label\n" + "it’s a “good” film,1\n" * 20


def test_a_utf_8_file_with_one_broken_byte_is_not_garbled_throughout(tmp_path):
    try:
        rows, _ = read(put(tmp_path, "x.csv", CURLY.encode() + b"caf\xe9,0\n"))
    except DataError:
        return
    assert rows[0]["text"] == "it’s a “good” film"


@pytest.mark.parametrize(
    "content",
    [
        CURLY.encode("utf-16") + b"x",
        b"\xff\xfe" + bytes(range(200, 256)) * 20,
        b"\xef\xbb\xbftext,label\n" + b"caf\xe9,1\n" * 20,
    ],
    ids=["UTF-16 cut in a letter", "junk that begins like UTF-16", "latin-1 after a UTF-8 mark"],
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.txt"])
def test_text_that_its_byte_order_mark_belies_is_read_or_refused(tmp_path, name, content):
    try:
        rows, notes = read(put(tmp_path, name, content))
    except DataError:
        return
    assert len(rows) == notes.rows > 0


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=60), st.sampled_from(FORMATS), st.booleans())
@example(b"\xff\xfe\x00\xd8\x00", "csv", False)
def test_any_bytes_are_read_or_refused_as_data(tmp_path_factory, content, file_format, zipped):
    folder = tmp_path_factory.getbasetemp()
    name = f"any.{file_format}" + (".gz" if zipped else "")
    try:
        rows, notes = read(put(folder, name, gzip.compress(content) if zipped else content))
    except DataError:
        return
    assert notes.rows == len(rows)
    assert all(isinstance(row, dict) for row in rows)


# What is not what its name says


def binary_junk():
    return bytes((i * i * 31 + i * 7) % 255 + 1 for i in range(5000))


def zip_archive():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("reviews.csv", "text,label\n" + lines(100))
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl", "x.json", "x.txt", "x.csv.gz", "x.parquet"])
@pytest.mark.parametrize("content", [binary_junk(), b"\0\1\2" * 99, zip_archive()], ids=["junk", "zeros", "zip"])
def test_binary_files_are_refused_whatever_their_name(tmp_path, name, content):
    path = put(tmp_path, name, content)
    with pytest.raises(DataError, match=str(path)):
        read(path)


@pytest.mark.parametrize(
    ("content", "kind", "hint"),
    [
        (parquet({"text": ["a"]}), "a parquet file", r"\.parquet"),
        (zip_archive(), "a zip archive or an Excel file", r"unpack it, or name it \.xlsx"),
        (gzip.compress(b"text,label\n", mtime=0), "a gzip file", r"\.gz"),
        (b"%PDF-1.7\n" + binary_junk(), "a PDF document", r"\.csv"),
        (b"\x89PNG\r\n\x1a\n" + binary_junk(), "a picture", "texts"),
        (b"\xd0\xcf\x11\xe0" + binary_junk(), "with a password", r"\.xlsx"),
        (b"SQLite format 3\0" + bytes(99), "an SQLite database", "sqlite:///"),
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json", "x.txt"])
def test_a_renamed_file_is_refused_with_what_it_is(tmp_path, name, content, kind, hint):
    with pytest.raises(DataError, match=rf"is not text but .*{kind}") as told:
        read(put(tmp_path, name, content))
    assert re.search(hint, told.value.hint)


@pytest.mark.parametrize(
    "content",
    [b"text,label\n\0\0\0", b"text,label\n" + b"good film,1\n" * 99 + bytes(4), "text\ngood\n".encode("utf-16-le")],
)
def test_zero_bytes_are_told_with_a_guess(tmp_path, content):
    with pytest.raises(DataError, match="zero bytes") as told:
        read(put(tmp_path, "x.csv", content))
    assert "renamed" in told.value.hint


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.txt"])
def test_a_zero_byte_in_a_text_is_a_character_of_it(tmp_path, name):
    rows, notes = read(put(tmp_path, name, b"text\ngood\0film\nbad\n"))
    assert "good\0film" in [value for row in rows for value in row.values()]
    assert notes.encoding == "utf_8"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("x.xls", "save its texts as"),
        ("x.docx", "save its texts as"),
        ("x.pdf", "save its texts as"),
        ("x.zip", "unpack"),
    ],
)
def test_a_type_that_is_not_read_comes_with_advice(tmp_path, name, advice):
    with pytest.raises(DataError, match=f"Unknown file type: {name}") as told:
        read_rows(put(tmp_path, name, "x"))
    assert advice in told.value.hint


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.tsv", "x.jsonl", "x.txt"])
def test_an_endless_line_is_refused_before_it_is_held(tmp_path, name):
    content = b"text,label\n" + b"words and " * (4 << 20)
    path = put(tmp_path, name, gzip.compress(content, 1) if name.endswith("gz") else content)
    with pytest.raises(DataError, match="has a line of more than 16 MB"):
        peak_of(lambda: read(path), at_most_mb=12)


def test_an_endless_row_of_json_is_refused(tmp_path):
    path = put(tmp_path, "x.json", b'[{"text": "' + b"words and " * (4 << 20))
    with pytest.raises(DataError, match="has a row of more than 16 MB"):
        peak_of(lambda: read(path), at_most_mb=160)


def test_an_endless_line_of_a_wider_encoding_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(text_lines, "MAX_LINE_CHARS", 1000)
    with pytest.raises(DataError, match="has a line of more than 1,000 bytes"):
        read(put(tmp_path, "x.csv", ("text,label\n" + "words " * 500).encode("utf-16")))


def test_lines_of_an_old_macintosh_are_not_one_endless_line(tmp_path, monkeypatch):
    monkeypatch.setattr(text_lines, "MAX_LINE_CHARS", 1 << 20)
    rows, _ = read(put(tmp_path, "x.csv", ("text,label\n" + lines(60_000)).replace("\n", "\r")))
    assert len(rows) == 60_000


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(DataError, match=r"Not a regular file: .*x\.csv"):
        read(tmp_path / "x.csv")


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:4] + b"\xff" * 60 + whole[64:],
        lambda whole: whole[:-20] + b"\0" * 20,
        lambda whole: b"text,label\ngood,1\n",
    ],
    ids=["cut", "damaged page", "no footer", "text"],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_corrupt_parquet_is_refused(tmp_path, damage, zipped):
    content = damage(written("parquet"))
    path = put(tmp_path, "x.parquet" + ".gz" * zipped, gzip.compress(content) if zipped else content)
    with pytest.raises(DataError, match="not a valid parquet file"):
        read(path)


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-8] + b"\1\2\3\4" + whole[-4:],
        lambda whole: whole[:12] + b"\xff" * 20 + whole[32:],
        lambda whole: b"text,label\ngood,1\n",
    ],
    ids=["cut", "wrong sum", "damaged", "not gzip"],
)
def test_broken_gzip_is_refused(tmp_path, file_format, damage):
    path = put(tmp_path, f"x.{file_format}.gz", damage(gzip.compress(written(file_format))))
    with pytest.raises(DataError, match="not a whole gzip file"):
        read(path)
