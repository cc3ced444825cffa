import pytest
from tests.data.sources.made_files import ROWS, delimited, put, read

from afina.errors import DataError


def lines(n, end="positive"):
    return "".join(f"the film number {i} was watched,{end}\n" for i in range(n))


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


def test_ragged_rows_are_kept_with_their_place_and_reason(tmp_path):
    content = "text,label\n" + lines(8) + 'too,many,cells\n"few\nand long"\n'
    _, notes = read(put(tmp_path, "x.csv", content + lines(4)))
    assert [(row.place, row.reason, row.content) for row in notes.rejected] == [
        ("line 10", "3 cells where the header has 2", "too,many,cells"),
        ("lines 11-12", "1 cells where the header has 2", "few\nand long"),
    ]
    assert notes.skipped == 3


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
