from __future__ import annotations

import shlex

import pytest
import typer

from afina.cli._options import settings_of
from afina.cli.app import app
from afina.config import OPTIONS, RunConfig, load_config, setting_names
from afina.recipes.run_report.reproducing import given_settings, train_command

# What `afina train` takes beside settings.
BESIDES = {"config", "assignments", "seeds", "resume", "track", "force", "json", "help"}


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ({}, "afina train"),
        ({"data.source": "my reviews.csv", "out": "runs/x"}, "afina train 'my reviews.csv'"),
        ({"training.budget": 900}, "afina train --budget 15m"),
        ({"training.budget": 5400}, "afina train --budget 90m"),
        ({"training.budget": 95.5}, "afina train --budget 95.5s"),
        ({"blend": True, "data.keep_labels": True}, "afina train --blend --keep-labels"),
        ({"training.patience": 3, "training.seed": 7}, "afina train --set training.patience=3 --seed 7"),
        ({"data.augment": "negation,typos"}, "afina train --augment negation,typos"),
        (
            {"modeling.lora_targets": "query,value", "modeling.lora_alpha": 4},
            "afina train --lora-alpha 4 --lora-targets query,value",
        ),
        ({"modeling.load_in_8bit": True, "blend": False}, "afina train --set blend=false --load-in-8bit"),
        ({"data.text_column": "$(rm -rf ~)"}, "afina train --text-column '$(rm -rf ~)'"),
    ],
)
def test_the_command_holds_what_was_given_and_no_more(given, command):
    config, origins = load_config(options=given)
    assert train_command(config.model_dump(), origins) == command


@pytest.mark.parametrize(
    "given",
    [
        {"data.source": "a b'c.csv", "training.max_steps": 30, "training.learning_rate": 2.5e-5},
        {"data.label_column": "5", "modeling.lora_targets": ["query", "value"], "training.label_smoothing": 0.1},
        {"training.learning_rate": 2.123456789e-05, "modeling.load_in_4bit": True, "modeling.lora_dropout": 0.05},
        {"modeling.gradient_checkpointing": True, "modeling.freeze_embeddings": False, "evaluation.error_rate": 0.02},
        {"training.class_weights": "balanced", "modeling.prefix_cache": "off", "data.augment": "typos"},
    ],
)
def test_the_command_gives_the_same_settings_again(given):
    config, origins = load_config(options=given)
    words = shlex.split(train_command(config.model_dump(), origins))
    again = read_command(words)
    assert again == config


def train_options():
    return typer.main.get_command(app).commands["train"]


def read_command(words: list[str]) -> RunConfig:
    """Settings of a command line, as `afina train` reads it."""
    given = train_options().make_context("train", words[2:]).params
    options = settings_of(**{option: given[option] for option in OPTIONS.values()})
    return load_config(assignments=given["assignments"] or (), options=options)[0]


def test_every_option_of_a_setting_is_one_of_afina_train_and_none_is_missing():
    names = {parameter.name for parameter in train_options().params}
    assert names - BESIDES == set(OPTIONS.values())
    spelt = {option for parameter in train_options().params for option in parameter.opts}
    assert {f"--{option.replace('_', '-')}" for option in OPTIONS.values()} - {"--source"} <= spelt
    assert set(OPTIONS) <= set(setting_names())


def test_what_a_library_call_changed_counts_as_given():
    config = load_config(options={"training.max_steps": 9, "training.seed": 3, "data.augment": "typos"})[0]
    manifest = {"config": config.model_dump(mode="json"), "origins": {"training.seed": "--set"}}
    assert given_settings(manifest) == {
        "training.seed": "--set", "data.augment": "library call", "training.max_steps": "library call",
    }  # fmt: skip
    assert given_settings({"config": RunConfig().model_dump(mode="json")}) == given_settings({}) == {}
