from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import warnings

import optuna
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.conftest import write_reviews
from tests.recipes.recorder import Recorder

from afina import Classifier
from afina.config import load_config
from afina.errors import ConfigError, Interrupted, MachineLimitError, MissingExtraError, OutputError, TrainingError
from afina.recipes import fine_tuning, tune
from afina.recipes.search import trial as search_trial


def run_search(source, model, out, settings=None, **arguments):
    """Search with the tiny model; keyword arguments go to `tune`, the rest are settings."""
    options = {
        "data.source": str(source), "modeling.name": str(model), "training.precision": "fp32", "out": str(out),
    }  # fmt: skip
    config, origins = load_config(options={**options, **(settings or {})})
    return tune(config, origins=origins, **{"trials": 3, **arguments})


@pytest.fixture
def search(tiny_model, reviews_csv, tmp_path):
    def run(name="run", settings=None, **arguments):
        return run_search(reviews_csv, tiny_model, tmp_path / name, settings, **arguments)

    return run


@pytest.fixture(scope="module")
def finished(tiny_model, tmp_path_factory):
    """A search of six trials, and how often it tested."""
    folder, tested = tmp_path_factory.mktemp("tuned"), []
    with pytest.MonkeyPatch.context() as patch:
        once = fine_tuning.test_once
        patch.setattr(fine_tuning, "test_once", lambda *given, **more: tested.append(1) or once(*given, **more))
        tuned = run_search(write_reviews(folder / "reviews.csv", 60), tiny_model, folder / "run", trials=6)
    return tuned, len(tested)


@pytest.fixture
def begun(finished, tmp_path):
    """The URL of a study of six trials, begun by another worker."""
    shutil.copy(finished[0].run.root / "study.db", tmp_path / "shared.db")
    return f"sqlite:///{tmp_path}/shared.db"


@pytest.fixture
def storage(tmp_path):
    return f"sqlite:///{tmp_path}/shared.db"


def states(document):
    return [trial["state"] for trial in document["trials"]]


class InterruptAt(Recorder):
    """Presses Ctrl-C at the first step of the trial with a number."""

    def __init__(self, number):
        super().__init__()
        self._number, self._trial = number, None

    def stage(self, name):
        self._trial = int(name.split()[1].rstrip(":")) if name.startswith("Trial") else None

    def step(self, step, *, seconds_left):
        if self._trial == self._number:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_search_leads_to_an_ordinary_run_that_was_tested_once(finished):
    tuned, n_tests = finished
    assert n_tests == 1
    manifest, winner = tuned.run.verify(), tuned.document["winner"]
    assert manifest["settings"]["learning_rate"] == winner["params"]["learning_rate"]
    assert manifest["origins"]["training.learning_rate"] == "afina tune"
    assert {"metrics.json", "model", "tuning.json", "tuning.html", "study.db"} <= {
        path.name for path in tuned.run.root.iterdir()
    }
    assert not list(tuned.run.root.parent.glob("*.study.db"))
    assert len(Classifier.load(tuned.run.root).predict_proba(["the good film"])) == 1


def test_the_record_holds_every_trial(finished):
    tuned, _ = finished
    document = json.loads((tuned.run.root / "tuning.json").read_text())
    assert document == json.loads(json.dumps(tuned.document))
    assert len(document["trials"]) == 6
    assert document["trials"][0]["is_default"]
    assert document["trials"][0]["state"] == "complete"
    assert document["study"]["complete"] == states(document).count("complete")
    assert document["test"]["n"] == 6
    assert {"load", "search", "train", "evaluate", "total"} <= set(document["seconds"])
    for trial in document["trials"]:
        for name, value in trial["params"].items():
            assert document["space"][name]["low"] <= value <= document["space"][name]["high"]
    study = optuna.load_study(study_name=document["study"]["name"], storage=f"sqlite:///{tuned.run.root}/study.db")
    assert [trial.state.name for trial in study.trials] == [state.upper() for state in states(document)]
    page = (tuned.run.root / "tuning.html").read_text()
    assert "<svg" in page
    assert document["search_verdict"] in page
    assert f"{document['test']['accuracy']['value']:.1%}" in page


@pytest.mark.slow
def test_the_same_seed_proposes_the_same_trials(search):
    first, second = (search(name, trials=3).document["trials"] for name in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        assert one["params"] == other["params"]
        assert one["value"] == other["value"]


def test_the_defaults_stay_unless_another_is_better_by_more_than_chance(finished):
    document = finished[0].document
    defaults, winner = document["trials"][0], document["winner"]
    assert winner["is_default"] == (winner["number"] == 0)
    if not winner["is_default"]:
        assert winner["value"] < defaults["value"]
        assert document["gain"]["value"] > document["gain"]["standard_error"]


def test_trials_that_fall_behind_are_given_up(finished):
    pruned = [trial for trial in finished[0].document["trials"] if trial["state"] == "pruned"]
    assert pruned
    assert all(trial["value"] is None and trial["dev_log_loss"] for trial in pruned)
    assert all(int(max(trial["dev_log_loss"])) < search_trial.TRIAL_EVALUATIONS for trial in pruned)


@pytest.mark.slow
def test_an_interrupted_search_goes_on_where_it_was(search, tmp_path):
    with pytest.raises(Interrupted) as raised:
        search(reporter=InterruptAt(1))
    file = tmp_path / "run.study.db"
    assert f"--storage sqlite:///{file}" in raised.value.hint
    assert file.exists()
    assert not (tmp_path / "run").exists()
    with pytest.raises(OutputError, match="unfinished search"):
        search()
    document = search(storage=f"sqlite:///{file}", trials=4).document
    trials = document["trials"]
    assert states(document)[:2] == ["complete", "failed"]
    # What was cut off is tried again, and the defaults are not.
    assert trials[2]["params"] == trials[1]["params"]
    assert [trial["is_default"] for trial in trials].count(True) == 1
    assert document["study"]["storage"] == f"sqlite:///{file}"
    assert file.exists()


def test_one_that_was_interrupted_before_any_trial_leaves_nothing(search, tmp_path):
    with pytest.raises(Interrupted, match="nothing was written") as raised:
        search(reporter=InterruptAt(0))
    assert raised.value.hint is None
    assert not list(tmp_path.glob("run*"))


@pytest.mark.slow
def test_workers_share_a_study(search, begun, finished):
    reporter, study = Recorder(), finished[0].document["study"]["name"]
    first = search("a", storage=begun, study=study, trials=7, reporter=reporter).document
    assert first["trials"][:6] == finished[0].document["trials"]
    assert len(first["trials"]) == 7
    assert any("6 finished trials" in told for told in reporter.told)
    # One that finds enough trials makes use of what the others found.
    second = search("b", storage=begun, study=study, trials=7).document
    assert second["winner"] == first["winner"]
    assert len(second["trials"]) == 7


@pytest.mark.slow
def test_the_trial_of_a_worker_that_was_killed_is_given_up(search, begun, finished, tmp_path):
    name = finished[0].document["study"]["name"]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Hh]eartbeat")
        dead = optuna.storages.RDBStorage(begun, heartbeat_interval=30)
        dead.record_heartbeat(optuna.load_study(study_name=name, storage=dead).ask()._trial_id)
    dead.engine.dispose()
    with sqlite3.connect(tmp_path / "shared.db") as database:
        database.execute("UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour')")
    database.close()
    trials = search(storage=begun, study=name, trials=8).document["trials"]
    assert trials[6]["state"] == "failed"
    assert trials[6]["reason"] == "interrupted or killed"
    assert trials[7]["state"] != "running"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"data.source": "other.csv"}, "training texts"),
        ({"training.learning_rate": 1e-3}, "settings to search"),
        ({"modeling.name": "other-model"}, "model"),
        ({"training.seed": 1}, "seed"),
    ],
)
def test_a_study_of_something_else_is_refused(search, begun, finished, tmp_path, tiny_model, settings, named):
    write_reviews(tmp_path / "other.csv", 80)
    shutil.copytree(tiny_model, tmp_path / "other-model")
    with pytest.raises(ConfigError, match=f"begun with other .*{named}") as raised:
        search(settings=settings, storage=begun, study=finished[0].document["study"]["name"])
    assert "--study" in raised.value.hint
    assert not (tmp_path / "run").exists()


def test_a_study_that_afina_did_not_begin_is_refused(search, storage):
    optuna.create_study(storage=storage, study_name="mine").ask()
    with pytest.raises(ConfigError, match="not one that `afina tune` began"):
        search(storage=storage, study="mine")


@pytest.mark.slow
def test_a_model_that_cannot_be_trained_fails_trial_by_trial(search, tiny_model, tmp_path):
    broken = shutil.copytree(tiny_model, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["bert.encoder.layer.0.output.dense.weight"] *= float("nan")
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    reporter = Recorder()
    with pytest.raises(TrainingError, match="No trial was completed; 4 failed: The loss became infinite"):
        search(settings={"modeling.name": str(broken)}, trials=None, reporter=reporter)
    assert sum("failed: The loss" in told for told in reporter.told) == 4
    assert not list(tmp_path.glob("run*"))


def test_memory_that_runs_out_is_a_failure_of_the_trial():
    with pytest.raises(MachineLimitError, match="Memory ran out"), search_trial.out_of_memory_told():
        torch.empty(10**15)


def test_a_budget_that_is_used_up_is_told_before_any_trial(search, tmp_path):
    reporter = Recorder()
    with pytest.raises(MachineLimitError, match="too short for a search"):
        search(settings={"training.budget": 60}, started=time.monotonic() - 57, reporter=reporter)
    assert not any(told.startswith("trial") for told in reporter.told)
    assert not list(tmp_path.glob("run*"))


@pytest.mark.slow
def test_the_budget_bounds_all_of_it(search):
    began = time.monotonic()
    document = search(settings={"training.budget": 20}, trials=None).document
    seconds = time.monotonic() - began
    assert seconds <= 20
    assert document["budget_seconds"] == 20
    assert len(document["trials"]) >= 2
    assert document["seconds"]["total"] <= seconds + 0.01


@pytest.mark.parametrize(
    ("url", "error", "match"),
    [
        ("nonsense", ConfigError, "Not the URL of a database: nonsense"),
        ("nosuch://me:hunter2@host/x", ConfigError, r"nosuch://me:\*\*\*@host"),
        ("postgresql+psycopg://me:hunter2@127.0.0.1:1/x", OutputError, "cannot be read or written"),
        ("sqlite:////no/such/folder/study.db", OutputError, "unable to open"),
        ("sqlite:///reviews.csv", OutputError, "not a database"),
    ],
)
def test_a_storage_that_is_none_is_told_without_its_password(search, url, error, match):
    with pytest.raises(error, match=match) as raised:
        search(storage=url)
    assert "hunter2" not in f"{raised.value} {raised.value.hint}"


def test_a_database_of_something_else_is_told(search, tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE studies (name TEXT)")
    other.close()
    with pytest.raises(OutputError, match=r"study in .*other\.db"):
        search(storage=f"sqlite:///{tmp_path}/other.db")


@pytest.mark.parametrize(
    ("settings", "arguments", "match"),
    [
        ({"training.max_steps": 5}, {}, "number of steps"),
        ({}, {"trials": 0}, "--trials"),
        (
            {
                "training.learning_rate": 1e-3, "training.epochs": 1, "training.label_smoothing": 0.1,
                "tokenization.batch_tokens": 64, "modeling.method": "full",
            },
            {},
            "nothing to search",
        ),
    ],
)  # fmt: skip
def test_a_search_for_nothing_is_refused(search, tmp_path, settings, arguments, match):
    with pytest.raises(ConfigError, match=match):
        search(settings=settings, **arguments)
    assert not list(tmp_path.glob("run*"))


def test_optuna_is_asked_for_where_it_is_missing(search, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError) as raised:
        search()
    assert raised.value.hint == "pip install 'afina[tune]'"


@pytest.mark.slow
def test_two_processes_work_on_one_study_at_once(tiny_model, tmp_path, storage):
    reviews = write_reviews(tmp_path / "reviews.csv", 60)
    command = [
        sys.executable, "-m", "afina", "tune", str(reviews), "--model", str(tiny_model), "--storage", storage,
        "--study", "shared", "--trials", "8", "--set", "training.precision=fp32", "--json",
    ]  # fmt: skip
    workers = [
        subprocess.Popen([*command, "--out", str(tmp_path / name)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for name in ("a", "b")
    ]
    documents = []
    for worker in workers:
        out, err = worker.communicate(timeout=120)
        assert worker.returncode == 0, err.decode()
        documents.append(json.loads(out))
    assert all(len(document["trials"]) >= 8 for document in documents)
    trials = optuna.load_study(study_name="shared", storage=storage).trials
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert len({json.dumps(trial.params) for trial in trials}) == len(trials)
    mine = [told for worker in documents for told in worker["trials"]]
    assert {row["number"] for row in mine} == set(range(len(trials)))
