"""Cells that a spreadsheet would run, and those that only look like it."""

import csv

import pytest

from afina.data.formulas import FormulaGuard
from afina.data.writing import row_writer


@pytest.mark.parametrize(
    "cell",
    ["=1+1", '=HYPERLINK("http://a.example","b")', "+SUM(A1)", "-2+3", "@A1", "\t=1", "\r=1", "\0=1", "-", "--1", "-1x",
     "+44 7700 900", "-1e", "=5", "-\u0663"],
)  # fmt: skip
def test_what_could_run_gets_a_quotation_mark(cell):
    guard = FormulaGuard()
    assert guard(cell) == "'" + cell
    assert guard.count == 1


@pytest.mark.parametrize(
    "cell", ["", "good", "a=b", " =1", "'=1", "-3.5", "+7", "-.5", "-1,234.50", "-3,5", "-1e-7", "-12%", -3.5, 7, None]
)
def test_texts_and_numbers_stay_as_they_are(cell):
    guard = FormulaGuard()
    assert guard(cell) == cell
    assert guard.count == 0


def test_a_table_is_guarded_with_its_header_and_only_when_asked(tmp_path):
    row = {"=cmd": "@x", "b": -1.5, "c": None}
    for name, on_cell in (("safe.csv", FormulaGuard()), ("raw.csv", None)):
        with row_writer(tmp_path / name, on_cell=on_cell) as writer:
            writer.write([row])
            writer.write([row])
    read = [list(csv.reader((tmp_path / name).read_text().splitlines())) for name in ("safe.csv", "raw.csv")]
    assert read[0] == [["'=cmd", "b", "c"], *[["'@x", "-1.5", ""]] * 2]
    assert read[1] == [["=cmd", "b", "c"], *[["@x", "-1.5", ""]] * 2]
