import csv
import gzip
import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afina.data.files import FORMATS, format_of, read_rows
from afina.errors import DataError

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


def written(file_format):
    if file_format in ("csv", "tsv"):
        return delimited(ROWS, "," if file_format == "csv" else "\t")
    if file_format == "jsonl":
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()
    if file_format == "json":
        return json.dumps(ROWS).encode()
    if file_format == "parquet":
        return parquet({name: [row[name] for row in ROWS] for name in ROWS[0]})
    return "\n".join(f"__label__{row['label']} {row['text']}" for row in ROWS[:2]).encode()


def put(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path):
    rows, notes = read_rows(path)
    return list(rows), notes


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


@pytest.mark.parametrize("name", ["reviews", "reviews.xlsx", "reviews.gz", "reviews.csv.zip"])
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


def test_a_parquet_file_called_csv_is_refused_with_a_guess(tmp_path):
    with pytest.raises(DataError, match="zero bytes") as told:
        read(put(tmp_path, "x.csv", written("parquet")))
    assert "renamed" in told.value.hint


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


# csv and tsv


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_with_other_delimiters_is_read(tmp_path, delimiter):
    assert read(put(tmp_path, "x.csv", delimited(ROWS, delimiter)))[0] == ROWS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems_are_read(tmp_path, end):
    for name, mark in (("x.csv", ","), ("x.tsv", "\t")):
        content = f"text{mark}label{end}good{mark}1{end}{end}bad{mark}0"
        assert read(put(tmp_path, name, content))[0] == [{"text": "good", "label": "1"}, {"text": "bad", "label": "0"}]


def test_blanks_around_column_names_and_missing_names_are_mended(tmp_path):
    rows, _ = read(put(tmp_path, "x.csv", ",text, label\n0,good,1\n"))
    assert list(rows[0]) == ["column_1", "text", "label"]


@pytest.mark.parametrize(
    "first", ["a film that is longer than any name of a column could be,good", "good,1", "bad,-1", "bad,0.5"]
)
def test_a_csv_without_a_header_keeps_its_first_row(tmp_path, first):
    text, label = first.split(",")
    rows, notes = read(put(tmp_path, "x.csv", f"{first}\nother,2\n"))
    assert rows == [{"column_1": text, "column_2": label}, {"column_1": "other", "column_2": "2"}]
    assert notes.headerless
    assert "x.csv has no header line; its columns are called column_1, column_2, ..." in notes.messages


def test_repeated_column_names_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"Column names of x\.csv repeat: text, label, text"):
        read(put(tmp_path, "x.csv", "text,label,text\na,b,c\n"))


def test_tsv_with_bare_quotation_marks_is_read_as_it_stands(tmp_path):
    content = 'text\tlabel\n"Bad, they said\t0\nthe 12" single\t1\nsaid "no" and left\t0\nend"\t1\n'
    rows, notes = read(put(tmp_path, "x.tsv", content))
    assert [row["text"] for row in rows] == ['"Bad, they said', 'the 12" single', 'said "no" and left', 'end"']
    assert notes.skipped == 0


def test_tsv_with_one_wholly_quoted_text_among_bare_marks_loses_no_row(tmp_path):
    content = 'text\tlabel\n"Great"\t1\n"Bad, they said\t0\nfine film\t1\n"Another\t0\nlast one\t1\n'
    rows, notes = read(put(tmp_path, "x.tsv", content))
    assert len(rows) + notes.skipped == 5


def test_ragged_rows_are_skipped_and_counted_up_to_a_fifth(tmp_path):
    rows, notes = read(put(tmp_path, "x.csv", "text,label\n" + lines(8) + "too,many,cells\nfew\n"))
    assert (len(rows), notes.rows, notes.skipped) == (8, 8, 2)
    assert notes.messages == ["2 rows of x.csv could not be understood and were skipped"]


def test_a_file_with_more_ragged_rows_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"2 of 9 rows of .* could not be understood") as told:
        read(put(tmp_path, "x.csv", "text,label\n" + lines(7) + "too,many,cells\nfew\n"))
    assert "delimiter" in told.value.hint


def test_a_very_long_text_is_read(tmp_path):
    rows, _ = read(put(tmp_path, "x.csv", f"text,label\n{'word ' * 100_000},1\n"))
    assert len(rows[0]["text"]) == 500_000


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_file(tmp_path):
    content = "text,label\n" + lines(10) + '"a film that I left,negative\n' + lines(90)
    try:
        rows, _ = read(put(tmp_path, "x.csv", content))
    except DataError:
        return
    assert len(rows) >= 100


# json and jsonl


def test_lines_of_jsonl_that_are_no_objects_are_skipped_and_counted(tmp_path):
    content = '{"text": "a"}\n\n' * 8 + '["a"]\n{"text": \n'
    rows, notes = read(put(tmp_path, "x.jsonl", content))
    assert (len(rows), notes.skipped) == (8, 2)


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
    ],
)
def test_json_of_another_shape_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(put(tmp_path, "x.json", content))


# parquet and txt


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


def test_txt_is_one_text_a_line_with_or_without_a_label(tmp_path):
    rows, _ = read(put(tmp_path, "x.txt", "__label__good a film\n\n  just a text \n__label__bad\n"))
    assert rows == [{"text": "a film", "label": "good"}, {"text": "just a text"}, {"text": "", "label": "bad"}]


def test_a_tab_ends_a_fasttext_label(tmp_path):
    rows, _ = read(put(tmp_path, "x.txt", "__label__pos\tgood film\n"))
    assert rows == [{"text": "good film", "label": "pos"}]
