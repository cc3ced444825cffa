"""What `afina data inspect`, `split` and `audit` have in common."""

from __future__ import annotations

import json

import pytest

SECRET = "hunter2"
UNREACHABLE = f"postgresql://anna:{SECRET}@127.0.0.1:1/reviews#reviews"


@pytest.mark.parametrize("command", ["inspect", "split", "audit"])
def test_a_password_is_never_printed(afina_command, tmp_path, command):
    out = ["--out", tmp_path / "out"] if command == "split" else []
    code, printed, err = afina_command("data", command, UNREACHABLE, *out)
    assert (code, printed) == (2, "")
    assert SECRET not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["inspect", "split", "audit"])
def test_a_missing_source_is_one_sentence(afina_command, tmp_path, command):
    out = ["--out", tmp_path / "out"] if command == "split" else []
    code, printed, err = afina_command("data", command, "nowhere.csv", *out)
    assert (code, printed) == (2, "")
    assert err.count("error:") == 1
    assert "No such file" in err


@pytest.mark.parametrize("command", ["inspect", "audit"])
def test_texts_cannot_steer_the_terminal(afina_command, tiny_model, tmp_path, command):
    source = tmp_path / "steering.jsonl"
    rows = [{"text": f"\x1b[31mred{i} \x07bell{i} of{i}\u202e", "label": ("a\x1b[2J", "b")[i % 2]} for i in range(40)]
    source.write_text("\n".join(map(json.dumps, rows)))
    code, out, err = afina_command("data", command, source, "--model", tiny_model)
    assert code == 0, err
    assert "[31mred" in out
    assert not set("\x1b\x07\u202e") & set(out)
