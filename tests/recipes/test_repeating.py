from __future__ import annotations

import json
import os
import signal

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.conftest import tiny_options, train_tiny
from tests.recipes.recorder import Recorder

from afina.config import load_config
from afina.errors import ConfigError, DataError, Interrupted, MachineLimitError, OutputError
from afina.recipes import fine_tune_seeds


class InterruptIn(Recorder):
    """Presses Ctrl-C at the first step of a seed's run."""

    def __init__(self, seed):
        super().__init__()
        self.seed, self.now = seed, None

    def tell(self, message):
        super().tell(message)
        if message.startswith("Seed "):
            self.now = int(message.split()[1].strip(",:"))

    def step(self, step, *, seconds_left):
        super().step(step, seconds_left=seconds_left)
        if self.now == self.seed and step.step == 1:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def repeat(tiny_model, reviews_csv, tmp_path):
    def run(n_seeds=3, settings=None, **arguments):
        few = {"training.max_steps": 3, **(settings or {})}
        config, origins = load_config(options=tiny_options(tiny_model, reviews_csv, tmp_path / "run", few))
        return fine_tune_seeds(config, n_seeds=n_seeds, origins=origins, **arguments)

    return run


def texts_of(run):
    return pq.read_table(run / "predictions.parquet")["text"].to_pylist()


def test_the_seeds_share_the_texts_and_nothing_else(repeat, tmp_path):
    repeated = repeat()
    folders = [tmp_path / name for name in ("run", "run-seed1", "run-seed2")]
    assert [run.root for run in repeated.runs] == folders
    assert texts_of(folders[0]) == texts_of(folders[1]) == texts_of(folders[2])
    manifests = [run.verify() for run in repeated.runs]
    assert [manifest["config"]["training"]["seed"] for manifest in manifests] == [0, 1, 2]
    # Without it, a run could not be made again by itself.
    assert [manifest["config"]["data"]["split_seed"] for manifest in manifests] == [0, 0, 0]
    for part in ("train", "dev", "test"):
        assert len({manifest["data"][part]["sha256"] for manifest in manifests}) == 1
    weights = {manifest["artifacts"]["model/model.safetensors"] for manifest in manifests}
    assert len(weights) == 3


def test_mean_deviation_and_range_are_those_of_the_runs(repeat, tmp_path):
    repeated = repeat()
    seeds = repeated.summary["seeds"]
    summaries = [json.loads(run.metrics.read_text()) for run in repeated.runs]
    losses = [summary["test"]["log_loss"] for summary in summaries]
    assert seeds["n"] == 3
    assert seeds["log_loss"] == {
        "mean": pytest.approx(np.mean(losses)), "deviation": pytest.approx(np.std(losses, ddof=1)),
        "low": min(losses), "high": max(losses),
    }  # fmt: skip
    assert len(set(losses)) == 3
    accuracies = [summary["test"]["accuracy"] for summary in summaries]
    assert [run["accuracy"] for run in seeds["runs"]] == accuracies
    assert seeds["accuracy"]["mean"] == pytest.approx(np.mean([each["value"] for each in accuracies]))
    # The first run's figures stand for themselves; all are kept beside them.
    assert summaries[0]["seeds"] == json.loads(json.dumps(seeds))
    assert "seeds" not in summaries[1]
    assert repeated.summary["test"] == summaries[0]["test"]
    assert not list(tmp_path.glob("*.json"))


def test_the_first_run_is_the_one_that_no_repetition_would_give(repeat, tiny_model, reviews_csv, tmp_path):
    repeated = repeat(2)
    alone = train_tiny(tiny_model, reviews_csv, tmp_path / "alone", {"training.max_steps": 3})
    hashes = [run.verify()["artifacts"]["model/model.safetensors"] for run in (repeated.run, alone.run)]
    assert hashes[0] == hashes[1]


def test_warnings_of_one_run_are_not_those_of_another(repeat):
    repeated = repeat(3, {"training.max_steps": 1, "training.learning_rate": 1e-9})
    for run in repeated.runs:
        summary = json.loads(run.metrics.read_text())
        assert summary["warnings"].count(summary["verdict"]) == (not summary["beats_baseline"])
        assert sum("beat" in warning for warning in summary["warnings"]) <= 1


def test_all_places_are_seen_to_before_anything_is_trained(repeat, tmp_path):
    (tmp_path / "run-seed2").mkdir()
    (tmp_path / "run-seed2" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="run-seed2"):
        repeat()
    with pytest.raises(OutputError, match="no run folder"):
        repeat(force=True)
    assert not (tmp_path / "run").exists()
    assert (tmp_path / "run-seed2" / "thesis.txt").read_text() == "mine"


def test_force_replaces_all_runs(repeat):
    repeat(2)
    with pytest.raises(OutputError, match="exists"):
        repeat(2)
    again = repeat(2, {"training.max_steps": 2}, force=True)
    assert [run.verify()["config"]["training"]["max_steps"] for run in again.runs] == [2, 2]


def test_an_interrupted_repetition_goes_on_with_the_same_command(repeat, tmp_path):
    with pytest.raises(Interrupted, match="1 of 3 runs are finished") as raised:
        repeat(reporter=InterruptIn(1))
    assert f"--out {tmp_path / 'run'}" in raised.value.hint
    kept = (tmp_path / "run" / "run.json").read_text()
    with pytest.raises(OutputError, match="other settings"):
        repeat(settings={"training.max_steps": 2})
    reporter = Recorder()
    repeated = repeat(reporter=reporter)
    assert (tmp_path / "run" / "run.json").read_text() == kept
    assert any("Seed 0: finished before" in told for told in reporter.told)
    assert repeated.summary["seeds"]["n"] == 3
    assert not list(tmp_path.glob("run*.partial"))
    assert not list(tmp_path.glob("*.seeds.json"))
    for run in repeated.runs:
        run.verify()


def test_a_run_that_stood_there_before_is_never_taken_for_a_finished_one(repeat, tmp_path):
    repeat(2, {"training.max_steps": 1})
    with pytest.raises(Interrupted, match="0 of 2"):
        repeat(2, force=True, reporter=InterruptIn(0))
    repeated = repeat(2)
    assert [json.loads(run.metrics.read_text())["steps"] for run in repeated.runs] == [3, 3]


def test_texts_that_changed_in_the_meantime_are_told(repeat, reviews_csv):
    with pytest.raises(Interrupted):
        repeat(reporter=InterruptIn(1))
    reviews_csv.write_text(reviews_csv.read_text() + "a wholly new review that was not here,positive\n")
    with pytest.raises(DataError, match="texts have changed"):
        repeat()
    assert repeat(force=True).summary["seeds"]["n"] == 3


def test_nothing_is_left_where_nothing_was_trained(repeat, tmp_path):
    before = set(tmp_path.iterdir())
    with pytest.raises(MachineLimitError):
        repeat(settings={"training.max_steps": None, "training.budget": 0.5})
    assert set(tmp_path.iterdir()) == before


def test_the_budget_bounds_all_runs(repeat):
    repeated = repeat(2, {"training.max_steps": None, "training.budget": 40, "training.epochs": 1})
    seeds = repeated.summary["seeds"]
    assert seeds["budget_seconds"] == 40
    assert seeds["seconds"] < 40
    budgets = [json.loads(run.metrics.read_text())["budget_seconds"] for run in repeated.runs]
    assert all(10 < budget <= 20 for budget in budgets)


def test_one_seed_is_no_repetition(repeat):
    with pytest.raises(ConfigError, match="at least two"):
        repeat(1)


def test_without_a_place_a_free_one_is_chosen_for_all(repeat, tmp_path):
    first, second = (repeat(2, {"out": None}).runs for _ in range(2))
    assert second[0].root.name == f"{first[0].root.name}-2"
    assert second[1].root.name == f"{first[0].root.name}-2-seed1"
    assert len(list((tmp_path / "runs").iterdir())) == 4
