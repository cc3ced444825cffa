import itertools

import pytest
import torch

from afina.labels import LabelSet
from afina.modeling import load_pretrained
from afina.planning import has_fast_bf16, measure_speed
from afina.training import make_accelerator


@pytest.fixture
def prepared(tiny_model):
    accelerator = make_accelerator("fp32")
    model = load_pretrained(str(tiny_model), LabelSet(("no", "yes")), seed=0).model
    return accelerator.prepare(model), accelerator


def test_speed_is_tokens_over_the_best_time(prepared):
    # Each measured call takes 4, then 2 s to train, and 1, then 3 s to predict.
    readings = iter([0, 4, 10, 12, 20, 21, 30, 33])
    speed = measure_speed(*prepared, batch_tokens=100, text_tokens=16, clock=lambda: float(next(readings)))
    assert speed.training == 6 * 16 / 2
    assert speed.inference == 6 * 16 / 1
    assert next(readings, None) is None


def test_the_real_clock_gives_a_real_speed(prepared):
    speed = measure_speed(*prepared, batch_tokens=128, text_tokens=16)
    assert 1 < speed.training < 1e9
    assert 1 < speed.inference < 1e9


def test_a_text_longer_than_a_batch_is_measured_alone(prepared):
    ticks = itertools.count()
    speed = measure_speed(*prepared, batch_tokens=8, text_tokens=32, clock=lambda: float(next(ticks)))
    assert speed.training == speed.inference == 32


def test_measuring_leaves_weights_gradients_and_random_state_as_they_were(prepared):
    model, accelerator = prepared
    model.train()  # dropout draws random numbers
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    random_state = torch.get_rng_state()
    measure_speed(model, accelerator, batch_tokens=64, text_tokens=16)
    assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert model.training


def test_whether_this_machine_multiplies_bf16_is_known():
    assert has_fast_bf16() in (True, False)
    assert has_fast_bf16(torch.device("meta")) is False
