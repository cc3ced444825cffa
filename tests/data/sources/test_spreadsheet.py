import gzip
import io
import zipfile
from datetime import date, datetime, time

import pytest

from afina.data import open_source, source_name
from afina.errors import DataError

openpyxl = pytest.importorskip("openpyxl")


def save(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def read(source):
    rows, notes = open_source(str(source))
    return list(rows), notes[0]


ROWS = [["text", "label"], ["a good film", 1], ["a bad film", 0]]
READ = [{"text": "a good film", "label": 1}, {"text": "a bad film", "label": 0}]


def test_the_first_sheet_with_data_is_read_and_the_others_are_told(tmp_path):
    path = save(tmp_path / "x.xlsx", Cover=[], Reviews=ROWS, More=ROWS, Last=[])
    rows, notes = read(path)
    assert rows == READ
    assert notes.messages == ["x.xlsx has more sheets, which are not read: 'More'; FILE#SHEET reads one"]


def test_a_sheet_is_read_by_its_name(tmp_path):
    path = save(tmp_path / "x.xlsx", One=ROWS, **{"My sheet #2": [["text"], ["another"]]})
    rows, notes = read(f"{path}#My sheet #2")
    assert (rows, notes.messages) == ([{"text": "another"}], [])
    assert source_name(f"{path}#My sheet #2") == "x-My-sheet-2"


def test_a_file_whose_name_looks_like_a_sheet_is_read(tmp_path):
    path = save(tmp_path / "y.xlsx", One=ROWS)
    assert read(path.rename(tmp_path / "x.xlsx#1.xlsx"))[0] == READ


def test_an_unknown_sheet_is_told_with_the_known_ones(tmp_path):
    path = save(tmp_path / "x.xlsx", One=ROWS, Two=ROWS)
    with pytest.raises(DataError, match="No sheet 'Three'") as told:
        read(f"{path}#Three")
    assert told.value.hint == "its sheets are 'One', 'Two'"


def test_a_hidden_sheet_comes_last_and_is_not_told(tmp_path):
    path = save(tmp_path / "x.xlsx", Lists=[["a"], ["b"]], Reviews=ROWS)
    book = openpyxl.load_workbook(path)
    book["Lists"].sheet_state = "hidden"
    book.save(path)
    rows, notes = read(path)
    assert (rows, notes.messages) == (READ, [])


def test_a_chart_on_its_own_sheet_is_no_data(tmp_path):
    path = save(tmp_path / "x.xlsx", Reviews=ROWS)
    book = openpyxl.load_workbook(path)
    book.create_chartsheet("Chart", 0).add_chart(openpyxl.chart.BarChart())
    book.save(path)
    assert read(path)[0] == READ


def test_cells_of_all_kinds_are_plain(tmp_path):
    header = ["text", "number", "share", "truth", "day", "moment", "hour", "error", "empty"]
    cells = ["a film", 5, 1.5, True, date(2020, 1, 2), datetime(2020, 1, 2, 3, 4), time(3, 4), "#N/A", None]
    rows, _ = read(save(tmp_path / "x.xlsx", One=[header, cells]))
    plain = ["a film", 5, 1.5, True, "2020-01-02 00:00:00", "2020-01-02 03:04:00", "03:04:00", None, None]
    assert rows == [dict(zip(header, plain, strict=True))]


def test_a_formula_is_the_value_that_was_kept(tmp_path):
    path = save(tmp_path / "x.xlsx", One=[["text", "label"], ["a film", "=1+1"]])
    edited = tmp_path / "y.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(edited, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>").replace(
                b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>"))  # fmt: skip
    assert read(edited)[0] == [{"text": "a film", "label": 2}]


def test_blank_rows_and_columns_around_a_table_are_no_data(tmp_path):
    path = tmp_path / "x.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    for i, row in enumerate(ROWS):
        sheet.cell(3 + i * 2, 2, row[0])
        sheet.cell(3 + i * 2, 3, row[1])
    sheet.cell(1_048_576, 5, "  ")
    sheet.merge_cells("E10:H20")
    book.save(path)
    rows, notes = read(path)
    assert rows == READ
    assert notes.skipped == 0


def test_a_sheet_without_a_header_keeps_its_first_row(tmp_path):
    rows, notes = read(save(tmp_path / "x.xlsx", One=ROWS[1:]))
    assert rows[0] == {"column_1": "a good film", "column_2": 1}
    assert notes.headerless


def test_rows_that_are_too_wide_are_kept_aside_with_their_number(tmp_path):
    path = save(tmp_path / "x.xlsx", One=[*ROWS, *([["fine", 1]] * 4), [], ["a", "b", "c"]])
    rows, notes = read(path)
    assert len(rows) == 6
    assert [(row.place, row.reason, row.content) for row in notes.rejected] == [
        ("row 9", "3 cells where the header has 2", "a\tb\tc")
    ]


def test_repeated_column_names_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"Column names of x\.xlsx repeat"):
        read(save(tmp_path / "x.xlsx", One=[["text", "text"], ["a", "b"]]))


def test_a_gzipped_file_and_its_sheets_are_read(tmp_path):
    content = save(tmp_path / "y.xlsx", One=ROWS, Two=[["text"], ["another"]]).read_bytes()
    path = tmp_path / "x.xlsx.gz"
    path.write_bytes(gzip.compress(content))
    assert read(path)[0] == READ
    assert read(f"{path}#Two")[0] == [{"text": "another"}]
    path.write_bytes(gzip.compress(content)[:-50])
    with pytest.raises(DataError, match="not a whole gzip file"):
        read(path)


def test_what_the_library_warns_of_is_not_the_readers_business(tmp_path):
    path = save(tmp_path / "x.xlsx", One=ROWS)
    edited = tmp_path / "y.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(edited, "w") as new:
        for name in old.namelist():
            # Without styles and with an extension, the library warns twice.
            content = b"<styleSheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'/>"
            extension = b"<extLst><ext uri='{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}'/></extLst></worksheet>"
            new.writestr(name, content if "styles" in name else old.read(name).replace(b"</worksheet>", extension))
    assert read(edited)[0] == READ


# What is not what its name says


def other_archive():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text,label\ngood,1\n", "not a whole Excel file"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "has a password or is an old .xls file"),
        (other_archive(), "another kind of zip archive"),
        (b"", "is empty"),
    ],
)
def test_other_files_called_xlsx_are_refused(tmp_path, content, message):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(path)


def test_an_empty_sheet_is_refused_and_one_with_a_header_has_no_rows(tmp_path):
    with pytest.raises(DataError, match=r"The file .*x\.xlsx is empty"):
        read(save(tmp_path / "x.xlsx", One=[], Two=[[" "]]))
    with pytest.raises(DataError, match=r"The sheet 'One' of .*x\.xlsx is empty"):
        read(f"{tmp_path / 'x.xlsx'}#One")
    assert read(save(tmp_path / "y.xlsx", One=ROWS[:1]))[0] == []


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("damage", [lambda x: x[: len(x) // 2], lambda x: b"", lambda x: b"<a/>", lambda x: None])
def test_a_damaged_part_is_refused_in_one_sentence(tmp_path, part, damage):
    path = save(tmp_path / "x.xlsx", One=ROWS)
    edited = tmp_path / "y.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(edited, "w") as new:
        for name in old.namelist():
            content = damage(old.read(name)) if name == part else old.read(name)
            if content is not None:
                new.writestr(name, content)
    with pytest.raises(DataError, match=r"y\.xlsx") as told:
        read(edited)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_file_is_refused(tmp_path, share):
    path = save(tmp_path / "x.xlsx", One=ROWS)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match="not a whole Excel file"):
        read(path)
