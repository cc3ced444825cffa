from __future__ import annotations

import json
import re

import pytest
from rich.console import Console
from tests.cli.documents import only_document
from tests.cli.plan_documents import FIRST_CHOICE, REJECTED, history_document, plan_document

from afina.cli import _console
from afina.cli._plan_tables import print_history, print_plan


@pytest.fixture
def printed(monkeypatch, capsys):
    """What a function prints of a document into a terminal of 100 columns, a line each."""
    monkeypatch.setattr(_console, "stdout", Console(width=100, highlight=False))

    def lines(function, document):
        function(document)
        return capsys.readouterr().out.splitlines()

    return lines


def test_the_machine_comes_first_and_the_command_to_train_last(printed):
    lines = printed(print_plan, plan_document())
    assert lines[0].endswith("2 cores, 24.1 GB of memory (22.3 free); 118 GFLOP/s in fp32")
    assert lines[-1] == "  afina train --config plan.toml"


def test_a_choice_is_a_row_that_a_terminal_of_100_columns_holds(printed):
    lines = printed(print_plan, plan_document(choices=[FIRST_CHOICE | {"model": "multilingual-distilbert"}]))
    (row,) = [line for line in lines if line.startswith(" 1 ")]
    expected = "1 multilingual-distilber frozen 3 1,024 2.25 62 % 10.2 (9.2–11.5) 14.0 2,210 91"
    assert " ".join(row.split()) == expected
    table = lines[lines.index(row) - 2 :][:4]
    assert max(map(len, table)) <= 100


def test_reasons_of_the_first_choice_and_of_no_other_are_told(printed):
    lines = printed(print_plan, plan_document())
    assert [f"  {reason}" for reason in FIRST_CHOICE["reasons"]] == [line for line in lines if line[2:3] == "I"]
    assert "  It is small" not in lines


def test_what_was_not_measured_and_what_is_to_be_downloaded_is_marked(printed):
    out = "\n".join(printed(print_plan, plan_document()))
    assert "≈6.7 (5.0–8.7)" in out
    assert "≈: reckoned" in out
    assert "to be downloaded: minilm (91 MB)" in out
    out = "\n".join(printed(print_plan, plan_document(choices=[FIRST_CHOICE])))
    assert "≈" not in out
    assert "to be downloaded" not in out


def test_what_would_not_fit_is_told_with_the_fastest_platforms(printed):
    elsewhere = {"M4000": 400.0, "P100": 5.24, "T4": 4.0, "CPU": 61.7}
    bare = REJECTED | {"why": "albert would need 9,000 MB of memory.", "elsewhere": {}}
    lines = printed(print_plan, plan_document(rejected=[REJECTED | {"elsewhere": elsewhere}, bare]))
    start = lines.index("Would not fit")
    assert lines[start + 1 : start + 3] == [
        "  roberta would need 62 minutes here; about 4 minutes on a T4, 5.2 on a P100, 62 on a CPU",
        "  albert would need 9,000 MB of memory",
    ]


def test_a_long_list_of_what_would_not_fit_is_cut_and_says_so(printed):
    lines = printed(print_plan, plan_document(rejected=[REJECTED] * 11))
    assert sum("roberta" in line for line in lines) == 8
    assert "  and 3 more; --json tells them all" in lines


def test_nothing_that_fits_is_told_without_a_command_to_train(printed):
    out = "\n".join(printed(print_plan, plan_document(choices=[], plan=None, budget_seconds=120.0)))
    assert "roberta would need" in out
    assert "afina train" not in out


def test_a_budget_in_which_nothing_fits_is_a_limit_of_the_machine(afina_command, tiny_model, reviews_csv, tmp_path):
    out = tmp_path / "plan.toml"
    code, shown, told = afina_command(
        "plan", str(reviews_csv), "--model", str(tiny_model), "--budget", "3s", "--out", str(out)
    )
    assert code == 4
    assert "error: Nothing fits into 3 seconds on this machine" in told
    assert "hint: give a longer --budget" in told
    assert "would need" in shown
    assert not out.exists()


def test_history_tells_each_run_the_error_and_the_correction(printed):
    lines = printed(print_history, history_document())
    out = "\n".join(lines)
    (row,) = [line for line in lines if "minilm" in line]
    assert " ".join(row.split()) == "sst2* minilm frozen 256 20,000 100 → – – 2,210 → 2,000 -10 %"
    assert "600 → 640   +7 %" in out
    assert "1 stopped early" in out
    assert "As forecast: training time is off by 7 % in the median and 7 % at worst (1 run)" in out
    assert "With what they correct: training time is off by 1 % in the median and 2 % at worst" in out
    assert lines[-1] == (
        "The next plans on this machine are corrected: training time × 1.07 (1 run), of frozen × 1.10, "
        "memory × 0.95 (2 runs)"
    )


def test_history_of_nothing_is_told(printed):
    none = {"seconds": {"n": 0, "median": None, "worst": None}, "memory_mb": {"n": 0, "median": None, "worst": None}}
    lines = printed(print_history, history_document(runs=[], error=none, after_correction=none, corrections={}))
    assert "As forecast: no run has both a forecast and an outcome" in lines
    assert lines[-1].startswith("Nothing is corrected yet")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("a.csv", "b.csv"), "takes one source, got 2: a.csv, b.csv"),
        (("--budget", "soon"), "training.budget"),
        (("--epochs", "0"), "training.epochs"),
        (("--method", "magic"), "modeling.method"),
        (("--config", "nowhere.toml"), "No such config file"),
        (("--history", "runs/a", "--budget", "5m"), "it takes no --budget"),
        (("--history", "runs/a", "--model", "bert", "--max-tokens", "64"), "it takes no --model, --max-tokens"),
    ],
)
def test_bad_options_are_one_sentence(afina_command, tmp_path, arguments, expected):
    code, out, err = afina_command("plan", *arguments)
    assert code == 2, err
    assert out == ""
    assert expected in err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.fixture
def plan(afina_command, reviews_csv, tiny_model):
    def run(*arguments):
        return afina_command("plan", reviews_csv, "--model", tiny_model, "--budget", "2m", *arguments)

    return run


def test_a_plan_is_printed_and_written_and_a_training_runs_it(afina_command, plan, tmp_path):
    code, out, err = plan("--max-tokens", "16", "--method", "full")
    assert code == 0, err
    assert "texts to train on, within 2 minutes" in " ".join(out.split())
    assert re.search(r"^ 1 .* full +16 ", out, re.MULTILINE)
    assert out.splitlines()[-1] == "  afina train --config plan.toml"
    code, out, err = afina_command("train", "--config", "plan.toml", "--max-steps", "2", "--out", "run", "--json")
    assert code == 0, err
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (manifest["settings"]["max_tokens"], manifest["settings"]["method"]) == (16, "full")
    assert manifest["origins"]["tokenization.max_tokens"] == "plan.toml"


def test_json_is_one_document_and_says_where_the_plan_is(plan, tmp_path):
    code, out, err = plan("--json", "--out", "mine.toml")
    assert code == 0, err
    document = only_document(out)
    assert document["plan"] == "mine.toml"
    assert (tmp_path / "mine.toml").is_file()
    assert set(plan_document()) <= set(document)
    assert set(FIRST_CHOICE) == set(document["choices"][0])


def test_a_plan_that_stands_there_is_replaced_only_when_asked(plan, tmp_path):
    (tmp_path / "plan.toml").write_text("mine")
    code, out, err = plan()
    assert (code, out) == (2, "")
    assert "plan.toml" in err
    assert (tmp_path / "plan.toml").read_text() == "mine"
    code, _, err = plan("--force")
    assert code == 0, err
    assert (tmp_path / "plan.toml").read_text() != "mine"


def test_history_is_that_of_the_runs_given(afina_command, trained_run):
    code, out, err = afina_command("plan", "--history", trained_run, "--json")
    assert code == 0, err
    document = only_document(out)
    assert set(history_document()) <= set(document)
    assert len(document["runs"]) + document["runs_without_forecast"] == 1
    code, out, err = afina_command("plan", "--history", trained_run)
    assert code == 0, err
    assert "Nothing is corrected yet" in out


def test_history_of_what_is_no_run_is_refused(afina_command):
    code, out, err = afina_command("plan", "--history", "nowhere")
    assert (code, out) == (2, "")
    assert "No such run: nowhere" in err
