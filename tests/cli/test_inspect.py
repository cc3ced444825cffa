"""`afina data inspect` as a user types it."""

from __future__ import annotations

import json

import pytest
from tests.cli.documents import only_document


def test_inspect_prints_tables_and_what_to_do(inspect, reviews_csv):
    code, out, err = inspect(reviews_csv)
    assert code == 0, err
    for expected in (
        "60 rows, text from 'text', label from 'label'", "Classes", "Length of a text", "Duplicates",
        "none: no row repeats another", "Examples, drawn at random", "What to do", "The label 'negative' has 30 texts",
    ):  # fmt: skip
        assert expected in out
    assert "Shared with" not in out


def test_inspect_tells_leaks_of_real_data(inspect, shared_data):
    code, out, _ = inspect(shared_data / "sst2_dev.parquet", "--against", shared_data / "sample_reviews.parquet")
    assert code == 0
    assert "rows here that stand there: 150 (17.2%), 139 exactly and 11 nearly" in out
    assert "rows there that stand here: 150 of 150 (100.0%)" in out


def test_inspect_prints_one_json_document_and_nothing_else(inspect, reviews_csv, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = inspect(reviews_csv, "--against", reviews_csv, "--json", "--html", page)
    assert code == 0
    document = only_document(out)
    assert (document["texts"], document["leakage"]["exact"]) == (60, 60)
    assert "<html" in page.read_text(encoding="utf-8")


def test_inspect_shows_labels_and_texts_that_look_like_markup(inspect, tmp_path):
    source = tmp_path / "markup.csv"
    rows = [(f"a [bold]good[/bold] thing{i} of{i} kind{i}", ("[/x]", "[red]")[i % 2]) for i in range(20)]
    source.write_text("\n".join(["text,label", *(",".join(row) for row in rows)]))
    code, out, err = inspect(source)
    assert code == 0, err
    assert "[/x]" in out
    assert "a [bold]good[/bold] thing" in out


def test_a_folder_that_looks_like_markup_is_named_as_it_is(inspect, reviews_csv, tmp_path):
    folder = tmp_path / "[bold]x[" / "b]"
    folder.mkdir(parents=True)
    code, out, err = inspect(reviews_csv.rename(folder / "reviews.csv"))
    assert code == 0, err
    assert "[bold]x[/b]" in out
    assert "[bold]x[/b]" in err


def test_inspect_looks_at_texts_without_labels(inspect, tmp_path):
    source = tmp_path / "texts.txt"
    source.write_text("".join(f"a text about thing{i} and thing{i + 50}\n" for i in range(30)))
    code, out, err = inspect(source)
    assert code == 0, err
    assert "Classes" not in out
    assert "There are no labels" in out


def test_inspect_refuses_free_text_as_labels_with_their_number(inspect, tmp_path):
    source = tmp_path / "free.csv"
    source.write_text("text,label\n" + "".join(f"text number {i} here,remark {i}\n" for i in range(80)))
    code, out, err = inspect(source)
    assert (code, out) == (2, "")
    assert "The label column 'label' has 80 distinct values" in err
    assert err.count("error:") == 1


def test_inspect_refuses_nothing_but_blank_texts(inspect, tmp_path):
    source = tmp_path / "blank.csv"
    source.write_text("text,label\n" + '"  ",good\n"",bad\n' * 5)
    code, out, err = inspect(source)
    assert (code, out) == (2, "")
    assert "all 10 rows are blank" in err


@pytest.mark.parametrize("option", ["--html", "--rejected"])
def test_inspect_replaces_a_file_only_when_asked(inspect, reviews_csv, tmp_path, option):
    there = tmp_path / "there.html"
    there.write_text("mine")
    code, out, err = inspect(reviews_csv, option, there)
    assert (code, out) == (2, "")
    assert "exists" in err
    assert "Reading" not in err
    assert there.read_text() == "mine"
    code, _, err = inspect(reviews_csv, option, there, "--force")
    assert code == 0, err
    assert there.read_text() != "mine"


@pytest.mark.parametrize("option", ["--html", "--rejected"])
def test_inspect_refuses_a_folder_before_any_work(inspect, reviews_csv, tmp_path, option):
    code, _, err = inspect(reviews_csv, option, tmp_path, "--force")
    assert code == 2
    assert "folder" in err
    assert "Reading" not in err


def test_inspect_writes_rows_that_could_not_be_understood(inspect, tmp_path):
    source, rejected = tmp_path / "source.jsonl", tmp_path / "rejected.jsonl"
    lines = [json.dumps({"text": f"text{i} of{i} some{i}", "label": ("good", "bad")[i % 2]}) for i in range(40)]
    source.write_text("\n".join([*lines[:5], "{not json", *lines[5:]]))
    code, out, err = inspect(source, "--rejected", rejected)
    assert code == 0, err
    assert "1 not understood" in out
    assert "{not json" in out
    assert f"1 rows written to {rejected}" in err
    (record,) = map(json.loads, rejected.read_text().splitlines())
    assert record["content"] == "{not json"


def test_inspect_names_a_tokenizer_that_is_not_there(afina_command, reviews_csv):
    code, out, err = afina_command("data", "inspect", reviews_csv, "--model", "nowhere/to-be-found")
    assert (code, out) == (2, "")
    assert "nowhere/to-be-found" in err
    assert "Traceback" not in err
