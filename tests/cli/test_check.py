from __future__ import annotations

import json

import pytest
from tests.untrained_run import write_untrained_run


@pytest.fixture
def run(tiny_model, tmp_path):
    return write_untrained_run(tmp_path / "run", tiny_model, augment=["negation"]).root


def check(afina_command, run, *options):
    return afina_command("check", run, "--cases", "20", "--capability", "negation,names", *options)


def test_a_table_examples_and_a_summary_are_printed(afina_command, run):
    code, out, err = check(afina_command, run)
    assert code == 0, err
    for expected in ("Negated praise", "First names exchanged", "Examples of failures", "By capability", "negation *"):
        assert expected in out
    assert "Below the published rate" in out
    assert "taught with --augment negation" in out
    assert "Skipped, since" in err
    assert (run / "behaviour.json").is_file()


def test_json_is_one_document(afina_command, run):
    code, out, _ = check(afina_command, run, "--json")
    assert code == 0
    assert json.loads(out) == json.loads((run / "behaviour.json").read_text(encoding="utf-8"))


def test_a_limit_that_does_not_hold_gives_exit_code_1_and_says_which(afina_command, run):
    code, out, _ = check(afina_command, run, "--max-failure-rate", "0.01")
    assert code == 1
    assert "fail in more than 1% of their cases: negation" in out
    code, out, _ = check(afina_command, run, "--max-failure-rate", "1")
    assert code == 0
    assert "--max-failure-rate 1: hold" in out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--capability", "irony"], "Unknown capability: 'irony'"),
        (["--on", "nowhere.csv"], "No such file"),
        (["--max-failure-rate", "2"], "Invalid value"),
        (["--cases", "3"], "Invalid value"),
    ],
)
def test_bad_input_is_one_sentence(afina_command, run, options, expected):
    code, out, err = afina_command("check", run, *options)
    assert code == 2
    assert out == ""
    assert expected in err
    assert "Traceback" not in err
