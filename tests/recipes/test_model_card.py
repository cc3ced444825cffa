"""Metadata of model cards: where a model comes from, and under which licence."""

from __future__ import annotations

import json
import shutil

import pytest
from huggingface_hub import ModelCard
from tests.modeling.catalog.test_reading import MINE

from afina.recipes.model_card import model_card


def metadata(card: str):
    """As the Hub reads it."""
    return ModelCard(card).data.to_dict()


@pytest.fixture
def card_of(trained_run):
    """The metadata of a card of the trained run, had it another model."""
    summary = json.loads((trained_run / "metrics.json").read_text(encoding="utf-8"))
    data = json.loads((trained_run / "run.json").read_text(encoding="utf-8"))["data"]
    return lambda base, licence=None: metadata(model_card("mine", summary, data, base=base, licence=licence))


def test_a_model_of_the_hub_is_named_with_its_licence(card_of):
    found = card_of("FacebookAI/roberta-base", "mit")
    assert (found["base_model"], found["license"]) == ("FacebookAI/roberta-base", "mit")
    assert found["model-index"][0]["name"] == "mine"


def test_a_licence_cannot_break_the_metadata(card_of):
    assert card_of("me/mine", 'own: "see README" # 1')["license"] == 'own: "see README" # 1'


@pytest.mark.parametrize("base", ["/models/bert", "./models", "~/models", "runs/mine/model", "models/mine", "model"])
def test_a_folder_is_no_base_model(card_of, base, tmp_path):
    (tmp_path / "models" / "mine").mkdir(parents=True)  # the working folder of tests
    assert {"base_model", "license"} & set(card_of(base)) == set()


def test_a_run_of_a_users_catalog_names_its_model_and_licence(tune, tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    shutil.copytree(tiny_model, tmp_path / "hub" / "models--me--mine" / "snapshots" / ("0" * 40))
    catalog = tmp_path / "my.toml"
    catalog.write_text(MINE.replace("family =", f'revision = "{"0" * 40}"\nfamily =', 1), encoding="utf-8")
    settings = {"modeling.name": "mine", "modeling.catalog": str(catalog), "training.max_steps": 1}
    card = (tune(settings=settings).run.model / "README.md").read_text(encoding="utf-8")
    assert {"base_model": "me/mine", "license": "mit"}.items() <= metadata(card).items()
    assert "`me/mine` fine-tuned" in card


def test_a_run_of_a_folder_names_neither(trained_run):
    found = metadata((trained_run / "model" / "README.md").read_text(encoding="utf-8"))
    assert {"base_model", "license"} & set(found) == set()
