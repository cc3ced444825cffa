"""What `afina plan` prints: this machine, the best choices, what would not fit; and how well past forecasts held."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from afina.cli import _console

_MOST_REJECTED, _MOST_PLATFORMS = 8, 3
_EARLY = "early_stopping"
"""`afina.training.loop.EARLY`, without its torch."""


def print_plan(document: dict[str, Any]) -> None:
    """The document of `plan --json`, for readers."""
    _console.say(_machine_sentence(document["machine"]))
    choices = document["choices"]
    if choices:
        _print_choices(document)
    _print_rejected(document["rejected"])
    if document["notes"]:
        _console.say("\nNotes", style="bold")
        for sentence in document["notes"]:
            _console.say(f"  {sentence}")
    if choices and document["plan"]:
        planned = choices[(document["planned"] or 1) - 1]
        _console.say(f"\nThe plan for {planned['model']}, {_method(planned)}, is in {document['plan']}. Train with it:")
        _console.say(f"  afina train --config {document['plan']}")


def print_history(document: dict[str, Any]) -> None:
    """The document of `plan --history --json`, for readers."""
    runs = document["runs"]
    _console.say(_machine_sentence(document["machine"]))
    if runs:
        _print_runs(runs)
    silent = document["runs_without_forecast"]
    if silent:
        _console.say(f"{_runs(silent)} without a forecast left out")
    _console.say(f"As forecast: {_errors_sentence(document['error'])}", style="bold")
    if document["corrections"]:
        _console.say(f"With what they correct: {_errors_sentence(document['after_correction'])}")
    _console.say(_corrections_sentence(document["corrections"]))


def _print_runs(runs: Sequence[dict[str, Any]]) -> None:
    table = _table(
        f"{_runs(len(runs))}: what was forecast → what came",
        left=("run", "model", "method"), right=("tokens", "texts", "training s", "error", "memory MB", "error"),
    )  # fmt: skip
    for run in runs:
        table.add_row(
            Text(Path(run["run"]).name + "*" * (not run["same_machine"])), Text(run["model"]), run["method"],
            _number(run["max_tokens"]), _number(run["texts"]), *_against(run["seconds"]), *_against(run["memory_mb"]),
        )  # fmt: skip
    _console.print_table(table)
    if not all(run["same_machine"] for run in runs):
        _console.say("*: on another machine; it corrects nothing here")
    early = sum(run["stopped_by"] == _EARLY for run in runs)
    if early:
        _console.say(f"{early:,} stopped early, because dev accuracy no longer rose")


def _machine_sentence(machine: dict[str, Any]) -> str:
    cores, memory, free = machine["cores"], machine["memory_mb"], machine["free_memory_mb"]
    accelerator = machine["device_name"]
    parts = [
        machine["processor"], f"{cores} core{'s' * (cores != 1)}",
        f"{memory / 1000:.1f} GB of memory ({free / 1000:.1f} free)",
    ]  # fmt: skip
    if accelerator:
        parts.append(f"{accelerator} ({machine['device_memory_mb'] / 1000:.1f} GB free)")
    rates = f"{machine['fp32_gflops']:,.0f} GFLOP/s in fp32"
    if machine["bf16_gflops"]:
        rates += f", {machine['bf16_gflops']:,.0f} in bf16"
    return f"{', '.join(parts)}; {rates}"


def _print_choices(document: dict[str, Any]) -> None:
    choices = document["choices"]
    table = _table(
        f"{document['source']}: {document['texts']:,} texts to train on, "
        f"within {document['budget_seconds'] / 60:.3g} minutes",
        left=("", "model", "method"),
        right=("tokens", "epochs", "texts", "training min", "in all", "MB", "points"),
    )
    for rank, choice in enumerate(choices, 1):
        table.add_row(
            str(rank), Text(choice["model"]), _method(choice), f"{choice['max_tokens']:,}", f"{choice['epochs']:.3g}",
            f"{100 * choice['share']:.0f} %", _training_minutes(choice), _minutes(choice["total_seconds"]),
            f"{choice['memory_mb']:,.0f}", f"{choice['score']:.0f}", style="bold" if rank == 1 else "",
        )  # fmt: skip
    _console.print_table(table)
    for sentence in choices[0]["reasons"]:
        _console.say(f"  {sentence}")
    _print_legend(choices)


def _print_legend(choices: Sequence[dict[str, Any]]) -> None:
    lines = ["points rank the choices by a rule; they forecast no accuracy"]
    frozen = next((choice for choice in choices if choice["method"] == "frozen"), None)
    if frozen is not None:
        lines.append(f"{_method(frozen)}: its lowest {_layers(frozen['freeze_layers'])} as they are")
    if not all(choice["measured"] for choice in choices):
        lines.append("≈: reckoned from the model's operations; all else was measured here by training steps")
    downloads = {choice["model"]: choice["download_mb"] for choice in choices if choice["download_mb"]}
    if downloads:
        lines.append("to be downloaded: " + ", ".join(f"{name} ({mb:,.0f} MB)" for name, mb in downloads.items()))
    _console.say("")
    for line in lines:
        _console.say(line, style="dim")


def _print_rejected(rejected: Sequence[dict[str, Any]]) -> None:
    if not rejected:
        return
    _console.say("\nWould not fit", style="bold")
    for rejection in rejected[:_MOST_REJECTED]:
        _console.say(f"  {_rejection_sentence(rejection)}")
    if len(rejected) > _MOST_REJECTED:
        _console.say(f"  and {len(rejected) - _MOST_REJECTED:,} more; --json tells them all")


def _rejection_sentence(rejection: dict[str, Any]) -> str:
    """Why something does not fit here, and the minutes it would need on the fastest of the platforms."""
    why: str = rejection["why"].rstrip(".")
    fastest = sorted(rejection["elsewhere"].items(), key=lambda item: item[1])[:_MOST_PLATFORMS]
    if not fastest:
        return why
    (platform, needed), *others = fastest
    told = [f"{_roughly(needed)} minute{'' if _roughly(needed) == '1' else 's'} on a {platform}"]
    told += [f"{_roughly(needed)} on a {platform}" for platform, needed in others]
    return f"{why}; about {', '.join(told)}"


def _training_minutes(choice: dict[str, Any]) -> str:
    middle, low, high = (_minutes(choice[key]) for key in ("seconds", "seconds_low", "seconds_high"))
    return f"{'' if choice['measured'] else '≈'}{middle} ({low}–{high})"


def _method(choice: dict[str, Any]) -> str:
    return f"frozen {choice['freeze_layers']}" if choice["method"] == "frozen" else str(choice["method"])


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:,.0f}" if seconds >= 1800 else f"{seconds / 60:.1f}"


def _roughly(minutes: float) -> str:
    """Two figures: what platforms need is reckoned, not measured."""
    return f"{minutes:.2g}" if minutes < 99.5 else f"{minutes:,.0f}"


def _layers(n: int) -> str:
    return "layer stays" if n == 1 else f"{n} layers stay"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _against(pair: dict[str, float | None]) -> tuple[str, str]:
    """Forecast and outcome, and how much more or less it came to, for two cells."""
    error = pair["error"]
    both = f"{_number(pair['forecast'])} → {_number(pair['outcome'])}"
    return both, "–" if error is None else f"{100 * error:+.0f} %"


def _corrections_sentence(corrections: dict[str, Any]) -> str:
    """What the next plans on this machine are multiplied by."""
    if not corrections:
        return "Nothing is corrected yet: no run that was planned on this machine has ended"
    factors = [
        f"training time × {corrections['seconds']:.2f} ({_runs(corrections['runs']['seconds'])})",
        *(f"of {method} × {factor:.2f}" for method, factor in corrections["seconds_by_method"].items()),
        f"memory × {corrections['memory_mb']:.2f} ({_runs(corrections['runs']['memory_mb'])})",
    ]
    return f"The next plans on this machine are corrected: {', '.join(factors)}"


def _runs(n: int) -> str:
    return f"{n:,} run{'s' * (n != 1)}"


def _table(title: str, *, left: Sequence[str], right: Sequence[str]) -> Table:
    """A table whose columns stand close, so that a terminal of 100 columns holds it; long names wrap."""
    table = _console.new_table(title)
    table.padding = (0, 1, 0, 0)
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _errors_sentence(errors: dict[str, dict[str, Any]]) -> str:
    parts = [
        f"{what} is off by {100 * (found['median'] or 0):.0f} % in the median and {100 * (found['worst'] or 0):.0f} % "
        f"at worst ({_runs(found['n'])})"
        for what, found in (("training time", errors["seconds"]), ("peak memory", errors["memory_mb"]))
        if found["n"]
    ]
    return "; ".join(parts) or "no run has both a forecast and an outcome"
