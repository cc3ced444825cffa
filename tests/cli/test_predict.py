"""`afina predict`: texts and files, and what is said of those without an answer."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

import afina
from afina.errors import Interrupted
from afina.inference import Classifier, score_file
from afina.inference.scoring import ROWS_PER_CHUNK, fingerprint_of
from afina.run_folder import RunFolder


def test_a_blank_text_has_an_error_in_its_place(afina_command, run_copy):
    texts = ("the good film was great", " \u200b", "the awful room was rude")
    code, out, _ = afina_command("predict", run_copy, *texts, "--json")
    assert code == 0
    predictions = json.loads(out)["predictions"]
    assert [prediction["label"] for prediction in predictions] == ["positive", None, "negative"]
    assert [prediction["error"] for prediction in predictions] == [None, "no text", None]
    assert set(predictions[1]) == set(predictions[0])
    _, out, _ = afina_command("predict", run_copy, *texts)
    assert out.splitlines()[1].strip() == "no text"


def test_lines_end_with_a_line_feed_and_nothing_else(afina_command, run_copy, monkeypatch):
    class Stdin:
        buffer = io.BytesIO("the good\u2028film\r\na bad\x0croom".encode("utf-8-sig"))

        @staticmethod
        def isatty():
            return False

    monkeypatch.setattr("sys.stdin", Stdin())
    _, out, _ = afina_command("predict", run_copy, "--json")
    assert [prediction["text"] for prediction in json.loads(out)["predictions"]] == [
        "the good\u2028film",
        "a bad\x0croom",
    ]


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_without_texts_and_standard_input_there_is_a_sentence(afina_command, run_copy, monkeypatch, command):
    monkeypatch.setattr("sys.stdin", None)
    code, _, err = afina_command(command, run_copy)
    assert code == 2
    assert f"afina {command} RUN" in err


def test_a_text_does_not_steer_the_terminal(afina_command, run_copy):
    _, out, _ = afina_command("predict", run_copy, "a good \x1b[31mfilm\nof two lines")
    assert "\x1b" not in out
    assert len(out.splitlines()) == 1


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("text,stars\nthe good film,5\n,3\nthe awful room,1\ntoo,many,cells\n=1+1,2\n" + "fine,4\n" * 5)
    return path


def test_a_file_is_summed_up_in_json(afina_command, run_copy, source, tmp_path):
    out = tmp_path / "out.csv"
    code, printed, err = afina_command("predict", run_copy, "--file", source, "--out", out, "--json")
    assert code == 0, err
    document = json.loads(printed)
    assert document.pop("seconds") > 0
    assert document.pop("rows_per_second") > 0
    counts = document.pop("labels")
    assert set(counts) == {"negative", "positive"}
    assert sum(counts.values()) == 8
    assert document == {
        "run": str(run_copy), "file": str(source), "out": str(out), "rows": 9, "blank": 1, "skipped": 1,
        "uncertain": None, "errors": 2, "errors_file": str(tmp_path / "out.errors.jsonl"), "resumed_rows": 0,
        "backend": Classifier.load(run_copy).backend.name,
    }  # fmt: skip
    assert "'=1+1" in out.read_text()
    assert "1 rows of in.csv could not be understood" in err
    assert "1 cells that a spreadsheet could run as formulas" in err
    _, _, err = afina_command("predict", run_copy, "--file", source, "--out", out, "--force", "--raw-cells", "--json")
    assert "\n=1+1" in out.read_text()
    assert "formulas" not in err


def test_a_file_is_summed_up_for_readers(afina_command, run_copy, source, tmp_path):
    _, out, _ = afina_command("predict", run_copy, "--file", source, "--out", tmp_path / "out.csv")
    lines = out.splitlines()
    assert lines[0].startswith(f"9 rows written to {tmp_path / 'out.csv'}")
    assert [line.split()[0] for line in lines[1:3]] == ["negative", "positive"]
    assert lines[3].split() == ["no", "text", "1", "11.1", "%"]
    assert lines[4] == f"2 rows without an answer are listed in {tmp_path / 'out.errors.jsonl'}"


class StopsAtMarch(Classifier):
    """Is interrupted when it is to read of a march."""

    def classify(self, texts):
        if "a march" in texts:
            raise KeyboardInterrupt
        return super().classify(texts)


def test_the_command_goes_on_after_an_interruption(afina_command, run_copy, tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("text\n" + "fine\n" * ROWS_PER_CHUNK + "a march\n")
    classifier = Classifier.load(run_copy)
    stops = StopsAtMarch(classifier.backend, classifier.encoder, classifier.labels)
    model = f"{afina.__version__} {fingerprint_of(run_copy, classifier.backend.name)}"
    with pytest.raises(Interrupted):
        score_file(stops, str(source), out, model=model)
    _, printed, err = afina_command("predict", run_copy, "--file", source, "--out", out, "--json")
    assert json.loads(printed)["resumed_rows"] == ROWS_PER_CHUNK
    assert f"Going on after {ROWS_PER_CHUNK:,} rows" in err


def test_a_run_is_told_from_another_by_all_that_it_answers_with(run_copy):
    found = {fingerprint_of(run_copy, backend) for backend in ("torch", "onnx-int8")}
    manifest = json.loads(RunFolder(run_copy).manifest.read_text())
    for name, value in (("temperature", 9.0), ("artifacts", {}), ("unsure", {"threshold": 0.1})):
        RunFolder(run_copy).manifest.write_text(json.dumps({**manifest, name: value}))
        found.add(fingerprint_of(run_copy, "torch"))
    assert len(found) == 5


@pytest.mark.slow
def test_ctrl_c_ends_a_file_job_with_a_sentence_and_the_same_command_goes_on(run_copy, tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("text\n" + "".join(f"the good film number {i} was not bad\n" for i in range(60_000)))
    command = [sys.executable, "-m", "afina", "predict", run_copy, "--file", source, "--out", out, "--json"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    journal, kept = tmp_path / "out.csv.partial" / "answers.jsonl", b""
    while process.poll() is None and kept.count(b"\n") < 3:
        with suppress(FileNotFoundError):
            kept = journal.read_bytes()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    printed, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert printed == ""
    assert "whose answers are kept in" in err
    assert err.strip().splitlines()[-1] == "hint: the same command again goes on from there"
    assert not out.exists()
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(again.stdout)["resumed_rows"] >= 2 * ROWS_PER_CHUNK
    assert out.read_bytes().count(b"\n") == 60_001
