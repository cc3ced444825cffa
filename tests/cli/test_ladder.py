from __future__ import annotations

import json

import pytest
import typer
from tests.cli.documents import only_document

from afina.cli.app import app
from afina.recipes.ladder.rungs import RUNGS


@pytest.fixture
def ladder(afina_command, reviews_csv, tiny_model):
    def run(*arguments):
        return afina_command(
            "ladder", reviews_csv, "--model", tiny_model, "--set", "training.precision=fp32", *arguments
        )

    return run


def test_it_prints_the_table_what_was_left_out_and_the_pick(ladder, tmp_path):
    code, out, err = ladder("--rungs", "majority,tfidf,full", "--budget", "40s", "--set", "training.epochs=1")
    assert code == 0, err
    for expected in ("majority class", "TF-IDF + LR", "full fine-tuning", "ms a text", "These texts need",
                     "The pick is the first rung", "equal share of the budget", "front"):  # fmt: skip
        assert expected in out
    folder = tmp_path / "runs" / "reviews-ladder"
    assert {path.name for path in folder.iterdir()} == {"ladder.json", "ladder.html", "ladder.svg", "rungs"}
    assert "full fine-tuning: fine-tuning" in err
    assert "dev accuracy" not in err


def test_json_is_one_document_and_the_page_can_be_left_out(ladder, tmp_path):
    code, out, err = ladder("--rungs", "majority,nb-svm", "--json", "--no-html", "--out", "mine")
    assert code == 0, err
    document = only_document(out)
    assert [row["name"] for row in document["rungs"]] == ["majority", "nb-svm"]
    assert {"rungs", "skipped", "pick", "rule", "budget_seconds", "seconds", "texts"} <= set(document)
    assert json.loads((tmp_path / "mine" / "ladder.json").read_text()) == document
    assert not (tmp_path / "mine" / "ladder.html").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--rungs", "majority,bogus"), "Unknown rung: bogus"),
        (("--model", "no-such-model"), "no-such-model"),
        (("--budget", "never"), "training.budget"),
        (("--test", "nowhere.csv"), "nowhere.csv"),
        (("--text-column", "nope"), "nope"),
        (("--set", "training.max_steps=5"), "decides training.max_steps"),
    ],
)
def test_bad_input_is_one_sentence(ladder, tmp_path, arguments, expected):
    code, out, err = ladder(*arguments)
    assert code == 2, err
    assert expected in err
    assert "Traceback" not in err
    assert not out
    assert not (tmp_path / "runs").exists()


def test_the_help_names_all_rungs_in_their_order():
    (option,) = [each for each in typer.main.get_command(app).commands["ladder"].params if each.name == "rungs"]
    assert f"Some of {', '.join(rung.name for rung in RUNGS)};" in option.help
