from __future__ import annotations

import random

import pytest

from afina.config import RunConfig, load_config
from afina.recipes.search.space import Found, make_space

FOUND = Found(
    learning_rate=1e-4, batch_tokens=1024, epochs=2.0, max_tokens=256, method="full", frozen_layers=0, n_layers=6,
    max_context=512, median_tokens=120.0, long_tokens=700.0,
)  # fmt: skip


class RandomTrial:
    """Proposes as Optuna's trials do, at random."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def suggest_float(self, name, low, high, *, log):
        return self._random.uniform(low, high)

    def suggest_int(self, name, low, high, *, log):
        return self._random.randint(low, high)


def space_of(found=FOUND, **options):
    config, origins = load_config(options={name.replace("__", "."): value for name, value in options.items()})
    space, notes = make_space(config, found, pinned=origins.__contains__)
    return config, space, notes


def test_the_defaults_are_in_the_space_and_change_nothing_that_matters():
    config, space, _ = space_of()
    assert set(space.defaults) == {
        "learning_rate", "batch_tokens", "epochs", "frozen_layers", "max_tokens", "label_smoothing",
    }  # fmt: skip
    for parameter in space.parameters:
        assert parameter.low <= parameter.default <= parameter.high
    applied = space.apply(config, space.defaults)
    assert applied.modeling.method == "full"
    assert applied.modeling.freeze_layers is None
    assert applied.training.learning_rate == FOUND.learning_rate
    assert applied.training.epochs == FOUND.epochs
    assert applied.tokenization.batch_tokens == FOUND.batch_tokens
    assert applied.tokenization.max_tokens == FOUND.max_tokens


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_proposed_makes_settings_that_hold(seed):
    config, space, _ = space_of()
    applied = space.apply(config, space.suggest(RandomTrial(seed)))
    assert isinstance(applied, RunConfig)
    assert applied.tokenization.batch_tokens >= applied.tokenization.max_tokens
    assert (applied.modeling.method == "frozen") == bool(applied.modeling.freeze_layers)
    assert RunConfig.model_validate(applied.model_dump()) == applied


def test_what_the_user_set_is_kept():
    config, space, notes = space_of(training__learning_rate=3e-5, modeling__freeze_layers=2, modeling__method="frozen")
    assert not {"learning_rate", "frozen_layers"} & set(space.defaults)
    applied = space.apply(config, space.defaults)
    assert (applied.training.learning_rate, applied.modeling.freeze_layers) == (3e-5, 2)
    assert any("training.learning_rate, modeling.freeze_layers" in note for note in notes)


@pytest.mark.parametrize(
    ("method", "found", "searched", "trained"),
    [
        ("auto", "full", True, "full"),
        ("auto", "frozen", True, "frozen"),
        ("auto", "head", False, "head"),
        ("full", "full", False, "full"),
        ("frozen", "frozen", True, "frozen"),
        ("lora", "lora", False, "lora"),
    ],
)
def test_depth_is_sought_where_the_method_has_one(method, found, searched, trained):
    found = Found(**{**vars(FOUND), "method": found, "frozen_layers": 3 * (found == "frozen")})
    config, space, _ = space_of(found, modeling__method=method)
    assert ("frozen_layers" in space.defaults) == searched
    assert space.apply(config, space.defaults).modeling.method == trained


def test_depth_is_not_sought_where_layers_share_their_weights():
    _, space, _ = space_of(Found(**{**vars(FOUND), "n_layers": 0}))
    assert "frozen_layers" not in space.defaults


def test_short_texts_need_no_limit():
    _, space, notes = space_of(Found(**{**vars(FOUND), "median_tokens": 20.0, "long_tokens": 45.0}))
    assert "max_tokens" not in space.defaults
    assert any("45 tokens or fewer" in note for note in notes)


def test_no_text_is_longer_than_a_batch_that_was_given():
    config, space, _ = space_of(tokenization__batch_tokens=300)
    bounds = {parameter.name: parameter for parameter in space.parameters}
    assert bounds["max_tokens"].high == 300
    assert space.apply(config, space.defaults).tokenization.batch_tokens == 300
