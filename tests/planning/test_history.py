"""What past forecasts came to, where that is noted down, and what it corrects."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import pytest
from tests.past_runs import HERE, record

from afina.planning.history import (
    Corrections,
    Figures,
    append_record,
    correct_by,
    fit_corrections,
    judge,
    log_file,
    read_log,
)


def test_a_log_gives_back_what_was_noted_down():
    runs = [record(1.1, 0.9, 0), record(0.8, 1.2, 1, share_done=None, outcome={"seconds": 3.0})]
    assert all(append_record(run) for run in runs)
    assert read_log() == runs


def test_damaged_lines_are_passed_over():
    append_record(record(number=0))
    whole = record().model_dump_json()
    damaged = ["{", "[]", "null", '{"run": "x"}', whole[: len(whole) // 2], whole.replace("100.0", '"much"'),
               whole.replace('"date":"2026', '"date":"some'), whole.replace(HERE, "\udcff")]  # fmt: skip
    with log_file().open("ab") as file:
        file.write("\n".join(damaged).encode(errors="surrogateescape") + b"\x00\xff")
    append_record(record(number=1))
    assert [run.run for run in read_log()] == ["/runs/0", "/runs/1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_append_at_once():
    names = ["a", "b", "c"]
    children = []
    for name in names:
        if not (child := os.fork()):
            # What a failing assertion would do in here is not for the child.
            os._exit(not all(append_record(record(run=f"{name}-{i}-" + "x" * 3000)) for i in range(100)))
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    read = [run.run.rsplit("-", 1)[0] for run in read_log()]
    for name in names:
        assert [each for each in read if each[0] == name] == [f"{name}-{number}" for number in range(100)]


def test_only_the_newest_lines_are_read():
    log_file().parent.mkdir(parents=True)
    lines = (record(number=number).model_dump_json() for number in range(1003))
    log_file().write_text("\n\n".join(lines))
    read = read_log()
    assert (len(read), read[0].run, read[-1].run) == (1000, "/runs/3", "/runs/1002")


def test_a_place_that_cannot_be_written_to_is_no_reason_to_fail(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("AFINA_STATE", str(tmp_path / "file" / "below"))
    assert not append_record(record())
    assert read_log() == []
    (tmp_path / "state" / "forecasts.jsonl").mkdir(parents=True)
    monkeypatch.setenv("AFINA_STATE", str(tmp_path / "state"))
    assert not append_record(record())
    assert read_log() == []


@pytest.mark.skipif(sys.platform != "linux", reason="the place is the system's own")
def test_without_a_variable_the_log_stands_in_the_home(monkeypatch):
    monkeypatch.delenv("AFINA_STATE")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert log_file() == Path.home() / ".local/state/afina/forecasts.jsonl"


def test_a_run_is_held_against_the_share_of_the_work_that_it_did():
    forecast = Figures(seconds=100, total_seconds=120, memory_mb=1000)
    outcome = Figures(seconds=55, total_seconds=77, memory_mb=1100)
    assert judge(forecast, outcome, share_done=0.5) == pytest.approx((1.1, 1.1, 1.1))
    assert judge(forecast, outcome, share_done=1.0).seconds == pytest.approx(0.55)
    for share in (None, 0.1):
        assert judge(forecast, outcome, share_done=share) == (None, None, pytest.approx(1.1))
    assert judge(Figures(), outcome, share_done=1.0) == (None, None, None)
    assert judge(forecast, Figures(seconds=0), share_done=1.0) == (None, None, None)


def test_a_resumed_run_tells_of_memory_alone():
    assert record(1.4, 1.2, resumed=True).ratios == (None, None, pytest.approx(1.2))


def test_few_runs_correct_little_and_many_nearly_all():
    assert fit_corrections([]).apply(100, 1000, "full")[:2] == (100, pytest.approx(100 / 1.3))
    for n in (1, 3, 27):
        found = fit_corrections([record(1.5, 0.8, number) for number in range(n)])
        assert found.seconds_factor("full") == pytest.approx(1.5 ** (1 - (3 / (n + 3)) ** (2 if n >= 3 else 1)))
        assert found.memory == pytest.approx(0.8 ** (n / (n + 3)))


def test_the_median_counts_and_not_one_odd_run():
    runs = [record(ratio, 1.0, i) for i, ratio in enumerate((1.2, 1.2, 1.2, 1.2, 9.0))]
    assert fit_corrections(runs).seconds == pytest.approx(1.2 ** (5 / 8))


def test_factors_are_bounded():
    found = fit_corrections([record(50.0, 0.01, number) for number in range(40)])
    assert (found.seconds, found.seconds_factor("full"), found.memory) == pytest.approx((2.0, 2.0, 0.5))


def test_a_method_with_runs_enough_has_a_factor_of_its_own():
    runs = [record(1.0, 1.0, i) for i in range(6)] + [record(2.0, 1.0, i, method="lora") for i in range(3)]
    found = fit_corrections([*runs, record(2.0, 1.0, 9, method="head")])
    assert found.seconds == pytest.approx(1.0)
    assert found.seconds_factor("lora") == pytest.approx(2**0.5)
    assert found.seconds_factor("head") == found.seconds_factor("frozen") == found.seconds
    assert found.apply(100, 1000, "lora").seconds == pytest.approx(100 * 2**0.5)


def test_what_is_corrected_already_is_not_corrected_once_more():
    # Uncorrected, 100 s were forecast and 150 came; forecasts that hold the factor come true.
    plain = [record(1.5, 1.2, number) for number in range(5)]
    held = [record(1.0, 1.0, number, seconds_factor=1.5, memory_factor=1.2) for number in range(5)]
    assert fit_corrections(held) == fit_corrections(plain)


def test_a_forecast_tells_the_correction_in_it():
    found = Corrections(seconds=1.1, memory=0.9, seconds_by_method={"head": 1.4}).apply(100, 1000, "head")
    assert (found.seconds, found.memory_mb) == pytest.approx((140, 900))
    assert (found.seconds_factor, found.memory_factor) == (1.4, 0.9)


def test_the_range_is_wide_at_first_and_follows_the_runs():
    def width(*ratios):
        found = fit_corrections([record(ratio, 1.0, i) for i, ratio in enumerate(ratios)]).apply(100, 1000, "full")
        assert found.seconds_low * found.seconds_high == pytest.approx(found.seconds**2)
        return found.seconds_high / found.seconds

    assert width() == pytest.approx(1.3)
    assert 1.05 <= width(*[1.0, 1.02, 0.98] * 15) < width(*[1.0, 1.02, 0.98]) < 1.3
    assert width(*[0.5, 1.0, 2.0] * 15) > 1.5


def test_only_runs_of_the_same_kind_correct():
    alike = [record(1.5, 1.0, number) for number in range(4)]
    others = [record(3.0, 3.0, 9, **{key: value}) for key, value in
              (("fingerprint", "another"), ("made_by", "run"), ("rules", 0))]  # fmt: skip
    assert correct_by([*others, *alike], fingerprint=HERE) == fit_corrections(alike)
    assert correct_by([*others, *alike], fingerprint=HERE, made_by="run").n_seconds == 1
    assert correct_by(others, fingerprint=HERE).as_dict() == {}


def test_old_runs_are_forgotten():
    runs = [record(4.0, 1.0, number) for number in range(60)] + [record(1.0, 1.0, number) for number in range(60, 110)]
    found = correct_by(reversed(runs), fingerprint=HERE)
    assert (found.seconds, found.n_seconds) == (pytest.approx(1.0), 50)


def test_documents_hold_plain_numbers():
    document = fit_corrections([record(1.5, 1.1, number) for number in range(4)]).as_dict()
    assert document["seconds"] == pytest.approx(math.exp(4 / 7 * math.log(1.5)), abs=1e-4)
    assert document["runs"] == {"seconds": 4, "memory_mb": 4}
