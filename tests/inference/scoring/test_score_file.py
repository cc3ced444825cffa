"""Rows scored in files: what is written of an answer, of a row without one, and of the user's columns."""

from __future__ import annotations

import csv
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.inference.scoring.made_up import ByLength, read_lines, write_lines

from afina.errors import DataError, OutputError
from afina.inference import Classifier, is_uncertain, score_file
from afina.inference.scoring import errors_file

TEXTS = ["very good", "so fine", "mostly", ""]


@pytest.fixture
def source(tmp_path):
    """Texts of 9, 7, 6 and no letters."""
    return write_lines(tmp_path / "in.jsonl", TEXTS)


@pytest.mark.parametrize(
    ("threshold", "expected", "n"),
    [(0.7, [False, False, True, None], 1), (0.0, [False, False, False, None], 0), (None, [None] * 4, None)],
)
def test_answers_below_the_threshold_are_uncertain(source, tmp_path, threshold, expected, n):
    out = tmp_path / "out.jsonl"
    result = score_file(ByLength(threshold), str(source), out)
    rows = read_lines(out)
    assert [row["uncertain"] for row in rows] == expected
    assert [row["predicted_score"] for row in rows] == [0.9, 0.7, 0.6, None]
    assert (result.uncertain, result.blank, result.rows) == (n, 1, 4)
    assert result.labels == {"negative": 0, "positive": 3}
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.errors.jsonl", "out.jsonl"]


def test_a_probability_as_high_as_the_threshold_is_sure():
    assert is_uncertain(0.7, 0.7) is False
    assert is_uncertain(0.6999, 0.7) is True
    assert is_uncertain(0.5, None) is None


def test_rows_without_an_answer_are_listed_with_place_reason_and_content(tmp_path):
    source = tmp_path / "in.csv"
    long = "x" * 600
    source.write_text(f"text,stars\ngood,5\n{long},1,2\n \u200b,3\nbad,1\n" + "fine,4\n" * 20)
    result = score_file(ByLength(), str(source), tmp_path / "out.csv.gz", rows_per_chunk=2)
    assert result.errors_file == tmp_path / "out.errors.jsonl"
    assert read_lines(result.errors_file) == [
        {
            "file": str(source), "place": "line 3", "row": None, "reason": "3 cells where the header has 2",
            "content": f"{long},1,2",
        },
        {
            "file": str(source), "place": "row 2", "row": 2, "reason": "no text",
            "content": json.dumps({"text": " \u200b", "stars": "3"}, ensure_ascii=False),
        },
    ]  # fmt: skip
    assert (result.rows, result.blank, result.skipped, result.errors) == (23, 1, 1, 2)
    with gzip.open(tmp_path / "out.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    assert rows[1] == {
        "text": " \u200b", "stars": "3", "predicted_label": "", "predicted_score": "", "uncertain": "",
        "probability_negative": "", "probability_positive": "",
    }  # fmt: skip
    assert len(rows) == 23


def test_all_that_the_reader_skips_is_listed_also_beyond_what_it_keeps(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "good"}\n' * 6000 + "broken\n" * 1400)
    result = score_file(ByLength(), str(source), tmp_path / "out.jsonl")
    rows = read_lines(tmp_path / "out.errors.jsonl")
    assert [row["place"] for row in rows] == [f"line {number}" for number in range(6001, 7401)]
    assert (result.errors, result.skipped, result.blank) == (1400, 1400, 0)


def test_a_file_that_is_mostly_unreadable_is_refused_and_nothing_stays(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "good"}\n' * 7 + "broken\n" * 3)
    with pytest.raises(DataError, match=r"3 of 10 rows of .* could not be understood"):
        score_file(ByLength(), str(source), tmp_path / "new" / "out.jsonl", rows_per_chunk=100)
    assert not (tmp_path / "new" / "out.jsonl").exists()
    assert not (tmp_path / "new" / "out.errors.jsonl").exists()


@pytest.mark.parametrize("content", ["", "\n\n", "text\n"])
def test_a_source_without_rows_leaves_nothing(tmp_path, content):
    (tmp_path / "in.csv").write_text(content)
    with pytest.raises(DataError):
        score_file(ByLength(), str(tmp_path / "in.csv"), tmp_path / "new" / "deep" / "out.csv")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_a_column_with_one_of_our_names_is_kept_under_another(tmp_path, name):
    source = tmp_path / "in.jsonl"
    rows = [{"predicted_label": "mine", "text": "good"}, {"text": "bad", "predicted_label": "too", "uncertain": "no"}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = score_file(ByLength(), str(source), tmp_path / name, rows_per_chunk=2)
    again = score_file(ByLength(), str(tmp_path / name), tmp_path / "again.jsonl")
    (first, second) = read_lines(tmp_path / "again.jsonl")
    assert (first["input_predicted_label"], second["input_predicted_label"]) == ("mine", "too")
    assert first["input_input_predicted_label"] == first["predicted_label"] == "negative"
    assert second["input_uncertain"] == "no"
    assert "Your column predicted_label is written as input_predicted_label, since an answer has its name" in (
        result.messages
    )
    assert "Your column uncertain is written as input_input_uncertain, since an answer has its name" in again.messages


def test_a_column_that_comes_late_under_a_name_already_given_is_kept_too(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "good", "uncertain": 1}\n{"text": "bad", "uncertain": 2, "input_uncertain": 3}\n')
    score_file(ByLength(), str(source), tmp_path / "out.jsonl", rows_per_chunk=1)
    first, second = read_lines(tmp_path / "out.jsonl")
    assert first["input_uncertain"] == 1
    assert (second["input_uncertain"], second["input_input_uncertain"]) == (2, 3)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_answers_stand_behind_all_columns_also_those_that_the_first_row_lacks(tmp_path, name):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "good"}\n{"text": "bad", "note": "here"}\n')
    score_file(ByLength(), str(source), tmp_path / name)
    score_file(ByLength(), str(tmp_path / name), tmp_path / "again.jsonl")
    assert list(read_lines(tmp_path / "again.jsonl")[1])[:3] == ["text", "note", "input_predicted_label"]


def test_columns_that_begin_late_are_told_where_a_table_has_no_place_for_them(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "good"}\n' * 4 + '{"text": "bad", "note": "late"}\n')
    told = [
        score_file(ByLength(), str(source), tmp_path / name, rows_per_chunk=2).messages
        for name in ("out.csv", "out.jsonl")
    ]
    assert [any("note" in message for message in messages) for messages in told] == [True, False]
    assert read_lines(tmp_path / "out.jsonl")[4]["note"] == "late"


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.csv.gz"])
def test_cells_that_a_spreadsheet_would_run_are_made_texts_unless_wished_raw(tmp_path, name):
    cells = ["=1+1", "@SUM(A1)", "+44 7700", "-3.5", "- fine", "good = good"]
    source = write_lines(tmp_path / "in.jsonl", cells)

    def texts(**options):
        result = score_file(ByLength(), str(source), tmp_path / name, force=True, **options)
        opened = gzip.open if name.endswith("gz") else open
        with opened(tmp_path / name, "rt", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t" if "tsv" in name else ",")
            return [row["text"] for row in rows], " ".join(result.messages)

    guarded, told = texts()
    assert guarded == ["'=1+1", "'@SUM(A1)", "'+44 7700", "-3.5", "'- fine", "good = good"]
    assert "4 cells that a spreadsheet could run as formulas" in told
    raw, told = texts(raw_cells=True)
    assert raw == cells
    assert "formulas" not in told


def test_jsonl_and_parquet_stay_raw(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", ["=1+1"])
    score_file(ByLength(), str(source), tmp_path / "out.jsonl")
    score_file(ByLength(), str(source), tmp_path / "out.parquet")
    assert read_lines(tmp_path / "out.jsonl")[0]["text"] == "=1+1"
    assert pq.read_table(tmp_path / "out.parquet")["text"].to_pylist() == ["=1+1"]


def test_answers_that_begin_late_have_their_own_types_in_parquet(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", ["", "", "good"])
    score_file(ByLength(0.9), str(source), tmp_path / "out.parquet", rows_per_chunk=2)
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.to_pylist()[2]["uncertain"] is True
    assert table.to_pylist()[2]["predicted_score"] == pytest.approx(0.6)
    assert table.schema.field("probability_positive").type == pa.float64()


def test_a_link_stays_and_what_it_points_to_is_written(source, tmp_path):
    (tmp_path / "there").mkdir()
    out = tmp_path / "out.jsonl"
    out.symlink_to(tmp_path / "there" / "real.jsonl")
    result = score_file(ByLength(), str(source), out)
    assert out.is_symlink()
    assert result.errors_file == tmp_path / "there" / "real.errors.jsonl"
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["real.errors.jsonl", "real.jsonl"]


def test_several_files_are_one_source(tmp_path):
    for number in (1, 2):
        write_lines(tmp_path / f"part-{number}.jsonl", [f"text {number}"] * 3)
    result = score_file(ByLength(), str(tmp_path / "part-*.jsonl"), tmp_path / "out.jsonl")
    assert result.rows == 6
    assert [row["text"] for row in read_lines(tmp_path / "out.jsonl")] == ["text 1"] * 3 + ["text 2"] * 3


def test_long_rows_make_smaller_chunks(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", ["x" * 9_000_000, "y" * 9_000_000, "z"])
    seen = []
    score_file(ByLength(), str(source), tmp_path / "out.jsonl", on_progress=lambda progress: seen.append(progress.rows))
    assert seen == [2, 3]


def test_rows_that_stand_where_something_is_to_be_written_are_replaced_only_when_asked(source, tmp_path):
    out = tmp_path / "out.jsonl"
    listed = errors_file(out)
    listed.write_text("mine")
    with pytest.raises(OutputError, match=r"The output exists: .*out\.errors\.jsonl"):
        score_file(ByLength(), str(source), out)
    assert listed.read_text() == "mine"
    score_file(ByLength(), str(source), out, force=True)
    assert len(read_lines(listed)) == 1
    with pytest.raises(OutputError, match=r"The output exists: .*out\.jsonl"):
        score_file(ByLength(), str(source), out)
    # A list of errors that are none any more would mislead.
    score_file(ByLength(), str(write_lines(tmp_path / "fine.jsonl", ["good"])), out, force=True)
    assert not listed.exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "a.errors.jsonl"),
        ("a.b.CSV.GZ", "a.b.errors.jsonl"),
        ("a.parquet", "a.errors.jsonl"),
    ],
)
def test_the_list_of_errors_has_the_name_of_the_output(tmp_path, name, expected):
    assert errors_file(tmp_path / name) == tmp_path / expected


@pytest.mark.parametrize("name", ["in.csv", "in.jsonl.gz", "in.parquet", "in.tsv"])
def test_progress_knows_the_rows_of_parquet_and_estimates_others(tmp_path, name):
    n = 15_000
    texts = [f"a text with {i * 2654435761 % 2**64:x} in it" for i in range(n)]
    path = tmp_path / name
    if "parquet" in name:
        pq.write_table(pa.table({"text": texts}), path)
    elif "jsonl" in name:
        path.write_bytes(gzip.compress("".join(json.dumps({"text": text}) + "\n" for text in texts).encode()))
    else:
        path.write_text("text\n" + "\n".join(texts) + "\n")
    seen, ticks = [], iter(range(10_000))
    result = score_file(
        ByLength(), str(path), tmp_path / "out.jsonl", rows_per_chunk=3000, on_progress=seen.append,
        clock=lambda: float(next(ticks)),
    )  # fmt: skip
    assert [progress.rows for progress in seen] == [3000, 6000, 9000, 12_000, 15_000]
    totals = [progress.total_rows for progress in seen]
    assert totals[-1] == n
    assert totals == [n] * 5 if "parquet" in name else all(0.6 * n < total < 1.4 * n for total in totals)
    # The clock moves on by a second each time it is asked.
    assert seen[0].rows_per_second == result.rows_per_second == 3000
    assert seen[0].seconds_left == pytest.approx((totals[0] - 3000) / 3000)


STRANGE = [
    "",
    "   ",
    "word " * 100_000,
    "half \ud83d of it",
    "nul \0 inside",
    "🙂🙃",
    "טקסט מימין",
    "e" + "\u0301" * 10_000,
]


def test_strange_texts_are_answered_as_the_library_does(write_run, tmp_path):
    classifier = Classifier.load(write_run({"max_tokens": 16}).root)
    source = write_lines(tmp_path / "in.jsonl", STRANGE)
    result = score_file(classifier, str(source), tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    expected = classifier.classify(STRANGE)
    assert [row["predicted_label"] for row in rows] == [answer.label for answer in expected]
    assert [row["predicted_score"] for row in rows[2:]] == pytest.approx(
        [answer.score for answer in expected[2:]], abs=1e-6
    )
    assert [row["row"] for row in read_lines(tmp_path / "out.errors.jsonl")] == [1, 2]
    assert result.blank == 2
