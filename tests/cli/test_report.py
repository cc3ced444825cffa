from __future__ import annotations

import json
import os

import pytest
from tests.full_run import write_full_run


@pytest.fixture
def run(tmp_path):
    return write_full_run(tmp_path / "matrix" / "runs" / "books-minilm", steps=60)


def test_a_report_is_written_and_its_answer_told(afina_command, run):
    code, out, _ = afina_command("report", run)
    assert code == 0
    assert "The fine-tuned model beats TF-IDF" in out
    assert str(run / "report.html") in out
    assert (run / "figures" / "accuracy.svg").is_file()


def test_json_holds_the_document(afina_command, run, tmp_path):
    code, out, _ = afina_command("report", run, "--out", tmp_path / "page.html", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["page"] == str(tmp_path / "page.html")
    assert document["answer"]["accuracy"]["value"] == 0.939
    assert document["reproduce"]["command"].startswith("afina train books.csv")
    assert not (run / "report.html").exists()


@pytest.mark.parametrize("arguments", [["nowhere"], ["."]])
def test_what_is_no_run_is_a_sentence(afina_command, arguments):
    code, out, err = afina_command("report", *arguments)
    assert code == 2
    assert out == ""
    assert "error:" in err
    assert "Traceback" not in err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="a superuser may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_sentence(afina_command, run):
    run.chmod(0o500)
    try:
        code, _, err = afina_command("report", run)
    finally:
        run.chmod(0o700)
    assert code == 2
    assert "Permission denied" in err


def test_a_place_that_is_a_folder_is_a_sentence(afina_command, run, tmp_path):
    code, _, err = afina_command("report", run, "--out", tmp_path)
    assert code == 2
    assert "is a folder" in err
