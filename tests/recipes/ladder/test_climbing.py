from __future__ import annotations

import json
import os
import signal
import sys
import time

import pytest
from tests.conftest import write_reviews
from tests.recipes.recorder import Recorder
from tests.small_disk import make_read_only, small_disk

from afina import Classifier
from afina.config import load_config
from afina.errors import (
    ConfigError,
    DataError,
    Interrupted,
    MachineLimitError,
    MissingExtraError,
    ModelError,
    OutputError,
)
from afina.recipes import climb_ladder
from afina.recipes.ladder import climbing
from afina.recipes.ladder.rungs import RUNGS
from afina.run_folder import RunFolder

NAMES = [rung.name for rung in RUNGS]
BASELINES = ["majority", "lexicon", "nb-svm", "tfidf"]


def climb_with(source, model, out, settings=None, **arguments):
    """Climb with the tiny model; keyword arguments go to `climb_ladder`, the rest are settings."""
    options = {
        "data.source": str(source), "modeling.name": str(model), "training.precision": "fp32",
        "training.budget": 60, "training.epochs": 1, "out": str(out),
    }  # fmt: skip
    config, _ = load_config(options={**options, **(settings or {})})
    return climb_ladder(config, **{"draw": False, **arguments})


@pytest.fixture
def climb(tiny_model, reviews_csv, tmp_path):
    def run(name="ladder", settings=None, **arguments):
        return climb_with(reviews_csv, tiny_model, tmp_path / name, settings, **arguments)

    return run


@pytest.fixture(scope="module")
def climbed(tiny_model, tmp_path_factory):
    """All rungs, with a page, and what was told."""
    folder, reporter = tmp_path_factory.mktemp("climbed"), Recorder()
    ladder = climb_with(
        write_reviews(folder / "reviews.csv", 60), tiny_model, folder / "ladder", reporter=reporter, draw=True,
        origins={"modeling.name": "command line", "modeling.method": "somewhere", "out": "command line"},
    )  # fmt: skip
    return ladder, reporter


class InterruptAt(Recorder):
    """Presses Ctrl-C when a stage begins."""

    def __init__(self, stage):
        super().__init__()
        self._stage = stage

    def stage(self, name):
        if name == self._stage:
            os.kill(os.getpid(), signal.SIGINT)


def rows(ladder):
    return {row["name"]: row for row in ladder.document["rungs"]}


def test_every_rung_is_measured_on_the_same_texts(climbed):
    ladder, _ = climbed
    assert [row["name"] for row in ladder.document["rungs"]] == NAMES
    assert ladder.document["skipped"] == []
    assert {row["test"]["n"] for row in ladder.document["rungs"]} == {ladder.document["texts"]["test"]}
    for row in ladder.document["rungs"]:
        assert 0 <= row["accuracy"]["low"] <= row["accuracy"]["value"] <= row["accuracy"]["high"] <= 1
        assert row["milliseconds_a_text"] > 0
        assert row["texts_per_second"] > 0
        assert row["parameters"] > 0
        assert row["model_mb"] > 0
        assert (row["minutes"] == 0) == (row["name"] == "lexicon")


def test_the_numbers_of_a_rung_are_those_of_its_run(climbed):
    ladder, _ = climbed
    for name in ("head", "frozen", "lora", "full"):
        row, run = rows(ladder)[name], ladder.out / "rungs" / name
        metrics = json.loads((run / "metrics.json").read_text())
        assert row["run"] == str(run)
        assert metrics["method"] == name
        assert metrics["test"]["accuracy"] == row["accuracy"]
        assert row["minutes"] == pytest.approx(metrics["seconds"]["train"] / 60)
        assert len(Classifier.load(run).predict(["a good film"])) == 1
    assert rows(ladder)["head"]["parameters_trained"] < rows(ladder)["full"]["parameters_trained"]


def test_the_document_is_on_the_disk_with_a_page_and_a_figure(climbed):
    ladder, _ = climbed
    assert json.loads((ladder.out / "ladder.json").read_text()) == json.loads(json.dumps(ladder.document))
    page = (ladder.out / "ladder.html").read_text()
    assert all(rung.title in page for rung in RUNGS)
    figure = (ladder.out / "ladder.svg").read_text()
    assert figure.startswith("<svg")
    assert ">reviews: accuracy against time of training<" in figure
    assert ladder.document["pick"]["name"] in NAMES
    assert ladder.document["pick"]["why"]
    assert any(row["pareto"] for row in ladder.document["rungs"])
    assert any(row["pareto_prediction"] for row in ladder.document["rungs"])


def test_a_run_tells_where_its_settings_came_from(climbed):
    ladder, _ = climbed
    manifest = json.loads((ladder.out / "rungs" / "lora" / "run.json").read_text())
    assert manifest["origins"] == {
        "modeling.name": "command line",
        **dict.fromkeys(("modeling.method", "modeling.freeze_layers", "training.budget", "out"), "afina ladder"),
    }


def test_each_rung_is_told_as_it_is_done(climbed):
    _, reporter = climbed
    assert [rung.title for rung in RUNGS if any(told.startswith(f"{rung.title}: acc") for told in reporter.told)] == [
        rung.title for rung in RUNGS
    ]
    assert all(step.dev is None for step in reporter.steps)


def test_a_budget_too_short_for_transformers_leaves_the_baselines(climb):
    ladder = climb(settings={"training.budget": 9})
    assert [row["name"] for row in ladder.document["rungs"]] == BASELINES
    assert [row["name"] for row in ladder.document["skipped"]] == ["head", "frozen", "lora", "full"]
    assert all("share of the budget" in row["why"] and not row["failed"] for row in ladder.document["skipped"])
    assert ladder.document["pick"]["needs_transformer"] is None
    assert list((ladder.out / "rungs").iterdir()) == []


def test_a_rung_that_fails_leaves_the_others_alone(climb):
    reporter = Recorder()
    ladder = climb(rungs=["tfidf", "full", "lora"], settings={"modeling.lora_targets": ["nowhere"]}, reporter=reporter)
    assert list(rows(ladder)) == ["tfidf", "full"]
    (failed,) = ladder.document["skipped"]
    assert failed["name"] == "lora"
    assert failed["failed"]
    assert "nowhere" in failed["why"]
    assert any(told.startswith("LoRA failed: ") for told in reporter.warned)


@pytest.mark.parametrize(
    ("labels", "words", "expected"),
    [
        (("joy", "anger"), "the film number", "the labels are anger, joy"),
        (
            ("positive", "negative"),
            "la película es demasiado larga y los actores no ayudan en absoluto a la historia",
            "written in 'es'",
        ),
    ],
)
def test_a_lexicon_says_why_it_cannot_read_the_texts(tmp_path, tiny_model, labels, words, expected):
    lines = [f"{words} {i} {'abcdefgh'[i % 8] * 3},{labels[i % 2]}" for i in range(40)]
    source = tmp_path / "other.csv"
    source.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    ladder = climb_with(source, tiny_model, tmp_path / "ladder", rungs=["majority", "lexicon"])
    assert list(rows(ladder)) == ["majority"]
    assert expected in ladder.document["skipped"][0]["why"]


def read(out):
    return json.loads((out / "ladder.json").read_text())


def test_ctrl_c_keeps_the_rungs_that_are_done_and_draws_them(climb, tmp_path):
    with pytest.raises(Interrupted, match="Interrupted after 3 of 8 rungs") as raised:
        climb(reporter=InterruptAt("TF-IDF + LR"), draw=True)
    document = read(tmp_path / "ladder")
    assert [row["name"] for row in document["rungs"]] == ["majority", "lexicon", "nb-svm"]
    assert [row["why"] for row in document["skipped"]] == ["interrupted"] * 5
    assert document["interrupted"] == str(raised.value)
    assert "NB-SVM" in (tmp_path / "ladder" / "ladder.html").read_text()


def test_ctrl_c_inside_a_run_keeps_the_rungs_before_it(climb, tmp_path):
    with pytest.raises(Interrupted, match="Interrupted after 1 of 2 rungs"):
        climb(rungs=["majority", "full"], reporter=InterruptAt("full fine-tuning: fine-tuning"))
    assert [row["name"] for row in read(tmp_path / "ladder")["rungs"]] == ["majority"]


def test_ctrl_c_before_any_rung_leaves_all_as_it_was(climb, tmp_path):
    with pytest.raises(Interrupted, match="nothing was written"):
        climb(reporter=InterruptAt("majority class"))
    assert not (tmp_path / "ladder").exists()
    before = climb(rungs=["majority"])
    with pytest.raises(Interrupted, match="nothing was written"):
        climb(rungs=["tfidf"], reporter=InterruptAt("TF-IDF + LR"), force=True)
    assert read(before.out) == before.document
    assert sorted(path.name for path in before.out.iterdir()) == ["ladder.json", "rungs"]


def test_ctrl_c_while_the_first_run_is_measured_keeps_the_run(climb, tmp_path):
    with pytest.raises(Interrupted, match="before any rung was measured; its run is in"):
        climb(rungs=["full"], reporter=InterruptAt("full fine-tuning: measuring"))
    assert RunFolder(tmp_path / "ladder" / "rungs" / "full").is_complete


def test_ctrl_c_while_the_page_is_drawn_says_that_the_table_is_there(climb, tmp_path, monkeypatch):
    # Drawing tells of no stage at which to press it.
    monkeypatch.setattr(climbing, "draw_ladder", lambda folder, document: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted, match="while the page was drawn") as raised:
        climb(rungs=["majority"], draw=True)
    assert str(tmp_path / "ladder") in raised.value.hint
    assert [row["name"] for row in read(tmp_path / "ladder")["rungs"]] == ["majority"]


def test_only_a_page_takes_what_draws_it(climb, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert list(rows(climb(rungs=["majority"]))) == ["majority"]
    with pytest.raises(MissingExtraError):
        climb("other", rungs=["majority"], draw=True)


def test_a_place_that_cannot_be_written_is_told_before_the_texts_are_read(climb, tmp_path):
    with small_disk(tmp_path / "disk", 100) as disk:
        make_read_only(disk)
        with pytest.raises(OutputError, match="Permission denied"):
            climb("disk/ladder", settings={"data.source": "nowhere.csv"})


def test_a_full_disk_ends_the_ladder_and_fails_no_rung(climb, tmp_path):
    # Room for the first document, and none for the next beside it.
    with small_disk(tmp_path / "disk", 4) as disk:
        with pytest.raises(MachineLimitError, match="The disk is full"):
            climb("disk/ladder", rungs=["majority", "tfidf"])
        assert list(disk.iterdir()) == []


def test_a_ladder_is_replaced_only_where_that_is_wished(climb, tmp_path):
    climb(rungs=["majority"])
    with pytest.raises(OutputError, match="exists"):
        climb(rungs=["tfidf"])
    assert list(rows(climb(rungs=["tfidf"], force=True))) == ["tfidf"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("keep me")
    with pytest.raises(OutputError, match=r"holds no ladder\.json"):
        climb("other", rungs=["tfidf"], force=True)
    assert (other / "mine.txt").exists()


def test_bad_input_replaces_nothing(climb):
    ladder = climb(rungs=["majority"])
    for settings in ({"modeling.name": "no-such-model"}, {"data.source": "nowhere.csv"}):
        with pytest.raises((ModelError, DataError)):
            climb(settings=settings, force=True)
    assert (ladder.out / "ladder.json").is_file()


@pytest.mark.parametrize(
    ("settings", "arguments", "expected"),
    [
        ({"training.max_steps": 5}, {}, r"decides training\.max_steps"),
        ({"modeling.method": "lora"}, {}, r"decides modeling\.method"),
        ({"blend": True}, {}, "decides blend"),
        ({}, {"rungs": ["tfidf", "bogus"]}, "Unknown rung: bogus"),
        ({}, {"rungs": []}, "Unknown rung: none given"),
    ],
)
def test_what_the_ladder_decides_cannot_be_set(climb, settings, arguments, expected):
    with pytest.raises(ConfigError, match=expected):
        climb(settings=settings, **arguments)


@pytest.mark.slow
def test_the_budget_bounds_all_of_it(tiny_model, tmp_path):
    source = write_reviews(tmp_path / "many.csv", 400)
    began = time.monotonic()
    ladder = climb_with(
        source, tiny_model, tmp_path / "ladder", {"training.budget": 45, "training.epochs": 400}, started=began,
        draw=True,
    )  # fmt: skip
    assert time.monotonic() - began < 45
    assert [row["name"] for row in ladder.document["rungs"]] == NAMES
