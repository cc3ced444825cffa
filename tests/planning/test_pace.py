"""Timing of shallow copies of real, tiny models: that it runs for every family, and what it leaves as it was."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from tests.modeling.families import FAMILIES

from afina.modeling import outline_of, read_config
from afina.planning import pace as module
from afina.planning import timing
from afina.planning.pace import Line, Pace, measure_pace

LINES = ("read_layer", "read_ends", "train_layer", "train_ends")


@pytest.fixture(autouse=True)
def once(monkeypatch):
    """Each pass is timed twice and no more: the speed of a test's models is of no interest."""
    monkeypatch.setattr(module, "seconds_of", partial(timing.seconds_of, enough_seconds=0))
    monkeypatch.setattr(module, "_BATCH_TOKENS", 64)


@pytest.fixture(scope="module")
def config_of(tmp_path_factory):
    """Config of a tiny model of a family."""

    def load(family, **changes):
        folder = FAMILIES[family](tmp_path_factory.mktemp(family))
        return read_config({**json.loads((folder / "config.json").read_text()), **changes})

    return load


def is_sound(line):
    return all(math.isfinite(number) and number >= 0 for number in (line.base, line.per_token))


@pytest.mark.parametrize("family", ["albert", "bert", "deberta-v3", "gpt2", "modernbert-cls", "opt", "xlnet"])
def test_every_family_has_a_pace(config_of, family):
    config = config_of(family)
    before, state = config.to_dict(), torch.get_rng_state()
    found = measure_pace(config, dropout=0.0)
    assert config.to_dict() == before
    assert torch.equal(torch.get_rng_state(), state)
    assert all(is_sound(getattr(found, name)) for name in LINES)
    # A tiny model takes between a nanosecond and ten milliseconds a token.
    for ends in (found.read_ends, found.train_ends):
        assert 1e-9 < ends.at(32) < 1e-2
    assert 1e-12 < found.update < 1e-3
    assert found.is_measured
    assert found.read_seconds(outline_of(config), 32) >= found.read_ends.at(32)


def test_a_model_of_one_layer_is_all_ends(config_of):
    found = measure_pace(config_of("bert", num_hidden_layers=1))
    assert found.read_layer == found.train_layer == Line(0.0, 0.0)
    assert found.train_ends.at(10) > 0


def test_a_pace_is_measured_in_the_arithmetic_of_training(config_of):
    found = measure_pace(config_of("bert"), precision="bf16")
    assert found.precision == "bf16"
    assert json.loads(json.dumps(found.as_dict()))["train_ends"]["base"] >= 0


def test_a_deep_or_wide_vocabulary_costs_nothing_to_time(config_of, monkeypatch):
    seen = []
    real = module._shallow_copy
    monkeypatch.setattr(module, "_shallow_copy", lambda *arguments: seen.append(real(*arguments)) or seen[-1])
    measure_pace(config_of("bert", num_hidden_layers=100, vocab_size=1_000_000))
    assert [model.config.num_hidden_layers for model in seen] == [1, 4]
    assert max(sum(weight.numel() for weight in model.parameters()) for model in seen) < 100_000


@pytest.mark.parametrize("vocab_size", [2, 7, 10, 11])
@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_a_model_of_few_tokens_has_a_pace(config_of, family, vocab_size):
    assert measure_pace(config_of(family, vocab_size=vocab_size)).train_ends.at(10) > 0


def test_no_token_of_a_timed_text_is_a_pad_token(config_of):
    for vocab_size, pad_token_id in ((3, 1), (512, 511)):
        batch, n_tokens = module._made_up(config_of("bert", vocab_size=vocab_size, pad_token_id=pad_token_id), 16, 64)
        assert n_tokens == batch.token_ids.size == 64
        assert set(batch.token_ids.flat) <= set(range(vocab_size)) - {pad_token_id}
        assert batch.mask.sum() == 63


def test_a_line_goes_through_two_points():
    assert Line.through([(10, 1.0), (30, 2.0)]) == Line(0.5, 0.05)
    assert Line.through([(10, 1.0), (30, 2.0)]).at(50) == 3.0
    assert Line(1.0, 0.5).scaled(2) == Line(2.0, 1.0)


@pytest.mark.parametrize("points", [[(10, 2.0), (30, 1.0)], [(10, 0.0), (30, 9.0)], [(10, 1.0), (10, 3.0)]])
def test_noise_makes_no_line_negative(points):
    line = Line.through(points)
    assert is_sound(line)
    assert min(line.at(length) for length in (0, 1, 10, 512, 100_000)) >= 0


def test_a_scaled_pace_is_told_from_a_measured_one():
    one = Line(1e-6, 1e-8)
    measured = Pace(one, one, one, one, 1e-9, "fp32")
    scaled = measured.scaled(4)
    assert all(getattr(scaled, name) == one.scaled(4) for name in LINES)
    assert not scaled.is_measured
    assert replace(scaled.scaled(0.25), is_measured=True) == measured


def test_seconds_are_the_median_of_calls_after_the_first():
    ticks = iter([0, 100, 200, 201, 300, 303, 400, 402])

    def seconds(enough):
        return timing.seconds_of(lambda: None, enough_seconds=enough, clock=lambda: next(ticks))

    assert seconds(6) == 2
    ticks = iter([0.0, 5.0] + [10.0, 10.0] * 20)
    assert 0 < seconds(1) < 1e-6
    assert len(list(ticks)) == 40 - 2 * 9
