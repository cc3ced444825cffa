from __future__ import annotations

import pytest

from afina.config import RunConfig, load_config, parse_duration
from afina.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "seconds"), [("900s", 900), ("15m", 900), ("1h", 3600), ("1.5m", 90), (" 20 ", 20), ("2M", 120)]
)
def test_durations_have_units(written, seconds):
    assert parse_duration(written) == seconds


def test_options_win_over_assignments_and_both_over_the_file(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text('[training]\nseed = 1\nlearning_rate = 0.01\nbudget = "10m"\n[data]\nsource = "a.csv"\n')
    config, origins = load_config(
        file, ["training.seed=2", "training.learning_rate=0.02"], {"training.seed": 3, "data.test": None}
    )
    assert (config.training.seed, config.training.learning_rate, config.training.budget) == (3, 0.02, 600.0)
    assert config.data.source == "a.csv"
    assert origins["training.seed"] == "command line"
    assert origins["training.learning_rate"] == "--set"
    assert origins["training.budget"] == str(file)
    assert "data.test" not in origins


def test_a_value_that_is_no_toml_is_a_plain_string():
    assert load_config(assignments=["data.source=some/file.csv"])[0].data.source == "some/file.csv"
    assert load_config(assignments=["data.keep_labels=true"])[0].data.keep_labels is True


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text("[training]\nlearning_rat = 1e-4\nepochs = -1\n[modelling]\nname = 'x'\n")
    with pytest.raises(ConfigError) as raised:
        load_config(file, ["nonsense"], {"training.budget": "-5m"})
    message = str(raised.value)
    assert "training.learning_rat: no such setting, did you mean training.learning_rate?" in message
    assert "training.epochs" in message
    assert "modelling: no such setting" in message
    assert "training.budget" in message
    assert "'nonsense'" in message
    assert message.startswith("5 settings are wrong")


@pytest.mark.parametrize("budget", ["0", "-5m", "soon", "inf", "nan", "5d"])
def test_a_budget_that_is_no_positive_time_is_refused(budget):
    with pytest.raises(ConfigError, match="budget"):
        load_config(options={"training.budget": budget})


def test_a_value_used_as_a_section_is_refused():
    with pytest.raises(ConfigError, match="section"):
        load_config(assignments=["training=3", "training.seed=1"])


@pytest.mark.parametrize("content", [b"[training", b"\xff\xfe\x00", b"training = 3"])
def test_a_broken_file_is_one_sentence(tmp_path, content):
    file = tmp_path / "run.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        load_config(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"No such config file: .*nowhere.toml"):
        load_config(tmp_path / "nowhere.toml")


def test_settings_round_trip_through_json():
    config, _ = load_config(options={"training.budget": "5m", "modeling.dropout": 0.1})
    assert RunConfig.model_validate(config.model_dump()) == config
