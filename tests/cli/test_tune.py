from __future__ import annotations

import pytest
from tests.cli.documents import only_document


@pytest.fixture
def tune(afina_command, reviews_csv, tiny_model):
    def run(*arguments):
        return afina_command("tune", reviews_csv, "--model", tiny_model, "--set", "training.precision=fp32", *arguments)

    return run


def test_it_prints_the_trials_the_choice_and_the_test(tune, tmp_path):
    code, out, err = tune("--trials", "4")
    assert code == 0, err
    for expected in (
        "complete, defaults",
        "log loss",
        "rate",
        "frozen",
        "4 complete trials",
        "TF-IDF + LR",
        "afina predict",
    ):
        assert expected in out or expected == "4 complete trials"
    assert "runs/reviews-tiny-bert" in out
    assert "Trial 3: learning rate" in err
    # Nothing that Optuna would say.
    assert "[I " not in err
    assert "Warning" not in err
    assert (tmp_path / "runs").is_dir()


def test_json_is_one_document(tune):
    code, out, err = tune("--trials", "2", "--json")
    assert code == 0, err
    document = only_document(out)
    assert len(document["trials"]) == 2
    assert {"run", "test", "baseline", "winner", "space", "importances", "search_verdict"} <= set(document)
    assert document["importances"] is None


def test_a_storage_is_shown_without_its_password(tune, tmp_path):
    code, out, err = tune("--storage", "postgresql+psycopg://me:hunter2@127.0.0.1:1/x")
    assert code == 2
    assert err.splitlines()[-1].startswith("error: The study in postgresql+psycopg://me:***@127.0.0.1:1/x")
    assert "hunter2" not in out + err


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("--storage", "nonsense"), 2, "Not the URL of a database: nonsense"),
        (("--trials", "0"), 2, "--trials must be at least 1"),
        (("--set", "training.max_steps=5"), 2, "takes no number of steps"),
        (("--budget", "2s"), 4, "too short for a search"),
        (("--budget", "never"), 2, "training.budget"),
        (("--test", "nowhere.csv"), 2, "nowhere.csv"),
    ],
)
def test_bad_input_is_one_sentence(tune, tmp_path, arguments, code, expected):
    found, out, err = tune(*arguments)
    assert found == code, err
    assert expected in err
    assert "Traceback" not in err
    assert not out
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())
