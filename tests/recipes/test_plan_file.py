"""Plans as TOML files: what a user gave and what was chosen comes back as it was, and a training runs it."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.planning.made_up import way

from afina.config import load_config
from afina.planning.choices import Choice
from afina.planning.history import Corrections
from afina.recipes import fine_tune, plan
from afina.recipes.plan_file import chosen_settings, plan_text

STRANGE = [
    "quotes \"double\" and 'single'.csv",
    "'''\"\"\".csv",
    "back\\slash\\u0041\\.csv",
    "C:\\data\\new.csv",
    "fine 😀🇪🇸.csv",
    "bell\x07 delete\x7f next\x85 null\x00.csv",
    "two\nlines\r\nand a\ttab.csv",
    "# no comment = [no.table]",
    "separators\u2028\u2029 and right-to-left \u202e.csv",
    "reviews-*.csv,more[1-3].csv",
    "",
]


def choice(method: str = "full", **changes) -> Choice:
    kept = {
        "model": "minilm", "training": way(method, evaluations=6), "max_tokens": 128, "train_texts": 1_000,
        "learning_rate": 5e-5, "seconds": 100.04, "total_seconds": 130.06, "memory_mb": 900.4, "tokens": 1e6,
        "share_read": 1.0, "wished_seconds": 100.0,
    }  # fmt: skip
    return Choice(**{**kept, **changes})


def come_back(tmp_path, options, chosen=None, *, budget_seconds=60.0, corrections=None, catalog=None):
    """The settings that a plan's TOML is read as, and where they came from."""
    config, origins = load_config(options=options)
    text = plan_text(
        chosen or choice(), config, origins, budget_seconds=budget_seconds, corrections=corrections or Corrections(),
        catalog=catalog,
    )  # fmt: skip
    file = tmp_path / "plan.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file)


def test_what_was_chosen_and_what_was_given_comes_back(tmp_path):
    given = {
        "data.source": "reviews.csv", "data.test": "held-out.csv", "data.title_column": "none",
        "data.keep_labels": True, "data.augment": "negation,typos", "data.dev_share": 0.2,
        "tokenization.long_text": "head-tail", "modeling.lora_targets": ("query", "value"),
        "training.weight_decay": 1e-7, "training.seed": 2**31, "blend": True,
        "training.budget": "1h", "training.epochs": 9.0, "out": "runs/mine",
    }  # fmt: skip
    config, origins = come_back(tmp_path, given, choice("lora"), budget_seconds=900.0, catalog=tmp_path / "my.toml")
    wished, _ = load_config(options=given)
    expected = wished.model_dump()
    expected["data"]["train_texts"] = 1_000
    expected["tokenization"] |= {"max_tokens": 128, "batch_tokens": 1_000}
    expected["modeling"] |= {"name": "minilm", "method": "lora", "catalog": str(tmp_path / "my.toml")}
    expected["training"] |= {"budget": 900.0, "epochs": 2.0, "learning_rate": 5e-5, "evaluations": 6}
    expected["forecast"] = {
        "seconds": 100.0, "total_seconds": 130.1, "memory_mb": 900.0, "seconds_factor": 1.0, "memory_factor": 1.0,
    }  # fmt: skip
    assert config.model_dump() == expected
    assert set(origins.values()) == {str(tmp_path / "plan.toml")}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_name_comes_back(name, tmp_path):
    config, _ = come_back(tmp_path, {"data.source": name, "data.text_column": name}, choice(model=name))
    assert config.data.source == config.data.text_column == config.modeling.name == name


@given(st.text())
@example("\x7f")
def test_any_name_comes_back(name):
    config, origins = load_config(options={"data.text_column": name})
    text = plan_text(choice(), config, origins, budget_seconds=60.0, corrections=Corrections())
    assert tomllib.loads(text)["data"]["text_column"] == name


def test_no_control_character_stands_in_the_file_as_it_is():
    config, origins = load_config(options={"data.source": "".join(map(chr, range(256)))})
    text = plan_text(choice(), config, origins, budget_seconds=60.0, corrections=Corrections())
    assert not [c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)]


def test_a_name_that_no_toml_can_hold_is_marked_and_is_no_pattern_of_other_names(tmp_path):
    config, _ = come_back(tmp_path, {"data.source": "caf\udce9.csv"})
    assert "\N{REPLACEMENT CHARACTER}" in config.data.source
    assert "?" not in config.data.source


def test_passwords_are_left_out(tmp_path):
    url = "postgresql://me:se%40cret@host/reviews#texts"
    config, origins = load_config(options={"data.source": url, "data.dev": url, "data.test": url})
    text = plan_text(choice(), config, origins, budget_seconds=60.0, corrections=Corrections())
    assert "cret" not in text
    assert tomllib.loads(text)["data"]["source"].startswith("postgresql://me")
    assert {key: text.count(f"{key} = ") for key in ("source", "dev", "test")} == {"source": 1, "dev": 1, "test": 1}


@pytest.mark.parametrize("figure", [0.0, 0.04, 1e-9, np.float64(0.001)])
def test_a_forecast_is_never_nothing(figure, tmp_path):
    config, _ = come_back(tmp_path, {}, choice(seconds=figure, total_seconds=figure, memory_mb=figure))
    assert all(value > 0 for value in config.forecast.model_dump().values())


def test_figures_from_numpy_are_plain_numbers(tmp_path):
    config, _ = come_back(tmp_path, {}, choice(seconds=np.float64(12.34), learning_rate=np.float64(3e-5)))
    assert (config.forecast.seconds, config.training.learning_rate) == (12.3, 3e-5)


def test_the_corrections_that_were_applied_are_those_of_the_method(tmp_path):
    corrections = Corrections(seconds=1.2, seconds_by_method={"frozen": 0.87654321}, memory=1.1)
    of_full, _ = come_back(tmp_path, {}, choice("full"), corrections=corrections)
    of_frozen, _ = come_back(tmp_path, {}, choice("frozen"), corrections=corrections)
    assert (of_full.forecast.seconds_factor, of_frozen.forecast.seconds_factor) == (1.2, 0.8765)
    assert of_full.forecast.memory_factor == 1.1


def test_only_what_a_method_takes_is_written():
    assert chosen_settings(choice(training=way("frozen", frozen_layers=3)))["modeling.freeze_layers"] == 3
    assert "modeling.freeze_layers" not in chosen_settings(choice("full"))
    assert "tokenization.batch_tokens" not in chosen_settings(choice("head"))


def test_a_plan_is_run_and_its_forecast_held_against_the_outcome(tiny_model, reviews_csv, tmp_path):
    options = {
        "data.source": str(reviews_csv), "training.budget": "1m", "modeling.method": "full",
        "out": str(tmp_path / "run"),
    }  # fmt: skip
    config, origins = load_config(options=options)
    planned = plan(config, models=[str(tiny_model)], origins=origins, out=tmp_path / "a plan.toml")
    assert planned.file == tmp_path / "a plan.toml"
    config, origins = load_config(planned.file)
    summary = json.loads(fine_tune(config, origins=origins).run.metrics.read_text(encoding="utf-8"))
    (chosen,) = planned.document["choices"]
    assert (summary["model"], summary["method"]) == (str(tiny_model), "full")
    assert summary["settings"]["max_tokens"] == chosen["max_tokens"]
    forecast, outcome = summary["forecast"], summary["outcome"]
    assert forecast["made_by"] == "plan"
    assert forecast["total_seconds"] == chosen["total_seconds"]
    assert forecast["memory_mb"] == chosen["memory_mb"]
    assert (outcome["share_done"], outcome["total_seconds"]) == (1.0, summary["seconds"]["total"])
    assert outcome["seconds"] > 0
    assert summary["forecast_error"]["seconds"] == pytest.approx(outcome["seconds"] / forecast["seconds"] - 1, abs=1e-3)
