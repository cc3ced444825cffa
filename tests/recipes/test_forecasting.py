"""A run's forecast beside what came of it, and what past runs say together."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest
from tests.conftest import NEGATIVE, POSITIVE, tiny_options
from tests.past_runs import record
from tests.recipes.recorder import Recorder

from afina.config import RunConfig, load_config
from afina.errors import Interrupted, ModelError
from afina.planning import Allocation
from afina.planning.history import append_record, log_file, read_log
from afina.planning.machine import machine_fingerprint
from afina.recipes import fine_tune, resume
from afina.recipes.fitting import Fitted
from afina.recipes.forecasting import forecast_history, read_corrections
from afina.recipes.outcome import describe_forecast, describe_outcome, forecast_sentence
from afina.recipes.preparation import prepare_data
from afina.recipes.reporting import Silent
from afina.run_folder import RunFolder
from afina.training import ALL_STEPS, BUDGET, EARLY, LoopState

PLANNED = {"forecast.seconds": 2.0, "forecast.total_seconds": 8.0, "forecast.memory_mb": 100.0}
TIMED = Allocation(1000, 100, 100, 2.0, 60.0, expected_epochs=2.0)


def planned(**changed):
    forecast = {"seconds": 100.0, "total_seconds": 120.0, "memory_mb": 1000.0}
    return RunConfig.model_validate({"forecast": forecast, **changed})


def share_done(stopped_by, *, config, steps=20, texts=2000, expected=2.0):
    """Share of 1,000 texts and two epochs, in 20 steps, that counts as done."""
    state = LoopState(step=steps, texts_seen=texts, stopped_by=stopped_by)
    fitted = Fitted(state, 50.0, 20, epochs=texts / 1000, max_epochs=2.0, seconds_left=None)
    allocation = Allocation(1000, 100, 100, 2.0, 60.0, expected_epochs=expected)
    forecast = describe_forecast(config, {}, allocation, is_inner=False)
    outcome = describe_outcome(
        fitted, forecast, config, seconds=50.0, memory_mb=None, n_training=1000, epochs=2.0, resumed=False
    )
    return outcome["share_done"]


def test_a_run_keeps_its_forecast_and_the_outcome(tune):
    summary = tune("planned", PLANNED).summary
    forecast, outcome, error = (summary[key] for key in ("forecast", "outcome", "forecast_error"))
    assert (forecast["seconds"], forecast["total_seconds"], forecast["memory_mb"]) == (2.0, 8.0, 100.0)
    assert forecast["made_by"] == "plan"
    assert forecast["train_texts"] > 0
    assert outcome["share_done"] == 1.0
    assert 0 < outcome["seconds"] <= summary["seconds"]["train"] + 0.01
    assert outcome["total_seconds"] == summary["seconds"]["total"]
    assert error["seconds"] == pytest.approx(outcome["seconds"] / 2 - 1, abs=1e-3)
    assert error["total_seconds"] == pytest.approx(outcome["total_seconds"] / 8 - 1, abs=1e-3)
    if outcome["memory_mb"] is not None:
        assert error["memory_mb"] == pytest.approx(outcome["memory_mb"] / 100 - 1, abs=1e-3)


def test_each_finished_run_is_noted_down_once_and_without_its_data(tune, tmp_path):
    first, second = tune("first", PLANNED).run, tune("second").run
    assert [run.run for run in read_log()] == [str(first.root), str(second.root)]
    planned, own = read_log()
    assert (planned.made_by, own.made_by) == ("plan", "run")
    assert (planned.method, planned.weights > 0, planned.fingerprint) == ("full", True, machine_fingerprint())
    assert planned.forecast.seconds == 2.0
    noted = log_file().read_text()
    assert not [word for word in (*POSITIVE, *NEGATIVE, "positive", "negative", "reviews.csv") if word in noted]


def test_a_log_that_cannot_be_written_does_not_fail_a_run(tune, monkeypatch, tmp_path):
    (tmp_path / "taken").touch()
    monkeypatch.setenv("AFINA_STATE", str(tmp_path / "taken"))
    assert tune().run.is_complete


def test_a_resumed_run_is_noted_down_once(tune, tmp_path):
    class Stop(Recorder):
        def step(self, step, *, seconds_left):
            if step.step == 3:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        tune("cut", {**PLANNED, "training.checkpoint_seconds": 0}, reporter=Stop())
    assert read_log() == []
    summary = resume(RunFolder(tmp_path / "cut").partial.root).summary
    (noted,) = read_log()
    assert noted.resumed
    assert noted.ratios.seconds is None
    assert summary["forecast"]["made_by"] == "plan"
    assert summary["forecast_error"]["seconds"] is summary["forecast_error"]["total_seconds"] is None


def test_a_run_killed_before_its_renaming_is_noted_down_when_it_gets_its_name(tune, tmp_path):
    run = tune("whole").run
    log_file().unlink()
    run.root.rename(run.partial.root)
    (run.partial.request).write_text("{}")
    resume(run.partial.root)
    assert [noted.run for noted in read_log()] == [str(run.root)]


def test_a_run_inside_another_command_is_not_held_against_a_plan(tiny_model, reviews_csv, tmp_path):
    options = {**tiny_options(tiny_model, reviews_csv, tmp_path / "run"), **PLANNED, "training.max_steps": 4}
    config, origins = load_config(options=options)
    data = prepare_data(config.data, seed=0, reporter=Silent())
    summary = fine_tune(config, origins=origins, data=data).summary
    assert (summary["forecast"]["made_by"], summary["forecast"]["seconds"]) == ("run", None)
    assert summary["outcome"]["total_seconds"] is None
    assert summary["outcome"]["seconds"] > 0


def test_a_plan_that_was_changed_forecasts_nothing():
    def made_by(origins):
        return describe_forecast(planned(), origins, TIMED, is_inner=False)["made_by"]

    of_plan = {"forecast.seconds": "plan.toml", "training.epochs": "plan.toml", "modeling.name": "plan.toml"}
    assert made_by(of_plan) == "plan"
    assert made_by({**of_plan, "training.seed": "command line", "out": "command line"}) == "plan"
    assert made_by({**of_plan, "training.epochs": "command line"}) == "run"
    assert made_by({**of_plan, "modeling.dropout": "--set"}) == "run"


@pytest.mark.parametrize("stopped_by", [ALL_STEPS, EARLY, BUDGET])
def test_a_plan_is_held_against_the_share_of_its_texts_that_were_read(stopped_by):
    assert share_done(stopped_by, config=planned(), steps=11, texts=1100) == 0.55
    assert share_done(stopped_by, config=planned(), steps=20, texts=1990) == 1.0
    # Of all the texts there are, the plan was of some.
    assert share_done(stopped_by, config=planned(data={"train_texts": 500}), steps=5, texts=500) == 0.5


def test_the_forecast_of_a_run_itself_says_nothing_on_time_once_the_clock_ends_it():
    own = RunConfig()
    assert share_done(ALL_STEPS, config=own) == 1.0
    assert share_done(EARLY, config=own, steps=8, texts=800) == 0.4
    assert share_done(BUDGET, config=own, steps=8, texts=800) is None
    assert share_done(EARLY, config=own, steps=8, texts=800, expected=1.2) is None
    assert share_done(BUDGET, config=RunConfig.model_validate({"training": {"max_steps": 20}}), steps=8) == 0.4


def test_one_line_tells_how_the_forecast_held():
    summary = {
        "forecast": {"seconds": 96.2, "memory_mb": 1180.0},
        "outcome": {"seconds": 105.4, "memory_mb": 1206.0, "share_done": 1.0},
    }
    assert forecast_sentence(summary) == "forecast: 96 s of training and 1,180 MB; it took 105 s and 1,206 MB"
    summary["outcome"] |= {"share_done": 0.5, "memory_mb": None}
    assert forecast_sentence(summary) == "forecast: 96 s of training; it took 105 s for 50% of that"
    assert forecast_sentence({**summary, "forecast": {"seconds": None, "memory_mb": None}}) is None
    assert forecast_sentence({}) is None


def test_the_history_tells_errors_of_log_and_folders_each_run_once(tune, tmp_path):
    summary = tune("planned", PLANNED).summary
    append_record(record(1.3, 0.9, fingerprint="elsewhere"))
    moved = shutil.move(tmp_path / "planned", tmp_path / "moved")
    document = forecast_history([moved])
    elsewhere, here = document["runs"]
    assert (elsewhere["same_machine"], here["same_machine"]) == (False, True)
    assert elsewhere["seconds"] == {"forecast": 100.0, "outcome": pytest.approx(130), "error": 0.3}
    assert here["seconds"]["error"] == summary["forecast_error"]["seconds"]
    assert here["run"] == str(moved)
    assert document["error"]["seconds"]["n"] == 2
    assert document["error"]["seconds"]["worst"] == max(0.3, abs(here["seconds"]["error"]))
    assert document["runs_without_forecast"] == 0
    assert json.loads(json.dumps(document)) == document


def test_a_history_without_runs_says_so():
    document = forecast_history()
    nothing = {"n": 0, "median": None, "worst": None}
    assert document["runs"] == []
    assert document["error"] == document["after_correction"] == {"seconds": nothing, "memory_mb": nothing}
    assert document["corrections"] == {}
    assert document["machine"]["fingerprint"] == machine_fingerprint()


def test_each_run_is_corrected_by_the_others_and_not_by_itself():
    ratios = (1.2, 1.3, 1.4, 1.9)
    for number, ratio in enumerate(ratios):
        append_record(record(ratio, 1.0, number))
    document = forecast_history()
    errors = []
    for ratio in ratios:
        median = sorted(other for other in ratios if other != ratio)[1]
        # Three runs: drawn half-way to 1, and their method half-way from there to their median.
        errors.append(abs(ratio / median**0.75 - 1))
    assert document["error"]["seconds"] == {"n": 4, "median": 0.35, "worst": 0.9}
    assert document["after_correction"]["seconds"]["worst"] == pytest.approx(max(errors), abs=1e-4)
    assert document["after_correction"]["seconds"]["median"] == pytest.approx(sum(sorted(errors)[1:3]) / 2, abs=1e-4)


def test_a_run_alone_is_corrected_by_nothing():
    append_record(record(1.5, 1.0, seconds_factor=1.2))
    document = forecast_history()
    assert document["error"]["seconds"]["worst"] == pytest.approx(0.5)
    assert document["after_correction"]["seconds"]["worst"] == pytest.approx(0.8)


def test_only_runs_of_this_machine_correct_the_next_plan():
    append_record(record(2.0, 1.0, fingerprint="elsewhere"))
    assert read_corrections().n_seconds == 0
    for number in range(3):
        append_record(record(1.5, 1.1, number, fingerprint=machine_fingerprint()))
    assert read_corrections().apply(100, 1000, "full").seconds == pytest.approx(100 * 1.5**0.75)
    assert read_corrections(made_by="run").n_seconds == 0
    assert forecast_history()["corrections"] == read_corrections().as_dict()


def test_folders_of_earlier_versions_are_counted_and_others_are_an_error(tune, tmp_path):
    run = tune().run
    log_file().unlink()
    metrics = json.loads(run.metrics.read_text())
    for damaged in ({**metrics, "outcome": None}, {"forecast": {}}, [], {**metrics, "finished": "today"}):
        run.metrics.write_text(json.dumps(damaged))
        assert forecast_history([run.root])["runs_without_forecast"] == 1
    with pytest.raises(ModelError, match="No such run"):
        forecast_history([tmp_path / "nowhere"])
