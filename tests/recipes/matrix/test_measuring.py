from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import pytest
from tests.full_run import matrix
from tests.key_differences import differences
from tests.recipes.matrix.conftest import reviews
from tests.recipes.recorder import Recorder

from afina.config import DataConfig
from afina.data import Fingerprints, find_overlap, load_dataset
from afina.errors import ConfigError, Interrupted, MachineLimitError, OutputError
from afina.evaluation import MajorityBaseline, evaluate
from afina.recipes import measure_matrix
from afina.recipes.leakage import Leakage, read_fingerprints
from afina.recipes.matrix import measuring
from afina.recipes.matrix.rows import MatrixRow
from afina.recipes.matrix.sources import read_sources
from afina.recipes.reporting import Silent
from afina.run_folder import RunFolder


def test_a_model_for_each_source_and_one_for_all_is_tested_on_each(two_sources, config, tmp_path):
    recorder = Recorder()
    measured = measure_matrix(two_sources, config, reporter=recorder)
    document = measured.document
    assert document["complete"]
    assert document["sources"] == ["films", "rooms"]
    assert document["trained_on"] == ["films", "rooms", "all"]
    pairs = [(cell["train"], cell["test"]) for cell in document["cells"]]
    assert pairs == [(train, test) for train in ("films", "rooms", "all") for test in ("films", "rooms")]
    assert {cell["n"] for cell in document["cells"] if cell["test"] == "films"} == {20}
    assert document["distances"][0]["sources"] == ["films", "rooms"]
    assert 0 <= document["distances"][0]["proxy_a"] <= 2
    for name in document["trained_on"]:
        manifest = RunFolder(measured.root / "runs" / name).verify()
        assert manifest["labels"] == ["negative", "positive"]
    written = json.loads((measured.root / "matrix.json").read_text())
    assert written["cells"] == document["cells"]
    assert "films" in (measured.root / "matrix.svg").read_text()
    page = (measured.root / "matrix.html").read_text()
    assert document["verdict"][0].split(",")[0] in page
    assert not list(measured.root.rglob("*.partial"))
    for name in document["trained_on"]:
        own = json.loads((measured.root / "runs" / name / "metrics.json").read_text())["warnings"]
        assert [f"{name}: {warning}" for warning in own] == [
            w for w in document["warnings"] if w.startswith(f"{name}: ")
        ]
    assert not [key for key in differences(matrix(), written, "matrix") if "made up" in key]
    # The smallest first, so that what it leaves of the time goes to the others.
    order = [told.split(":")[1].split(",")[0].strip() for told in recorder.told if told.startswith("Training ")]
    assert order == ["films", "rooms", "all"]


def test_a_run_keeps_what_its_own_test_set_shared_and_all_that_its_source_was_divided_into(write, config):
    films, rooms = reviews("film", 80), reviews("room", 80)
    # Films that stand in rooms too, and some that differ in one word from another film.
    rooms = [*films[:30], *rooms]
    films += [(text.replace("film", "movie"), label) for text, label in films[30:50]]
    sources = [write("films.csv", films), write("rooms.csv", rooms)]
    runs = measure_matrix(sources, config).root / "runs"
    for name in ("films", "rooms", "all"):
        run = RunFolder(runs / name)
        data, prints = run.read_manifest()["data"], Fingerprints.read(run.fingerprints)
        leakage, roles = data["leakage"], Counter(prints.roles)
        assert leakage["test_exact"] + leakage["test_near"] <= data["test"]["texts"]
        assert roles["test"] == data["test"]["texts"]
        assert any("stand in the test set of" in message for message in data["messages"])
    films_run = RunFolder(runs / "films")
    parts = read_sources(sources, DataConfig(test_share=0.25), seed=0, reporter=Silent())[0]
    train, test = parts.whole["train"], parts.whole["test"]
    shared = find_overlap(test.normal_forms, train.normal_forms)
    leakage = films_run.read_manifest()["data"]["leakage"]
    assert leakage == {
        "test_exact": len(shared.exact), "test_near": len(shared.near),
        "train_removed": len(find_overlap(train.normal_forms, test.normal_forms).rows),
    }  # fmt: skip
    assert leakage["test_near"] > 0
    # Every text of the source is known to its run, so that none is taken for new, and what it held out as just that.
    whole = load_dataset(sources[0])[0]
    found = Leakage.look(whole, read_fingerprints(films_run))
    assert len(found.overlap.rows) == len(whole)
    assert set(test.normal_forms) <= {whole.normal_forms[row] for row in found.rows_with(["test"])}


@pytest.mark.slow
def test_a_run_says_where_its_settings_came_from(two_sources, config):
    measured = measure_matrix(two_sources, config, origins={"training.max_steps": "command line"})
    origins = RunFolder(measured.root / "runs" / "films").read_manifest()["origins"]
    assert origins["training.max_steps"] == "command line"
    decided = ("data.source", "data.test_share", "training.budget", "out")
    assert {origins[name] for name in decided} == {"afina matrix"}


@pytest.mark.parametrize("given", [{"dev": "dev.csv"}, {"test": "test.csv"}, {"augment": ("negation",)}])
def test_settings_that_the_matrix_decides_are_refused(two_sources, config, tmp_path, given):
    data = config.data.model_copy(update=given)
    with pytest.raises(ConfigError, match=f"The matrix decides data.{next(iter(given))} itself"):
        measure_matrix(two_sources, config.model_copy(update={"data": data}))
    assert not (tmp_path / "matrix").exists()


@pytest.mark.slow
def test_the_share_to_test_on_and_the_seed_of_the_division_can_be_set(two_sources, config):
    def tested(**given):
        data = config.data.model_copy(update=given)
        measured = measure_matrix(two_sources, config.model_copy(update={"data": data}), force=True)
        manifest = RunFolder(measured.root / "runs" / "films").read_manifest()
        return manifest["data"]["test"], manifest["config"]["data"]["test_share"]

    (test, share), (larger, given), (other, _) = tested(), tested(test_share=0.4), tested(split_seed=5)
    assert (test["texts"], share) == (20, 0.25)
    assert (larger["texts"], given) == (32, 0.4)
    assert other["texts"] == 20
    assert other["sha256"] != test["sha256"]


@pytest.mark.slow
def test_equal_sizes_are_kept_and_told(two_sources, config):
    document = measure_matrix(two_sources, config, equal_size=True).document
    assert document["equal_size"]
    assert len({row["train"] for row in document["models"]}) == 1


def test_a_training_that_fails_leaves_a_gap_and_is_told(two_sources, config, monkeypatch):
    real, recorder = measuring.train_and_test, Recorder()

    def fail_on_rooms(source, *arguments, **options):
        if source.name == "rooms":
            raise MachineLimitError("The budget is too short to train")
        return real(source, *arguments, **options)

    monkeypatch.setattr(measuring, "train_and_test", fail_on_rooms)
    document = measure_matrix(two_sources, config, reporter=recorder).document
    assert document["failed"] == [{"name": "rooms", "why": "The budget is too short to train"}]
    assert {cell["train"] for cell in document["cells"]} == {"films", "all"}
    assert any("No model of rooms" in warning for warning in recorder.warned)
    assert document["complete"]


def test_an_interrupted_matrix_keeps_what_is_trained_and_its_part_of_the_grid(two_sources, config, tmp_path):
    class Stop(Recorder):
        def stage(self, name):
            if name == "Testing rooms on all sources":
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="1 of 3 models are trained") as error:
        measure_matrix(two_sources, config, reporter=Stop())
    assert str(tmp_path / "matrix") in error.value.hint
    document = json.loads((tmp_path / "matrix" / "matrix.json").read_text())
    assert not document["complete"]
    assert {cell["train"] for cell in document["cells"]} == {"films"}
    assert RunFolder(tmp_path / "matrix" / "runs" / "films").is_complete


def test_one_interrupted_before_any_model_leaves_all_as_it_was(two_sources, config, tmp_path):
    class Stop(Recorder):
        def step(self, step, *, seconds_left):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="nothing was written"):
        measure_matrix(two_sources, config, reporter=Stop())
    out = tmp_path / "matrix"
    assert not out.exists()
    (out / "runs").mkdir(parents=True)
    (out / "matrix.json").write_text("{}")
    with pytest.raises(Interrupted, match="nothing was written"):
        measure_matrix(two_sources, config, reporter=Stop(), force=True)
    assert sorted(path.name for path in out.iterdir()) == ["matrix.json", "runs"]
    assert (out / "matrix.json").read_text() == "{}"


def test_a_budget_too_short_for_any_model_ends_with_its_reason(two_sources, config, tmp_path):
    training = config.training.model_copy(update={"max_steps": None, "budget": 1.0})
    with pytest.raises(MachineLimitError):
        measure_matrix(two_sources, config.model_copy(update={"training": training}))
    assert not (tmp_path / "matrix").exists()


def test_a_model_that_has_no_time_left_is_not_even_loaded(two_sources, config, monkeypatch):
    asked = []

    def take_long(source, tests, settings, *, run, seconds, **options):
        asked.append((source.name, seconds))
        found = {name: evaluate(MajorityBaseline(source.train), test, samples=100) for name, test in tests.items()}
        summary = {
            "seconds": {"total": 900.0, "train": 1.0}, "budget_seconds": 300.0, "method": "full", "epochs": 1.0,
            "examples_seen": 1, "stopped_by": "budget",
        }  # fmt: skip
        return MatrixRow(source.name, run, summary, found, found, 1.0)

    monkeypatch.setattr(measuring, "train_and_test", take_long)
    training = config.training.model_copy(update={"max_steps": None, "budget": 600.0})
    document = measure_matrix(two_sources, config.model_copy(update={"training": training})).document
    assert [name for name, _ in asked] == ["films"]
    assert 150 < asked[0][1] <= 200
    assert [failure["name"] for failure in document["failed"]] == ["rooms", "all"]
    assert "and another took 900 s beside training" in document["failed"][0]["why"]


def test_a_busy_machine_shortens_the_budgets_that_follow():
    slow, quick = (MatrixRow("a", Path("a"), {"seconds": {"total": total, "train": 80.0}, "budget_seconds": 60.0}, {},
                             {}, 5.0) for total in (120.0, 30.0))  # fmt: skip
    assert (slow.overrun, quick.overrun) == (2, 1)
    assert slow.fixed_seconds == 45


@pytest.mark.slow
def test_only_an_earlier_matrix_is_replaced_and_only_when_told(two_sources, config, tmp_path):
    out = tmp_path / "matrix"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(OutputError):
            measure_matrix(two_sources, config, force=force)
    (out / "matrix.json").write_text("{}")
    measure_matrix(two_sources, config, force=True)
    assert not (out / "mine.txt").exists()
