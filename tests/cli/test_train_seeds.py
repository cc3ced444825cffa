"""`afina train --seeds` as a user types it."""

from __future__ import annotations

import pytest
from tests.cli.documents import only_document


@pytest.fixture
def train(afina_command, reviews_csv, tiny_model):
    def run(*arguments):
        return afina_command(
            "train", reviews_csv, "--model", tiny_model, "--max-steps", "2", "--out", "run", *arguments
        )

    return run


def test_mean_deviation_and_range_are_printed(train):
    code, out, err = train("--seeds", "2")
    assert code == 0, err
    printed = " ".join(out.split())
    assert "over 2 seeds: accuracy 0." in printed
    assert "±" in printed
    assert "the first seed" in printed
    assert "Seed 1, run 2 of 2" in err


def test_json_holds_every_run(train):
    code, out, _ = train("--seeds", "2", "--json")
    assert code == 0
    document = only_document(out)
    assert [run["run"] for run in document["seeds"]["runs"]] == ["run", "run-seed1"]
    assert document["run"] == "run"
    assert set(document["seeds"]["accuracy"]) == {"mean", "deviation", "low", "high"}


def test_one_seed_is_a_training_like_any_other(train, tmp_path):
    code, out, _ = train("--seeds", "1", "--json")
    assert code == 0
    assert "seeds" not in only_document(out)
    assert not list(tmp_path.glob("run-seed*"))


def test_seeds_and_resume_do_not_go_together(afina_command):
    code, out, err = afina_command("train", "--resume", "run.partial", "--seeds", "3")
    assert code == 2
    assert out == ""
    assert "takes no --seeds" in err


def test_no_seeds_at_all_are_refused(train):
    code, _, err = train("--seeds", "0")
    assert code == 2
    assert "--seeds" in err
