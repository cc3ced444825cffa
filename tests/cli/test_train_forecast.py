"""What `afina train` says last about its forecast."""

from __future__ import annotations

from tests.full_run import metrics

from afina.cli.train import print_summary


def test_the_closing_lines_tell_how_the_forecast_held(capsys):
    print_summary(metrics())
    told = capsys.readouterr().out
    assert "forecast: 201 s of training and 1,540 MB; it took 213 s and 1,681 MB\n" in told


def test_they_say_nothing_of_a_forecast_that_was_not_made(capsys):
    summary = metrics()
    summary["forecast"] |= {"seconds": None, "memory_mb": None}
    print_summary(summary)
    assert "forecast" not in capsys.readouterr().out
