"""Commands as a user types them: what they print, and what bad input gives."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pyarrow.parquet as pq
import pytest


def test_train_prints_a_table_a_verdict_and_what_to_do_next(afina_command, reviews_csv, tiny_model):
    code, out, err = afina_command("train", reviews_csv, "--model", tiny_model, "--max-steps", "2")
    assert code == 0
    for expected in (
        "accuracy",
        "TF-IDF + LR",
        "majority class",
        "The fine-tuned model",
        "afina predict runs/reviews-",
    ):
        assert expected in out
    assert "Labels mapped" not in out
    assert "60 rows" in err


def test_json_is_one_document_on_standard_output(afina_command, reviews_csv, tiny_model):
    code, out, _ = afina_command("train", reviews_csv, "--model", tiny_model, "--max-steps", "2", "--json")
    assert code == 0
    assert json.loads(out)["steps"] == 2


def test_predict_answers_in_order(afina_command, run_copy):
    code, out, _ = afina_command("predict", run_copy, "the good film was great", "the awful room was rude", "--json")
    assert code == 0
    predictions = json.loads(out)["predictions"]
    assert [p["label"] for p in predictions] == ["positive", "negative"]
    assert sum(predictions[0]["probabilities"].values()) == pytest.approx(1)
    code, out, _ = afina_command("predict", run_copy, "the good film was great")
    assert out.startswith("positive")


def test_predict_reads_lines_of_standard_input(afina_command, run_copy, monkeypatch):
    class Stdin:
        buffer = io.BytesIO("the good film was great\n\nthe awful café was rude\n".encode())

        @staticmethod
        def isatty():
            return False

    monkeypatch.setattr("sys.stdin", Stdin())
    code, out, _ = afina_command("predict", run_copy, "--json")
    assert code == 0
    predictions = json.loads(out)["predictions"]
    assert [(p["label"], p["error"]) for p in predictions] == [
        ("positive", None), (None, "no text"), ("negative", None)
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.jsonl", "out.parquet", "out.csv.gz"])
def test_predict_file_keeps_rows_and_columns(afina_command, run_copy, tmp_path, name):
    source = tmp_path / "in.jsonl"
    rows = [{"id": i, "text": text} for i, text in enumerate(["the good film", "", 'the awful, "sad" room', "fine 🙂"])]
    source.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    out = tmp_path / name
    code, _, err = afina_command("predict", run_copy, "--file", source, "--out", out)
    assert code == 0, err
    assert "1 rows without text" in err
    if name.endswith("parquet"):
        written = pq.read_table(out).to_pylist()
    elif name.endswith("jsonl"):
        written = [json.loads(line) for line in out.read_text().splitlines()]
    else:
        content = gzip.decompress(out.read_bytes()) if name.endswith("gz") else out.read_bytes()
        delimiter = "\t" if "tsv" in name else ","
        written = list(csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))
    assert [str(row["id"]) for row in written] == ["0", "1", "2", "3"]
    assert [row["predicted_label"] or None for row in written][:3] == ["positive", None, "negative"]
    assert [row["text"] for row in written] == [row["text"] for row in rows]
    assert float(written[0]["probability_positive"]) == pytest.approx(float(written[0]["predicted_score"]))
    code, _, err = afina_command("predict", run_copy, "--file", source, "--out", out)
    assert code == 2
    assert "exists" in err


def _bad_sources(folder):
    def file(name, content):
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    one_class = "text,label\n" + "".join(f"text number {i},1\n" for i in range(9))
    lonely = "text,label\n" + "".join(f"a text with number {i},{i % 2}\n" for i in range(9)) + "the only one,odd\n"
    empty = folder / "nothing"
    empty.mkdir()
    return {
        "missing": (folder / "nowhere.csv", "No such file"),
        "empty": (file("empty.csv", ""), "is empty"),
        "header only": (file("header.csv", "text,label\n"), "No rows"),
        "one class": (file("one.csv", one_class), "at least two labels"),
        "one row of a class": (file("lonely.csv", lonely), "has 1 text"),
        "no text column": (file("numbers.csv", "a,b\n" + "1,2\n3,4\n" * 9), "No text column found among: a, b"),
        "binary": (file("junk.csv", bytes(range(256)) * 40), "not text"),
        "corrupt parquet": (file("bad.parquet", b"PAR1" + b"\1" * 99 + b"PAR1"), "not a valid parquet"),
        "cut gzip": (file("cut.csv.gz", gzip.compress(one_class.encode())[:-9]), "not a whole gzip"),
        "unknown type": (file("notes.docx", "x"), "Unknown file type"),
        "empty folder": (empty, "no data files"),
    }


BAD_SOURCES = (
    "missing", "empty", "header only", "one class", "one row of a class", "no text column", "binary", "corrupt parquet",
    "cut gzip", "unknown type", "empty folder",
)  # fmt: skip


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_bad_source_is_one_sentence_and_writes_nothing(afina_command, tiny_model, tmp_path, case):
    source, expected = _bad_sources(tmp_path)[case]
    out = tmp_path / "out" / "run"
    code, printed, err = afina_command("train", source, "--model", tiny_model, "--out", out)
    assert code == 2
    assert printed == ""
    assert expected in err
    assert err.count("error:") == 1
    assert "Traceback" not in err
    assert not out.parent.exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--budget", "-5m"], "training.budget"),
        (["--budget", "soon"], "training.budget"),
        (["--model", "no-such-model"], "Unknown model: 'no-such-model'"),
        (["--model", "berd"], "did you mean bert?"),
        (["--model", "owner/not-there"], "cannot be loaded"),
        (["--out", "reviews.csv/run"], "Cannot write"),
        (["--text-column", "txt"], "Column not found: 'txt'"),
        (["--epochs", "0"], "training.epochs"),
        (["--set", "training.sed=1"], "did you mean training.seed?"),
        (["--method", "magic"], "modeling.method"),
        (["--config", "nowhere.toml"], "No such config file"),
        (["--resume", "nowhere.partial"], "--resume goes on with the settings"),
        (["--learning-rate", "fast"], "Invalid value"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_bad_options_are_one_sentence(afina_command, reviews_csv, tiny_model, tmp_path, options, expected):
    given = ["train", reviews_csv, "--max-steps", "1", "--model", tiny_model, "--out", tmp_path / "run", *options]
    code, printed, err = afina_command(*given)
    assert code == 2
    assert printed == ""
    assert expected in err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["predict", "nowhere", "a text"], "No such run"),
        (["predict", "{run}", "   "], "No texts given"),
        (["predict", "{run}", "--file", "in.csv"], "--file and --out go together"),
        (["predict", "{run}", "--file", "in.csv", "--out", "out.xml"], "Cannot write out.xml"),
        (["predict", "{run}", "--file", "in.csv", "--out", "out.csv"], "No such file"),
        (["evaluate", "{run}", "nowhere.csv"], "No such file"),
        (["train", "--resume", "nowhere.partial"], "Not an unfinished run"),
    ],
)
def test_bad_input_to_other_commands_is_one_sentence(afina_command, run_copy, arguments, expected):
    code, printed, err = afina_command(*(argument.format(run=run_copy) for argument in arguments))
    assert code == 2
    assert printed == ""
    assert expected in err


def test_foreign_labels_are_refused_by_name(afina_command, run_copy, tmp_path):
    source = tmp_path / "emotions.csv"
    source.write_text("text,label\n" + "so glad today,joy\nso cross today,anger\n" * 5)
    code, _, err = afina_command("evaluate", run_copy, source)
    assert code == 2
    assert "'anger', 'joy'" in err
    assert "negative, positive" in err


def test_a_latin_1_file_is_read_and_told(afina_command, tiny_model, tmp_path):
    source = tmp_path / "latin.csv"
    lines = [f"el café número {i} está {'bueno' if i % 2 else 'malo'},{i % 2}" for i in range(40)]
    source.write_bytes(("text,label\n" + "\n".join(lines)).encode("latin-1"))
    code, _, err = afina_command("train", source, "--model", tiny_model, "--max-steps", "1", "--out", tmp_path / "run")
    assert code == 0, err
    assert "latin.csv is not UTF-8; it was read as latin_1" in err


def test_a_changed_run_is_refused_by_file_name(afina_command, run_copy):
    weights = run_copy / "model" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    code, _, err = afina_command("predict", run_copy, "a text")
    assert code == 2
    assert "model/model.safetensors" in err


def test_version(afina_command):
    import afina

    code, out, _ = afina_command("--version")
    assert (code, out.strip()) == (0, f"afina {afina.__version__}")
