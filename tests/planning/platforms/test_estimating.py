import datetime

import numpy as np
import pytest

from afina.modeling import outline_of
from afina.planning.operations import training_operations
from afina.planning.platforms import (
    FP32,
    HALF,
    PlatformMachine,
    chosen_precision,
    elsewhere,
    estimate_minutes,
    find_platform,
    read_accelerators,
    read_platforms,
    share_of_peak,
    training_gflops,
    training_memory_mb,
)
from afina.planning.platforms.facts import Limits

BASE = {
    "model_type": "bert", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
    "intermediate_size": 3072, "vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2,
}  # fmt: skip
LARGE = {
    **BASE, "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096,
}  # fmt: skip
CONFIGS = {"bert-base": BASE, "bert-large": LARGE}
SOURCED = {"source": "https://example.com/facts", "checked": datetime.date(2026, 11, 26)}


@pytest.fixture(scope="module")
def outlines():
    return {name: outline_of(config, name=name) for name, config in CONFIGS.items()}


def machine(accelerator, **fields):
    return PlatformMachine(accelerator=accelerator, **SOURCED, **fields)


def operations_of(outline, texts, tokens, epochs):
    return training_operations(outline, np.full(texts, tokens), method="full", epochs=epochs)


def test_a_titan_rtx_reached_half_of_its_peak_in_fp32_and_an_eighth_in_fp16(outlines):
    # BERT-base on the 67,349 sentences of SST-2, three epochs padded to 128: 26:06 in fp32, 13:11 in fp16.
    operations = operations_of(outlines["bert-base"], 67_349, 128, 3)
    # Six operations a weight and token, for 85 million weights, and a few percent for attention.
    assert operations == pytest.approx(6 * 85.1e6 * 67_349 * 128 * 3, rel=0.04)
    titan = read_accelerators().accelerators["titan-rtx"]
    assert operations / (26 * 60 + 6) / (titan.fp32_tflops * 1e12) == pytest.approx(0.53, abs=0.005)
    assert operations / (13 * 60 + 11) / (titan.half_tflops * 1e12) == pytest.approx(0.13, abs=0.005)


@pytest.mark.parametrize("measured", read_accelerators().measurements, ids=lambda m: f"{m.accelerator}-{m.seconds}")
def test_shares_follow_from_published_times(measured, outlines):
    accelerator = read_accelerators().accelerators[measured.accelerator]
    peak = accelerator.fp32_tflops if measured.precision == FP32 else accelerator.half_tflops
    operations = operations_of(outlines[measured.model], measured.texts, measured.tokens, measured.epochs)
    assert operations / measured.seconds / (peak * 1e12) == pytest.approx(measured.share, abs=0.002)


def test_ranges_are_ordered_and_span_all_measurements():
    facts = read_accelerators()
    ranges = [facts.cpu_gflops_per_core]
    for precision in (FP32, HALF):
        shares = [m.share for m in facts.measurements if m.precision == precision]
        for accelerator in facts.accelerators:
            found = share_of_peak(accelerator, precision)
            assert (found.low, found.high) == (min(shares), max(shares))
            ranges.append(found)
    assert all(r.low <= r.typical <= r.high for r in ranges)


def test_an_accelerator_that_was_measured_goes_by_its_own_measurement():
    assert share_of_peak("t4", FP32).typical == 0.378
    assert share_of_peak("m4000", FP32).typical not in (0.378, 0.531)


def test_minutes_come_back_to_those_that_were_published(outlines):
    operations = operations_of(outlines["bert-base"], 20_000, 128, 2)
    estimate = estimate_minutes(machine("t4"), operations, width=768)
    assert estimate.precision == FP32
    assert estimate.minutes == pytest.approx(875 / 60, rel=0.01)
    assert estimate.low < estimate.minutes < estimate.high
    twice = estimate_minutes(machine("t4"), 2 * operations, width=768)
    assert twice.minutes == pytest.approx(2 * estimate.minutes)


def test_a_narrow_model_has_a_wider_range():
    wide, narrow = (training_gflops(machine("t4"), precision=FP32, width=width) for width in (768, 384))
    assert narrow.low == wide.low / 2
    assert (narrow.typical, narrow.high) == (wide.typical, wide.high)


def test_precision_is_what_training_would_choose():
    accelerators = read_accelerators().accelerators
    assert chosen_precision(accelerators["t4"]) == FP32
    assert chosen_precision(accelerators["l4"]) == HALF
    assert chosen_precision(accelerators["t4"], HALF) == HALF
    fp32, half = (estimate_minutes(machine("t4"), 1e16, precision=wish) for wish in (FP32, HALF))
    assert half.minutes < fp32.minutes / 3


def test_start_up_is_told_apart_and_grows_with_the_download():
    near, far = (estimate_minutes(machine("t4"), 1e15, download_mb=size) for size in (None, 1_200))
    assert near.minutes == far.minutes
    assert far.start_up_minutes - near.start_up_minutes == pytest.approx(1.0)


def test_memory_formula_is_near_the_peak_that_was_published(outlines):
    # The fine-tuning on a T4: 2,526 MiB with 16 texts of 128 tokens.
    forecast = training_memory_mb(outlines["bert-base"], batch_tokens=16 * 128)
    assert forecast == pytest.approx(2526 * 1.0486, rel=0.2)


def test_memory_is_less_where_less_is_trained(outlines):
    base = outlines["bert-base"]
    full, half, head = (
        training_memory_mb(base, method=method, frozen_layers=frozen)
        for method, frozen in (("full", 0), ("frozen", 6), ("head", 0))
    )
    assert full > half > head > 4 * base.weights / 1e6


def test_what_does_not_fit_is_told_with_the_reason():
    estimate = estimate_minutes(machine("t4"), 1e15, memory_mb=15_000)
    assert not estimate.fits
    assert estimate.minutes is None
    assert "does not fit: training takes about 15.0 GB" in estimate.reasons[0]
    assert "NVIDIA T4" in estimate.reasons[0]
    assert not estimate_minutes(machine("cpu", cpu_cores=2, ram_gb=4), 1e15, memory_mb=5_000).fits
    # Memory that is not stated refuses nothing.
    assert estimate_minutes(machine("cpu", cpu_cores=2), 1e15, memory_mb=5_000).fits


def test_cores_that_are_not_stated_give_no_minutes():
    estimate = estimate_minutes(machine("cpu"), 1e15)
    assert estimate.fits
    assert estimate.minutes is None
    assert estimate.reasons == ("the number of its cores is not stated",)


@pytest.mark.parametrize(
    ("minutes", "told", "untold"),
    [(60, [], ["session", "week"]), (13 * 60, ["session of 12 hours"], ["week"]), (40 * 60, ["session", "week"], [])],
)
def test_limits_that_a_training_passes_are_told(minutes, told, untold):
    kaggle = find_platform("kaggle")
    rate = training_gflops(kaggle.machines[0], precision=FP32)
    estimate = estimate_minutes(kaggle.machines[0], minutes * 60 * rate.typical * 1e9, platform=kaggle)
    reasons = " ".join(estimate.reasons)
    assert all(word in reasons for word in told)
    assert not any(word in reasons for word in untold)
    assert ("afina train --resume" in reasons) == bool(told)


def test_a_month_has_an_end_too():
    codespaces = find_platform("codespaces")
    assert isinstance(codespaces.limits, Limits)
    estimate = estimate_minutes(codespaces.machines[0], 1e18, platform=codespaces)
    assert any("60 hours of a month" in reason for reason in estimate.reasons)


def test_old_cards_need_another_pytorch():
    reasons = estimate_minutes(machine("m4000"), 1e15).reasons
    assert "PyTorch from PyPI does not run on it" in reasons[0]
    assert not estimate_minutes(machine("t4"), 1e15).reasons


def test_elsewhere_gives_minutes_on_gpus_that_anybody_can_have():
    found = elsewhere(1e16, memory_mb=4_000, width=768)
    assert set(found) == {"Colab T4", "Kaggle T4", "Lightning T4", "Lightning L4"}
    assert list(found.values()) == sorted(found.values())
    assert found["Lightning L4"] < found["Colab T4"]
    minutes = estimate_minutes(read_platforms()["colab"].machines[0], 1e16, width=768).minutes
    assert found["Colab T4"] == pytest.approx(minutes, rel=0.05)
    assert found["Colab T4"] == float(f"{minutes:.2g}")


def test_elsewhere_leaves_out_what_does_not_fit():
    assert set(elsewhere(1e16, memory_mb=18_000)) == {"Lightning L4"}
    assert elsewhere(1e16, memory_mb=50_000) == {}
