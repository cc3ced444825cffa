"""`afina compare`: two finished runs on the same labelled texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from afina.cli import _console
from afina.cli._options import (
    DEFAULT_MAX_ROWS,
    Force,
    Json,
    LabelColumn,
    LabelNames,
    MaxRows,
    TextColumn,
    TitleColumn,
    read_label_names,
)

EXAMPLES = """
Examples:

  afina compare runs/sample-minilm runs/sample-distilbert --on books.csv

  afina compare runs/a runs/b --on books.csv --on phones.csv --out disagreements.csv

  afina compare runs/a runs/b --on sample --json
"""
_EXAMPLES_SHOWN = 6


def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Another one.", show_default=False)],
    sources: Annotated[
        list[str],
        typer.Option(
            "--on",
            metavar="SOURCE",
            help="Labelled texts, as for `afina evaluate`; may be repeated.",
            show_default=False,
        ),
    ],
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    label_names: LabelNames = None,
    max_rows: MaxRows = DEFAULT_MAX_ROWS,
    out: Annotated[
        Path | None,
        typer.Option(help="File for the texts they label differently: .csv .tsv .jsonl .parquet.", show_default=False),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Say which of two runs is better on the same texts, or that these texts cannot tell.

    Texts that either run has learned from are left out. The test is McNemar's (mid-p); intervals are 95 % and come from
    a paired bootstrap.
    """
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import ReadOptions, compare_runs

        reading = ReadOptions(text_column, title_column, label_column, read_label_names(label_names), max_rows)
        document = compare_runs(first, second, sources, reading=reading, reporter=reporter, out=out, force=force)
    if json:
        _console.print_json(document)
        return
    for result in document["results"]:
        _print_result(document, result)
    if len(document["results"]) > 1:
        _console.say("\nWhere two runs are equally good, one comparison in twenty still looks decided")
    _console.say("\nThis compares two trained models; another seed makes others: afina train --seeds 3", style="dim")
    if out is not None:
        _console.say(f"All texts that they label differently are in {out}")


def _print_result(document: dict[str, Any], result: dict[str, Any]) -> None:
    names = {which: document[which]["run"] for which in ("first", "second")}
    _console.say(f"\n{result['dataset']}, {result['n']:,} texts", style="bold")
    _console.say(result["sentence"], style="green" if result["better"] else "yellow")
    if not result["better"] and result["detectable"]:
        _console.say(f"So many texts would show a difference of about {100 * result['detectable']:.1f} points")
    loss = result["difference"]["log_loss"]
    if not result["better"] and (loss["low"] > 0 or loss["high"] < 0):
        name = names["first"] if loss["low"] > 0 else names["second"]
        _console.say(f"By log loss {name} is better: it gives the right label more probability")
    removed = result["removed"]
    if removed["rows"]:
        _console.say(f"Left out: {removed['rows']:,} texts that one of them has learned from, exactly or nearly")
    _print_figures(names, result)
    _console.say(result["cost_sentence"])
    _print_disagreements(names, result)


def _print_figures(names: dict[str, str], result: dict[str, Any]) -> None:
    table = _console.new_table("95 % intervals; difference: the second less the first")
    table.add_column("")
    for heading in (*names.values(), "difference"):
        table.add_column(Text(heading), overflow="fold")
    for metric in ("accuracy", "f1"):
        cells = (_console.interval(result[which][metric]) for which in names)
        table.add_row(metric, *cells, _console.signed_interval(result["difference"][metric]))
    for metric in ("log_loss", "ece"):
        cells = (f"{result[which][metric]:.3f}" for which in names)
        difference = result["difference"].get(metric)
        table.add_row(metric.replace("_", " "), *cells, _console.signed_interval(difference) if difference else "")
    table.add_row("texts/s", *(f"{result[which]['texts_per_second']:,.0f}" for which in names), "")
    _console.print_table(table)
    mcnemar = result["mcnemar"]
    _console.say(
        f"Only {names['first']} is right on {mcnemar['first_only']:,} texts, only {names['second']} on "
        f"{mcnemar['second_only']:,}; f1: {result['first']['average']}"
    )


def _print_disagreements(names: dict[str, str], result: dict[str, Any]) -> None:
    found = result["disagreements"]
    if not found:
        return
    shown = min(_EXAMPLES_SHOWN, len(found))
    table = _console.new_table(f"Where they disagree most, {shown:,} of {len(found):,} texts")
    for heading in ("label", *names.values(), "text"):
        table.add_column(Text(heading), overflow="fold")
    for row in found[:shown]:
        cells = (
            Text(
                f"{row[which]['predicted']} {row[which]['confidence']:.2f}",
                style="green" if row[which]["predicted"] == row["label"] else "red",
            )
            for which in names
        )
        table.add_row(Text(row["label"]), *cells, Text(_console.one_line(row["text"], 70)))
    _console.print_table(table)
