"""Which models are timed, and what the others' pace follows from; timing itself is faked here."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from tests.planning.made_up import OUTLINE, PACE
from tests.recipes.recorder import Recorder

from afina.planning.machine import Machine
from afina.planning.pace import probing_cost
from afina.recipes import pacing
from afina.recipes.known_models import KnownModel
from afina.recipes.pacing import reckoned_pace, time_models

MACHINE = Machine(
    processor="A processor", cores=2, threads=2, memory_mb=16_000, free_memory_mb=8_000, free_disk_mb=50_000,
    device="cpu", device_name=None, device_memory_mb=None, fp32_gflops=100.0, bf16_gflops=None, fingerprint="0123",
)  # fmt: skip


def model(name, *, width=64, family="bert", n_layers=2, a_layer=100_000):
    outline = replace(OUTLINE, family=family, width=width, n_layers=n_layers, matrix_weights=n_layers * a_layer)
    fields = {
        "model_type": family, "hidden_size": width, "num_hidden_layers": n_layers, "num_attention_heads": 2,
        "vocab_size": 100,
    }  # fmt: skip
    return KnownModel(name, fields, outline, True, None)


@pytest.fixture
def probed(monkeypatch):
    """Widths that were timed, each with a pace of so many seconds as it has numbers; a fake takes the measuring."""
    widths = []

    def measure(config, *, precision, dropout, batch_tokens):
        widths.append(config.hidden_size)
        return replace(PACE.scaled(config.hidden_size), precision=precision, is_measured=True)

    monkeypatch.setattr(pacing, "measure_pace", measure)
    return widths


def timed(*models, machine=MACHINE, **options):
    return time_models(models, machine, precision="fp32", dropout=0.0, reporter=Recorder(), **options)


def ticking(seconds):
    """A clock that moves on by so many seconds each time it is read."""
    readings = iter(range(1_000))
    return lambda: seconds * next(readings)


def test_models_of_equal_layers_are_timed_once(probed):
    paces = timed(model("six", n_layers=6), model("twelve", n_layers=12), model("wide", width=128)).paces
    assert probed == [64, 128]
    assert paces["six"] == paces["twelve"]
    assert paces["six"].is_measured
    assert paces["wide"].train_layer.base == pytest.approx(2 * paces["six"].train_layer.base)


@pytest.mark.parametrize("other", [{"family": "roberta"}, {"width": 66}, {"a_layer": 90_000}])
def test_models_of_other_layers_are_each_timed(probed, other):
    assert timed(model("one"), model("other", **other)).paces["other"].is_measured
    assert len(probed) == 2


def test_once_the_time_is_used_up_paces_follow_from_the_nearest_width(probed):
    models = [model("narrow", width=64), model("wide", width=512), model("wider", width=640, a_layer=250_000)]
    found = timed(*models, seconds=30, clock=ticking(13))
    # Read at the start, before the second, before the third and at the end.
    assert probed == [64, 512]
    assert found.seconds == 39
    assert [pace.is_measured for pace in found.paces.values()] == [True, True, False]
    assert found.paces["wider"] == found.paces["wide"].scaled(2.5)


def test_the_first_model_is_timed_however_short_the_time_is(probed):
    found = timed(model("one"), model("other", width=128), seconds=0.5, clock=ticking(100))
    assert probed == [64]
    assert found.paces["other"] == found.paces["one"].scaled(1)
    assert not found.paces["other"].is_measured


def test_a_model_too_large_to_be_timed_is_passed_over(probed):
    # Four layers take 16 bytes a weight.
    huge = model("huge", width=4096, n_layers=8, a_layer=150_000_000)
    assert probing_cost(huge.outline)[1] == 4 * 16 * 150
    plenty = replace(MACHINE, free_memory_mb=100_000, fp32_gflops=100_000.0)
    assert timed(huge, machine=plenty).paces["huge"].is_measured
    for machine in (replace(plenty, free_memory_mb=9_000), replace(plenty, fp32_gflops=100.0)):
        probed.clear()
        found = timed(huge, model("one"), machine=machine)
        assert probed == [64]
        assert found.paces["huge"] == found.paces["one"].scaled(1_500)
    alone = timed(huge, machine=replace(plenty, device_memory_mb=9_000)).paces["huge"]
    assert alone == reckoned_pace(huge, replace(plenty, device_memory_mb=9_000), precision="fp32")


def test_the_least_work_of_timing_is_counted_at_both_depths_and_lengths():
    shallow, deep = (probing_cost(model("m", n_layers=n, width=64).outline)[0] for n in (1, 12))
    # 1,024 tokens, read in 2 and trained in 6 operations a weight, three times at each of two lengths.
    assert shallow == 100_000 * 1_024 * (2 + 6) * 3 * 2
    assert deep == (1 + 4) * shallow
    assert probing_cost(model("m", n_layers=1, width=768).outline)[0] == shallow / 2


def test_a_pace_that_nothing_was_timed_for_is_operations_over_the_rate_of_training():
    pace = reckoned_pace(model("one", a_layer=1_000_000), MACHINE, precision="bf16")
    assert MACHINE.training_gflops == 50
    # Six operations a weight and token, and for attention twelve a token of length and number of a state.
    assert pace.train_layer.at(0) == pytest.approx(6e6 / 50e9)
    assert pace.train_layer.at(100) - pace.train_layer.at(0) == pytest.approx(100 * 12 * 64 / 50e9)
    assert pace.read_layer.at(100) == pytest.approx(pace.train_layer.at(100) / 3)
    assert (pace.precision, pace.is_measured) == ("bf16", False)
    assert math.isfinite(pace.update)


def test_each_model_that_is_timed_is_reported(probed):
    class Counting(Recorder):
        def advance(self, done, total):
            self.told.append((done, total))

    reporter = Counting()
    models = [model("one"), model("again", n_layers=3), model("wide", width=66)]
    time_models(models, MACHINE, precision="fp32", dropout=0.0, reporter=reporter)
    assert reporter.told == [(0, 3), (2, 3)]
