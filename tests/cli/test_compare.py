"""`afina compare` as a user types it."""

from __future__ import annotations

import shutil

import pytest
from tests.cli.documents import only_document


@pytest.fixture
def runs(trained_run, poor_run):
    return trained_run, poor_run


def test_it_prints_who_is_better_by_how_much_what_it_costs_and_where_they_disagree(afina_command, runs, new_csv):
    good, poor = runs
    code, out, _ = afina_command("compare", poor, good, "--on", new_csv)
    assert code == 0
    printed = " ".join(out.split())
    assert f"{good} is better than {poor} by " in printed
    for expected in ("points of accuracy (95 % interval", "texts/s", "MB", "Where they disagree most", "another seed"):
        assert expected in printed


def test_equal_answers_are_told(afina_command, runs, new_csv, tmp_path):
    same = shutil.copytree(runs[0], tmp_path / "same")
    code, out, _ = afina_command("compare", runs[0], same, "--on", new_csv)
    assert code == 0
    assert "give the same label to each of these 80 texts" in " ".join(out.split())


def test_json_is_one_document_with_all_disagreements(afina_command, runs, new_csv, tmp_path):
    good, poor = runs
    out_file = tmp_path / "apart.jsonl"
    code, out, err = afina_command("compare", good, poor, "--on", new_csv, "--on", new_csv, "--json", "--out", out_file)
    assert code == 0, err
    document = only_document(out)
    assert set(document) == {"first", "second", "results"}
    assert len(document["results"]) == 2
    result = document["results"][0]
    assert {
        "dataset", "n", "removed", "first", "second", "difference", "mcnemar", "better", "n_disagreements",
        "texts_needed", "detectable", "sentence", "cheaper", "cost_sentence", "disagreements",
    } == set(result)  # fmt: skip
    assert len(result["disagreements"]) == result["n_disagreements"]
    assert len(out_file.read_text().splitlines()) == 2 * result["n_disagreements"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("compare", "GOOD", "GOOD", "--on", "NEW"), "Both runs are"),
        (("compare", "GOOD", "none", "--on", "NEW"), "No such run"),
        (("compare", "GOOD", "POOR", "--on", "none.csv"), "none.csv"),
        (("compare", "GOOD", "POOR"), "Missing option '--on'"),
        (("compare", "GOOD", "POOR", "--on", "NEW", "--out", "a.pdf"), "Cannot write a.pdf"),
    ],
)
def test_bad_input_is_a_sentence(afina_command, runs, new_csv, arguments, sentence):
    names = {"GOOD": runs[0], "POOR": runs[1], "NEW": new_csv}
    code, out, err = afina_command(*(names.get(argument, argument) for argument in arguments))
    assert code == 2
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err
