"""Texts as nobody expects them: an answer or an error of their own, and the same one whichever way they come in."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from afina.inference import NO_TEXT, Classifier

STRANGE = {
    "empty": "",
    "spaces": " \t \u00a0\u3000",
    "zero width": "\u200b\u200c\u200d\u2060",
    "byte order mark alone": "\ufeff",
    "control characters alone": "\x01\x1b\x7f",
    "nul alone": "\x00",
    "line breaks alone": "\n\r\n",
    "tag alone": "<br />",
    "100,000 words": "good film " * 50_000,
    "half an emoji": "a good \ud83d film",
    "half an emoji alone": "\udc00",
    "nul": "good\x00film",
    "emoji": "👩‍👩‍👧‍👦 ❤️ 🏳️‍🌈 🇪🇸",
    "right to left": "فيلم رائع \u202eאבג\u202c",
    "10,000 combining marks": "z" + "\u0301" * 10_000,
    "marks before a letter": "\u0301\u0323good",
    "marks of two classes": "a" + "\u0323\u0301" * 5_000,
    "byte order mark": "\ufeffgood film",
    "tags and entities": "good<br />film &amp;amp; it&#39;s <b>fine</b> &nbsp; &#0; &#x110000;",
    "a word of 1 MB": "a" * 1_000_000,
    "ansi": "\x1b[31mgood\x1b[0m film\x07\x08",
    "formula": "=HYPERLINK(1) good",
    "quotes": "a \"good\", 'film';\tit's",
    "backslashes": "\\n \\ud83d \\",
    "line feed": "good\nfilm",
    "windows line break": "good\r\nfilm",
    "carriage return": "good\rfilm",
    "other line breaks": "good\u2028film\x85it\x0cnot\x1every",
    "nothing of Unicode": "good \ufffe\uffff\U0010ffff\ue000 film",
    "one letter": "a",
    "special tokens": "[CLS] good [SEP] [PAD] [MASK] </s>",
}
BLANK = [
    "empty", "spaces", "zero width", "byte order mark alone", "control characters alone", "nul alone",
    "line breaks alone", "tag alone",
]  # fmt: skip


@pytest.fixture(scope="module")
def expected(trained_run):
    """The library's answers, all texts at once, by name."""
    return dict(zip(STRANGE, Classifier.load(trained_run).classify(list(STRANGE.values())), strict=True))


def same(prediction, label, probabilities, error):
    """Whether an answer that came by another way is that of the library."""
    if prediction.error is not None:
        return (label, probabilities, error) == (None, None, prediction.error)
    return (
        label == prediction.label
        and error is None
        and probabilities == pytest.approx(dict(prediction.probabilities), abs=1.01e-6)
    )


def test_each_has_an_answer_or_an_error(expected):
    assert [name for name, prediction in expected.items() if prediction.error == NO_TEXT] == BLANK
    for name, prediction in expected.items():
        if name not in BLANK:
            assert sum(prediction.probabilities.values()) == pytest.approx(1)
            assert prediction.score == max(prediction.probabilities.values())
    assert expected["100,000 words"].truncated
    assert not expected["a word of 1 MB"].truncated  # to this tokenizer it is one unknown token


def test_texts_that_differ_in_nothing_readable_have_one_answer(expected):
    for other in ("line feed", "windows line break", "carriage return"):
        assert same(expected["line feed"], expected[other].label, dict(expected[other].probabilities), None)


def test_alone_and_in_company(expected, trained_run):
    classifier = Classifier.load(trained_run)
    for name, text in STRANGE.items():
        (alone,) = classifier.classify([text])
        assert same(expected[name], alone.label, alone.probabilities, alone.error), name


def test_the_command_line_answers_arguments_alike(expected, trained_run, afina_command):
    # No shell can pass a nul, nor all of a text of 1 MB; half an emoji is bytes that are no UTF-8, kept as surrogates.
    names = [name for name, text in STRANGE.items() if "\0" not in text and len(text) < 100_000]
    code, out, _ = afina_command("predict", trained_run, "--json", "--", *(STRANGE[name] for name in names))
    assert code == 0
    compare(expected, names, json.loads(out)["predictions"])


def test_the_command_line_answers_lines_alike(expected, trained_run, afina_command, monkeypatch):
    # A line feed ends a text, a carriage return before it too, and a mark of byte order is none of the first text.
    names = [name for name, text in STRANGE.items() if "\n" not in text]
    content = "\n".join(STRANGE[name].encode("utf-8", errors="replace").decode() for name in names) + "\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    code, out, _ = afina_command("predict", trained_run, "--json")
    assert code == 0
    compare(expected, names, json.loads(out)["predictions"])


def compare(expected, names, documents):
    assert len(documents) == len(names)
    for name, found in zip(names, documents, strict=True):
        assert same(expected[name], found["label"], found["probabilities"], found["error"]), name


def test_all_but_blank_texts_can_be_shown_on_a_terminal(trained_run, afina_command):
    texts = [text for text in STRANGE.values() if "\0" not in text and len(text) < 100_000]
    code, out, _ = afina_command("predict", trained_run, "--", *texts)
    assert code == 0
    assert len(out.rstrip("\n").split("\n")) == len(texts)
    assert "\x1b" not in out
    assert "\x07" not in out


@pytest.mark.parametrize("kind", ["jsonl", "csv", "tsv", "parquet"])
def test_files_are_answered_alike(expected, trained_run, afina_command, tmp_path, kind):
    source, out = tmp_path / f"in.{kind}", tmp_path / f"out.{kind if kind != 'parquet' else 'jsonl'}"
    WRITERS[kind](source)
    arguments = ("predict", trained_run, "--file", source, "--out", out, "--text-column", "text", "--json")
    code, printed, told = afina_command(*arguments)
    assert code == 0, told
    assert json.loads(printed)["rows"] == len(STRANGE)
    rows = read_rows(out)
    assert [row["name"] for row in rows] == list(STRANGE)
    errors = [json.loads(line) for line in (tmp_path / "out.errors.jsonl").read_text().splitlines()]
    assert [list(STRANGE)[error["row"] - 1] for error in errors] == BLANK
    assert {error["reason"] for error in errors} == {NO_TEXT}
    for row in rows:
        name, label = row["name"], row["predicted_label"] or None
        probabilities = {each: row[f"probability_{each}"] for each in ("negative", "positive")}
        if label is None:
            assert not any(probabilities.values()), name
            assert same(expected[name], None, None, NO_TEXT), name
        else:
            assert same(expected[name], label, {each: float(p) for each, p in probabilities.items()}, None), name


def write_jsonl(path):
    with path.open("w", encoding="utf-8") as file:
        for name, text in STRANGE.items():
            file.write(json.dumps({"name": name, "text": text}) + "\n")


def write_delimited(path):
    """What UTF-8 cannot hold is `?`, as everywhere else."""
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",", quoting=csv.QUOTE_ALL)
        writer.writerow(["name", "text"])
        writer.writerows(STRANGE.items())


def write_parquet(path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [text.encode("utf-8", errors="replace").decode() for text in STRANGE.values()]
    pq.write_table(pa.table({"name": list(STRANGE), "text": texts}), path)


WRITERS = {"jsonl": write_jsonl, "csv": write_delimited, "tsv": write_delimited, "parquet": write_parquet}


def read_rows(path):
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
