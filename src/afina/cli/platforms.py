"""`afina platforms`: where a training could run free of charge, and for how long; `show` tells all of one platform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from afina.cli import _console
from afina.cli._options import Json
from afina.errors import ConfigError

EXAMPLES = """
Examples:

  afina platforms

  afina platforms reviews.csv --model roberta --epochs 3

  afina platforms show kaggle
"""

_SHOW = "show"
_UNKNOWN = "not stated"
_LEAST_MINUTES, _MANY_MINUTES = 0.1, 600


def platforms(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE | show",
            help="Texts to train on, as for `afina train`; or `show`, before a platform's name.",
        ),
    ] = "sample",
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Platform to show all facts of.", show_default=False)
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="Catalog name, folder, or Hub id whose config is here.")
    ] = "minilm",
    method: Annotated[str, typer.Option(help="full, frozen, head or lora.")] = "full",
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Most tokens read of a text.", show_default="that of training")
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(min=0.01, help="Passes over the texts.", show_default="by their number")
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file with models of your own.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Compare free machines elsewhere with this one: memory, hours, what is kept, and minutes of a training."""
    if source == _SHOW or name is not None:
        _show(source, name, json=json)
        return
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import compare_platforms

        document = compare_platforms(
            source,
            model,
            method=method,
            max_tokens=max_tokens,
            epochs=epochs,
            catalog=catalog,
            reporter=reporter,
        )
    if json:
        _console.print_json(document)
    else:
        _print_comparison(document)


def _show(word: str, name: str | None, *, json: bool) -> None:
    if word != _SHOW or name is None:
        raise ConfigError(
            "A platform is shown by its name" if name is None else f"One source is compared, and {name!r} is left over",
            hint="as in `afina platforms show kaggle`; `afina platforms` lists them",
        )
    from afina.recipes import describe_platform

    document = describe_platform(name)
    if json:
        _console.print_json(document)
    else:
        for line, style in _facts(document):
            _console.say(line, style=style)


def _print_comparison(document: dict[str, Any]) -> None:
    table = _console.new_table(
        f"{document['model']} ({document['method']}) on {document['texts']:,} texts of {document['source']}, "
        f"{document['epochs']:g} epochs of {document['tokens']:,} tokens"
    )
    table.padding, table.show_edge = (0, 1, 0, 0), False
    for heading in ("platform", "machine", "memory", "session", "hours", "kept", "minutes", "next step", "as of"):
        table.add_column(heading, justify="right" if heading in ("memory", "session", "minutes") else "left")
    here = document["here"]
    measured = f"{_figures(here['minutes'])} measured" if here["minutes"] is not None else "does not fit"
    table.add_row(
        "here", _cores(here["cpu_cores"]), f"{here['ram_gb']:g} GB", "any", "any", "everything", measured,
        "–", "today", style="bold",
    )  # fmt: skip
    before = None
    for row in document["platforms"]:
        is_first, before = row["platform"] != before, row["platform"]
        table.add_row(
            row["short"] + ("" if row["open_to_new"] else " *") if is_first else "",
            _machine(row), _memory(row), _hours(row["session_hours"]), _quota(row),
            (row["persistence"] or _UNKNOWN) if is_first else "", _minutes(row["estimate"]),
            (row["next_step"] or _UNKNOWN) if is_first else "", (row["as_of"] or "undated")[:7] if is_first else "",
        )  # fmt: skip
    _console.print_table(table)
    for line in _below(document):
        _console.say(line, style="dim")


def _below(document: dict[str, Any]) -> Iterator[str]:
    rows = document["platforms"]
    yield from (f"{note}." for note in document["notes"])
    closed = list(dict.fromkeys(row["title"] for row in rows if not row["open_to_new"]))
    if closed:
        yield f"* takes no new accounts: {', '.join(closed)}."
    for row in rows:
        for reason in row["estimate"]["reasons"]:
            yield f"{row['short']} {row['accelerator_short']}: {reason}."
    yield (
        f"What no source gives is {_UNKNOWN}. Facts were last looked up on {min(row['checked'] for row in rows)}; "
        "as of: of when the oldest text is that they were read in. `afina platforms show NAME` tells all, with sources."
    )


def _machine(row: dict[str, Any]) -> str:
    if row["kind"] == "cpu":
        return _cores(row["cpu_cores"])
    return row["accelerator_short"] if row["count"] == 1 else f"{row['count']} × {row['accelerator_short']}"


def _cores(number: int | None) -> str:
    return "CPU" if number is None else f"CPU, {number}"


def _memory(row: dict[str, Any]) -> str:
    memory = row["memory_gb"] if row["kind"] == "gpu" else row["ram_gb"]
    return _UNKNOWN if memory is None else f"{memory:g} GB"


def _hours(hours: float | None) -> str:
    return _UNKNOWN if hours is None else f"{hours:g} h"


def _quota(row: dict[str, Any]) -> str:
    if row["kind"] == "gpu" and row["gpu_hours_a_week"] is not None:
        return f"{row['gpu_hours_a_week']:g} a week"
    if row["hours_a_month"] is not None:
        return f"{row['hours_a_month']:g} a month"
    return _UNKNOWN


def _minutes(estimate: dict[str, Any]) -> str:
    if not estimate["fits"]:
        return "does not fit" if "fit" in estimate["reasons"][0] else "no training"
    if estimate["minutes"] is None:
        return "–"
    if estimate["high"] < _LEAST_MINUTES:
        return _figures(estimate["high"])
    unit, per = (" h", 60) if estimate["minutes"] >= _MANY_MINUTES else ("", 1)
    middle, low, high = (_figures(estimate[key] / per) for key in ("minutes", "low", "high"))
    return f"{middle}{unit} ({low}–{high}{unit})"


def _figures(minutes: float) -> str:
    """Two figures, which is more than an estimate holds."""
    if minutes < _LEAST_MINUTES:
        return f"<{_LEAST_MINUTES}"
    return f"{float(f'{minutes:.2g}'):,.0f}" if minutes >= 10 else f"{minutes:.2g}"


_YES_NO = {True: "yes", False: "no", None: _UNKNOWN}


def _facts(platform: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Lines that tell all facts of a platform, and how they are styled."""
    yield platform["title"], "bold"
    yield platform["good_for"], ""
    if platform["url"]:
        yield platform["url"], "dim"
    for machine in platform["machines"]:
        accelerator = platform["accelerators"][machine["accelerator"]]
        sizes = {"cores": machine["cpu_cores"], "GB of memory": machine["ram_gb"], "GB of disk": machine["disk_gb"]}
        told = [f"{value:g} {unit}" for unit, value in sizes.items() if value is not None]
        told += [f"{unit} {_UNKNOWN}" for unit, value in sizes.items() if value is None]
        own = f" with {accelerator['memory_gb']:g} GB" if accelerator["memory_gb"] else ""
        notes = [note for note in (machine["note"], machine["unfit"]) if note]
        yield "", ""
        yield f"{machine['count']} × {accelerator['title']}{own}: {', '.join(told)}", "bold"
        yield from ((f"  {note}", "") for note in notes)
        yield _source(machine), "dim"
        if accelerator["fp32_tflops"]:
            peaks = f"{accelerator['fp32_tflops']:g} in fp32"
            peaks += f", {accelerator['half_tflops']:g} in half precision" if accelerator["half_tflops"] else ""
            yield f"  peak rate, 1e12 operations a second: {peaks}; bf16: {_YES_NO[accelerator['bf16']]}", ""
            yield _source(accelerator), "dim"
    for heading, group, lines in _groups(platform):
        yield "", ""
        yield heading, "bold"
        yield from ((f"  {line}", "") for line in lines)
        yield _source(group), "dim"


def _groups(platform: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    limits, access, kept, price = (platform[key] for key in ("limits", "access", "persistence", "price"))
    if limits:
        background = f"goes on without a browser: {_YES_NO[limits['background']]}"
        yield "Hours", limits, [
            f"session: {_hours(limits['session_hours'])}; idle: "
            + (f"{limits['idle_minutes']:g} minutes" if limits["idle_minutes"] else _UNKNOWN),
            limits["quota"] or f"quota: {_UNKNOWN}",
            background + (f"; {limits['background_note']}" if limits["background_note"] else ""),
        ]  # fmt: skip
    if kept:
        yield "What is kept", kept, [kept["kept"]]
    if access:
        yield "To begin", access, [
            access["sign_up"],
            f"phone: {_YES_NO[access['phone']]}; card: {_YES_NO[access['card']]}",
            f"network: {access['network'] or _UNKNOWN}; terminal: {access['terminal'] or _UNKNOWN}",
        ]  # fmt: skip
    if price:
        yield "Next step", price, [price["next_step"]]
    for news in platform["news"]:
        yield "News", news, [news["text"]]


def _source(group: dict[str, Any]) -> str:
    dated = group["as_of"] or "undated"
    return (
        f"  {group['source']} ({dated}{', as quoted by others' if group['quoted'] else ''}; checked {group['checked']})"
    )
