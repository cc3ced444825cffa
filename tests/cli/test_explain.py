"""`afina explain`."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest

TEXT = "the awful film &amp; number 7<br />was it"


def test_json_of_one_text(afina_command, trained_run):
    code, out, err = afina_command("explain", trained_run, TEXT, "--json")
    document = json.loads(out)
    assert code == 0, err
    assert set(document) >= {
        "run", "label", "score", "target", "target_score", "words", "method", "evals", "comprehensiveness",
        "sufficiency", "completeness", "seconds", "backend", "truncated", "notes",
    }  # fmt: skip
    assert (document["run"], document["label"], document["method"]) == (str(trained_run), "negative", "occlusion")
    words = document["words"]
    assert [word["text"] for word in words] == ["the", "awful", "film", "&amp;", "number", "7", "was", "it"]
    assert all(TEXT[word["start"] : word["end"]] == word["text"] and word["read"] for word in words)
    assert all(set(word) == {"text", "start", "end", "weight", "read"} for word in words)


def test_json_of_several_texts_and_another_label(afina_command, trained_run):
    code, out, _ = afina_command("explain", trained_run, "good film", "bad film", "--target", "positive", "--json")
    document = json.loads(out)
    assert code == 0
    assert [each["text"] for each in document["explanations"]] == ["good film", "bad film"]
    assert {each["target"] for each in document["explanations"]} == {"positive"}


def test_gradients(afina_command, trained_run):
    code, out, err = afina_command("explain", trained_run, TEXT, "--method", "ig", "--json")
    document = json.loads(out)
    assert code == 0, err
    assert document["backend"] == "torch"
    assert set(document["completeness"]) == {"difference", "delta", "steps", "converged"}
    assert document["evals"] >= 50


def test_without_colours_signs_and_a_table_tell(afina_command, trained_run):
    code, out, _ = afina_command("explain", trained_run, "the awful film\x1b[31m was good", "--top", "2")
    assert code == 0
    assert "awful[" in out
    assert "\x1b" not in out
    assert "comprehensiveness" in out
    assert sum(line.strip().endswith(tuple("0123456789")) and "." in line for line in out.splitlines()[3:8]) == 2


def test_lines_of_standard_input(afina_command, trained_run, monkeypatch):
    lines = "a good\x0bfilm\u2028seen\r\n\nan awful one\n".encode("utf-8-sig")
    given = SimpleNamespace(buffer=io.BytesIO(lines), isatty=lambda: False)
    monkeypatch.setattr(sys, "stdin", given)
    code, out, _ = afina_command("explain", trained_run, "--json")
    assert code == 0
    assert [each["text"] for each in json.loads(out)["explanations"]] == ["a good\x0bfilm\u2028seen", "an awful one"]


def test_a_page(afina_command, trained_run, tmp_path):
    page = tmp_path / "why.html"
    code, _, _ = afina_command("explain", trained_run, "an <b>awful</b> film", "--html", page)
    assert code == 0
    html = page.read_text(encoding="utf-8")
    assert "awful</span>" in html
    assert "<b>" not in html
    code, _, err = afina_command("explain", trained_run, "an awful film", "--html", page)
    assert code == 2
    assert "--force" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((" ",), "all were blank"),
        (("&nbsp;",), "The text is blank"),
        (("good", "&nbsp;<br>"), "Text 2 has nothing to explain"),
        (("good", "--target", "so-so"), "negative, positive"),
        (("good", "--method", "magic"), "occlusion, ig"),
        (("good", "--max-evals", "3"), "16"),
    ],
)
def test_what_cannot_be_explained_is_a_sentence(afina_command, trained_run, arguments, sentence):
    code, out, err = afina_command("explain", trained_run, *arguments)
    assert code == 2
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err
