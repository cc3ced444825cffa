"""`afina export`."""

from __future__ import annotations

import pytest

from afina.cli.export import _print_refusal
from afina.recipes import integer_checks

pytestmark = pytest.mark.usefixtures("one_thread")


def test_refused_integers_are_told_and_leave_the_other_graph(afina_command, run_copy, monkeypatch):
    monkeypatch.setattr(integer_checks, "LEAST_LABELS_KEPT", 1.01)
    # What a killed export left, and what is the user's own.
    for name in ("onnx.0123456789ab.tmp", "onnx.notes.tmp"):
        (run_copy / name).mkdir()
        (run_copy / name / "model.onnx").write_bytes(b"half")
    code, out, err = afina_command("export", run_copy, "--int8")
    assert code == 1, err
    assert "8-bit integers are refused: of" in out
    assert f"afina predict {run_copy}" in out
    assert sorted(path.name for path in run_copy.glob("onnx*")) == ["onnx", "onnx.notes.tmp"]
    assert not (run_copy / "onnx" / "model_int8.onnx").exists()
    code, out, err = afina_command("predict", run_copy, "the good film", "--json")
    assert code == 0
    assert '"onnx-fp32"' in out


def test_the_figures_of_a_refusal_show_what_was_not_met(capsys):
    _print_refusal({"texts": 300, "labels_kept": 0.99, "accuracy": 0.89, "accuracy_before": 0.89 + 1 / 300})
    out = " ".join(capsys.readouterr().out.split())
    assert "99.00% keep their label" in out
    assert "loses 0.33 points (0.3 are allowed)" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("no-such-run",), "No such run"),
        (("no-such-run", "--on", "x.csv"), "add --int8"),
        (("no-such-run", "--force"), "--force replaces a Space"),
    ],
)
def test_what_cannot_be_exported_is_a_sentence(afina_command, arguments, sentence):
    code, out, err = afina_command("export", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err
