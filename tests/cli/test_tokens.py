import json

import pytest
from rich.console import Console

from afina.cli import _console
from afina.cli._token_tables import segmented


def test_compare_prints_tables_and_the_same_texts_cut_by_each(afina_command, reviews_csv):
    code, out, err = afina_command("tokens", "compare", reviews_csv, "-t", "wordpiece", "-t", "bpe:270", "-t", "bytes")
    assert code == 0, err
    assert "measured on 30 texts" in out
    assert "marked * were trained on 30 other texts" in out
    for heading in ("Size and fit", "Lengths in tokens", "told apart", "Cuts in common", "Vocabulary in common"):
        assert heading in out
    assert "byte-level BPE" in out
    assert "f·i·l·m" in out
    assert "fewer than the 8,000 asked for" in err
    assert max(map(len, out.splitlines()[1:])) <= 100


def test_one_tokenizer_has_nothing_to_be_compared_with(afina_command, reviews_csv, tiny_model):
    code, out, _ = afina_command("tokens", "compare", reviews_csv, "--tokenizer", tiny_model)
    assert code == 0
    assert "Cuts in common" not in out
    assert "trained on" not in out


def test_json_is_one_document(afina_command, reviews_csv):
    code, out, err = afina_command("tokens", "compare", reviews_csv, "-t", "bytes", "--max-tokens", "16", "--json")
    assert code == 0
    document = json.loads(out)
    assert document["tokenizers"][0]["share_truncated"] == 1
    assert document["max_tokens"] == 16
    assert "Measuring bytes" in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere.csv"], "No such file"),
        (["{csv}", "-t", "nothing"], "Unknown tokenizer: 'nothing'"),
        (["{csv}", "-t", "bpe:many"], "needs a whole number"),
        (["{csv}", "-t", "wordpiece", "--max-tokens", "2"], "leaves no room"),
        (["{csv}", "--text-column", "nope", "-t", "bytes"], "Column not found: 'nope'"),
    ],
)
def test_bad_input_is_one_sentence(afina_command, reviews_csv, arguments, expected):
    code, out, err = afina_command("tokens", "compare", *(a.format(csv=reviews_csv) for a in arguments))
    assert code == 2
    assert out == ""
    assert expected in err
    assert "Traceback" not in err


def test_dots_part_tokens_without_colour():
    segments = [("un", "piece"), ("able", "piece"), (" ", "space"), ("zz", "dropped"), ("x", "unknown"), ("y", "mark")]
    assert segmented(segments, in_colour=False).plain == "un·able (zz)⟦x⟧·y"
    segments = [("a", "word"), (" ", "mark"), ("b", "word"), (" good", "word"), ("🙂", "shared"), ("", "shared")]
    assert segmented(segments, in_colour=False).plain == "a·␣·b good·🙂×2"


def test_colours_alternate_on_a_terminal():
    line = segmented([("un", "piece"), ("able", "piece"), ("x", "unknown")], in_colour=True)
    assert line.plain == "unable⟦x⟧"
    assert len({span.style for span in line.spans}) == 3


def test_a_text_cannot_steer_the_terminal():
    assert segmented([("\x1b[31m\n", "mark")], in_colour=False).plain == "\N{REPLACEMENT CHARACTER}[31m⏎"


def test_a_terminal_shows_colours(afina_command, reviews_csv, monkeypatch):
    import io

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, color_system="truecolor", width=100, highlight=False)
    monkeypatch.setattr(_console, "stdout", console)
    code, _, _ = afina_command("tokens", "compare", reviews_csv, "-t", "bytes")
    assert code == 0
    assert "colours part the tokens" in screen.getvalue()
    assert "\x1b[30;106m" in screen.getvalue()
