"""The recipe behind `afina plan`: which models are looked at, what fits, what does not and why."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from tests.cli.plan_documents import FIRST_CHOICE, REJECTED
from tests.planning.made_up import way
from tests.recipes.recorder import Recorder

from afina.config import load_config
from afina.data import load_dataset
from afina.errors import ConfigError, ModelError, OutputError, UnknownModelError
from afina.modeling import read_catalog
from afina.planning import machine, pace, timing
from afina.planning.choices import Choice
from afina.recipes import choosing, plan
from afina.recipes.choosing import MULTILINGUAL, estimate_models


@pytest.fixture(autouse=True)
def hardly_timed(monkeypatch, one_thread):
    """Few and short passes: how fast this machine is, is no matter here."""
    for module in (machine, pace):
        monkeypatch.setattr(module, "seconds_of", partial(timing.seconds_of, enough_seconds=0))
    monkeypatch.setattr(machine, "_TOKENS", 32)
    monkeypatch.setattr(pace, "_BATCH_TOKENS", 64)


class Stages(Recorder):
    """Keeps the names of stages."""

    def stage(self, name):
        self.told.append(name)


@pytest.fixture
def look(tiny_model, reviews_csv):
    """Plan for the tiny model and sixty reviews within two minutes."""

    def run(models=None, *, budget="2m", reporter=None, out=None, force=False, **settings):
        options = {name.replace("__", "."): value for name, value in settings.items()}
        config, origins = load_config(options={"data.source": str(reviews_csv), "training.budget": budget, **options})
        return plan(
            config, models=models or [str(tiny_model)], origins=origins, reporter=reporter, out=out, force=force
        )

    return run


def choice(model):
    return Choice(model, way(), 64, 100, 1e-5, 1.0, 20.0, 500.0, 1e4, 1.0, 1.0)


@pytest.fixture
def found_for(monkeypatch):
    """Names of the models that are looked at for a source, and the notes on it; their sizes are of no interest."""
    monkeypatch.setattr(choosing, "know_entry", lambda entry: entry)

    def find(source, *names):
        models, notes = choosing._find_models(names, load_dataset(str(source))[0], None)
        return [model.name for model in models], notes

    return find


def test_choices_are_the_ways_to_train_best_first_and_add_up(look, tiny_model):
    document = look().document
    choices = document["choices"]
    assert [set(found) for found in choices] == [set(FIRST_CHOICE)] * 4
    assert {found["method"] for found in choices} == {"full", "frozen", "lora", "head"}
    assert [found["score"] for found in choices] == sorted((found["score"] for found in choices), reverse=True)
    for found in choices:
        assert (found["model"], found["measured"], found["download_mb"]) == (str(tiny_model), True, None)
        assert (found["freeze_layers"] is None) == (found["method"] != "frozen")
        assert found["share"] == found["train_texts"] / document["texts"] == 1
        assert found["seconds_low"] <= found["seconds"] <= found["seconds_high"]
        assert found["seconds"] < found["total_seconds"] < document["budget_seconds"] == 120
        assert 0 < found["memory_mb"] < document["machine"]["free_memory_mb"]
        assert found["max_tokens"] <= 64  # positions of the model
        assert found["tokens"] > 0
        assert all(isinstance(reason, str) for reason in found["reasons"])
    assert document["rejected"] == []
    assert (document["planned"], document["plan"]) == (1, "plan.toml")
    assert 0 < document["probe_seconds"] <= document["seconds"]
    assert json.loads(json.dumps(document)) == document


def test_what_the_user_settled_is_in_every_choice(look):
    document = look(modeling__method="frozen", tokenization__max_tokens=16, training__epochs=3.0).document
    (found,) = document["choices"]
    assert (found["method"], found["freeze_layers"], found["max_tokens"], found["epochs"]) == ("frozen", 1, 16, 3.0)


def test_the_model_of_the_settings_is_the_one_that_is_planned_for(tiny_model, reviews_csv):
    options = {"data.source": str(reviews_csv), "modeling.name": str(tiny_model), "training.budget": "2m"}
    config, origins = load_config(options=options)
    document = plan(config, origins=origins).document
    assert {found["model"] for found in document["choices"]} == {str(tiny_model)}


def test_three_seconds_hold_nothing_and_every_model_says_why(look, tmp_path):
    planned = look(budget="3s")
    document = planned.document
    assert (document["choices"], document["plan"], document["planned"], planned.file) == ([], None, None, None)
    (rejected,) = document["rejected"]
    assert set(rejected) == set(REJECTED)
    assert "would need" in rejected["why"]
    assert "seconds to start, test and write the run" in rejected["why"]
    assert rejected["elsewhere"]
    assert all(minutes > 0 for minutes in rejected["elsewhere"].values())
    assert not (tmp_path / "plan.toml").exists()


def test_a_model_that_memory_cannot_hold_is_told_so_and_never_made(look, giant, tmp_path):
    planned = look([giant])
    document = planned.document
    assert document["choices"] == []
    (rejected,) = document["rejected"]
    assert set(rejected) == set(REJECTED)
    assert rejected["model"] == giant
    assert rejected["memory_mb"] > 1_000_000
    assert rejected["why"].startswith(f"{giant} takes ")
    assert "GB of memory, and" in rejected["why"]
    assert rejected["elsewhere"] == {}  # it fits no GPU that is lent either
    assert planned.file is None
    assert not (tmp_path / "plan.toml").exists()


@pytest.mark.parametrize(
    ("name", "error", "expected"),
    [
        ("distlbert", UnknownModelError, "Unknown model: 'distlbert'"),
        ("nobody/nothing", ModelError, "is not on this machine, so its size is not known"),
        ("bare", ModelError, "lacks num_hidden_layers, num_attention_heads, vocab_size"),
        ("empty", ModelError, "it has no config.json"),
    ],
)
def test_a_model_that_is_not_known_is_refused_and_nothing_is_written(look, tmp_path, name, error, expected):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text('{"model_type": "bert", "hidden_size": 32}', encoding="utf-8")
    with pytest.raises(error, match=expected):
        look([name])
    assert not (tmp_path / "plan.toml").exists()


def test_a_file_that_stands_there_is_refused_before_anything_is_read_or_measured(look, tmp_path):
    file, reporter = tmp_path / "mine.toml", Stages()
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"mine\.toml"):
        look(out=file, reporter=reporter)
    assert reporter.told == []
    assert file.read_text(encoding="utf-8") == "mine"
    assert look(out=file, force=True).file == file
    assert load_config(file)[0].training.budget == 120


def test_a_wrong_catalog_file_is_refused(look, tmp_path):
    (tmp_path / "my.toml").write_text("[mine]\nhub = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="error on line"):
        look(["minilm"], modeling__catalog=str(tmp_path / "my.toml"))


def test_models_that_do_not_read_spanish_are_left_out_for_spanish_texts(found_for):
    names, notes = found_for("sample:es")
    entries = read_catalog()
    assert "beto" in names
    assert all({"es", MULTILINGUAL} & set(entries[name].languages) for name in names)
    assert [name for name, entry in entries.items() if {"es", MULTILINGUAL} & set(entry.languages)] == names
    (note,) = notes
    assert note.startswith("The texts are in 'es'")
    assert str(len(entries) - len(names)) in note


def test_models_that_read_only_spanish_are_left_out_for_english_texts(found_for):
    names, _ = found_for("sample:dev")
    assert {"minilm", "xlm-roberta"} <= set(names)
    assert "beto" not in names


def test_texts_in_no_language_to_tell_leave_no_model_out(found_for, reviews_csv):
    reviews_csv.write_text("text,label\n" + "".join(f"ok {i},{i % 2}\n" for i in range(40)), encoding="utf-8")
    names, notes = found_for(reviews_csv)
    assert (names, notes) == (list(read_catalog()), [])


def test_models_that_are_named_are_taken_whatever_they_read(found_for):
    names, notes = found_for("sample:es", "minilm", "bert", "google-bert/BERT-base-uncased")
    assert (names, notes) == (["minilm", "bert"], [])


@pytest.mark.parametrize("value", ["1", "true", "ON", "yes"])
def test_without_a_network_a_model_that_is_here_is_planned_for(value, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    ranked = [choice("far"), choice("here"), choice("also here")]
    assert choosing._first_trainable(ranked, {"also here", "here"}) is ranked[1]
    # Where none is here, the plan is still told; it is run where there is a network.
    assert choosing._first_trainable(ranked, set()) is ranked[0]
    assert choosing._first_trainable([], {"here"}) is None


@pytest.mark.parametrize("value", ["", "0", "off"])
def test_with_a_network_the_best_is_planned_for(value, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    ranked = [choice("far"), choice("here")]
    assert choosing._first_trainable(ranked, {"here"}) is ranked[0]


def test_a_better_model_that_is_not_here_is_named_with_its_size(look, tiny_model, monkeypatch):
    # Offline, as all tests are: bert-tiny is of the catalog, and has no files here.
    monkeypatch.setattr("afina.planning.ranking._UNPUBLISHED", 10.0)
    document = look([str(tiny_model), "bert-tiny"]).document
    best, second = document["choices"]
    assert (best["model"], second["model"]) == ("bert-tiny", str(tiny_model))
    assert best["download_mb"] == read_catalog()["bert-tiny"].download_mb
    assert (document["planned"], load_config(Path("plan.toml"))[0].modeling.name) == (2, str(tiny_model))
    download, *_ = [note for note in document["notes"] if "would come first" in note]
    assert "`afina plan --model bert-tiny`" in download
    assert any("counted in the tokens of minilm" in note and note.endswith(": bert-tiny") for note in document["notes"])


def test_what_is_to_be_downloaded_is_said(look):
    document = look(["bert-tiny"]).document
    assert document["planned"] == 1
    assert "bert-tiny is downloaded from the Hugging Face Hub when it is first trained" in document["notes"]
    assert all(found["measured"] for found in document["choices"])


def test_estimates_are_of_each_model_asked_for(reviews_csv):
    entries = {name: read_catalog()[name] for name in ("bert-tiny", "bert-mini")}
    found = estimate_models(entries, str(reviews_csv), 120.0)
    assert list(found) == ["bert-tiny", "bert-mini"]
    assert all((found[name]["fits"], found[name]["why"]) == (True, None) for name in entries)
    short = estimate_models({"bert-tiny": entries["bert-tiny"]}, str(reviews_csv), 3.0)["bert-tiny"]
    assert not short["fits"]
    assert short["why"].startswith("bert-tiny would need")
