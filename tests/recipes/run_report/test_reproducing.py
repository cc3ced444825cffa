from __future__ import annotations

import shlex

import pytest
import typer

from afina.cli.app import app
from afina.config import RunConfig, load_config
from afina.recipes.run_report.reproducing import OPTIONS, given_settings, train_command


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
        ({"data.augment": "negation,typos"}, """afina train --set 'data.augment=["negation", "typos"]'"""),
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
        {"modeling.gradient_checkpointing": True, "modeling.freeze_embeddings": False, "evaluation.error_rate": 0.02},
        {"training.class_weights": "balanced", "modeling.prefix_cache": "off", "data.augment": "typos"},
    ],
)
def test_the_command_gives_the_same_settings_again(given):
    config, origins = load_config(options=given)
    words = shlex.split(train_command(config.model_dump(), origins))
    again = read_command(words)
    assert again == config


def read_command(words: list[str]) -> RunConfig:
    """Settings of a command line, its options read as `afina train` reads them."""
    by_option = {option: name for name, option in OPTIONS.items()}
    options, assignments, rest = {}, [], iter(words[2:])
    for word in rest:
        if word == "--set":
            assignments.append(next(rest))
        elif word in by_option:
            options[by_option[word]] = next(rest)
        else:
            options["data.source"] = word
    return load_config(assignments=assignments, options=options)[0]


def test_every_option_is_one_of_afina_train():
    command = typer.main.get_command(app).commands["train"]
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(OPTIONS.values()) | {"--set", "--blend", "--keep-labels"} <= known


def test_what_a_library_call_changed_counts_as_given():
    config = load_config(options={"training.max_steps": 9, "training.seed": 3, "data.augment": "typos"})[0]
    manifest = {"config": config.model_dump(mode="json"), "origins": {"training.seed": "--set"}}
    assert given_settings(manifest) == {
        "training.seed": "--set", "data.augment": "library call", "training.max_steps": "library call",
    }  # fmt: skip
    assert given_settings({"config": RunConfig().model_dump(mode="json")}) == given_settings({}) == {}
