"""`afina matrix`: a model for each source, tested on the held-out texts of all."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from afina.cli import _console
from afina.cli._options import (
    Assignments,
    ConfigFile,
    Force,
    Json,
    KeepLabelsSetting,
    LabelColumn,
    MaxRows,
    Method,
    Model,
    Seed,
    TextColumn,
    TitleColumn,
    settings_of,
)

EXAMPLES = """
Examples:

  afina matrix books.csv phones.csv films.csv

  afina matrix books.csv phones.csv --budget 10m --out runs/domains --json

  afina matrix books.csv hub:stanfordnlp/imdb --model distilbert --equal-size
"""


def matrix(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE SOURCE...",
            help="Labelled texts, two sources or more: files, folders, hub:owner/name, database URLs, or `sample`.",
            show_default=False,
        ),
    ],
    model: Model = None,
    method: Method = None,
    budget: Annotated[
        str | None, typer.Option(help="Wall-clock limit on the whole command: 900s, 15m, 1h.", show_default="30m")
    ] = None,
    equal_size: Annotated[
        bool, typer.Option("--equal-size", help="Train every model on as many texts as the smallest source has.")
    ] = False,
    seed: Seed = None,
    out: Annotated[str | None, typer.Option(help="Folder to write.", show_default="runs/matrix-MODEL")] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    max_rows: MaxRows = None,
    keep_labels: KeepLabelsSetting = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Train a model on each source and one on all together, and test every model on every source.

    Writes the runs, and the grid of accuracies as matrix.json, matrix.html and matrix.svg. What is trained on holds no
    text that stands, exactly or nearly, in any test set.
    """
    from afina.config import load_config

    options = settings_of(
        text_column=text_column, title_column=title_column, label_column=label_column, max_rows=max_rows,
        keep_labels=keep_labels, model=model, method=method, budget=budget, seed=seed, out=out,
    )  # fmt: skip
    settings, origins = load_config(config, assignments or (), options)
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina import recipes

        measured = recipes.measure_matrix(
            sources, settings, equal_size=equal_size, reporter=reporter, origins=origins, force=force,
            started=context.obj,
        )  # fmt: skip
    if json:
        _console.print_json(measured.document)
    else:
        _print(measured.document)


def _print(document: dict[str, Any]) -> None:
    _print_grid(document)
    _print_foreign(document)
    for sentence in document["verdict"]:
        _console.say(sentence)
    for failure in document["failed"]:
        _console.say(f"No model of {failure['name']}: {failure['why']}", style="bold")
    _console.say("")
    _console.say(f"  open {document['out']}/matrix.html")


def _print_grid(document: dict[str, Any]) -> None:
    cells = {(cell["train"], cell["test"]): cell for cell in document["cells"]}
    table = _console.new_table("Accuracy, % (*: on its own source)")
    table.add_column("trained on")
    for column in document["sources"]:
        table.add_column(column, justify="right")
    table.add_column("mean", justify="right")
    for row in document["trained_on"]:
        shown = [_grid_cell(cells.get((row, column))) for column in document["sources"]]
        mean = document["mean_accuracy"].get(row)
        averaged = _console.percent_interval(mean) if mean else "–"
        table.add_row(row, *shown, averaged, style="bold" if row == document["best"]["name"] else "")
    _console.print_table(table)


def _print_foreign(document: dict[str, Any]) -> None:
    table = _console.new_table("Away from home (points lost against the model trained on the tested source)")
    for heading in ("trained on", "tested on"):
        table.add_column(heading)
    for heading in ("points lost", "TF-IDF, %", "TF-IDF lost", "ECE", "ECE drift", "distance", "removed"):
        table.add_column(heading, justify="right")
    for cell in document["cells"]:
        if cell["in_domain"]:
            continue
        drift, distance = cell["ece_drift"], cell["distance"]
        table.add_row(
            cell["train"], cell["test"], _console.points_interval(cell["drop"]),
            f"{100 * cell['baseline_accuracy']['value']:.1f}", _console.points_interval(cell["baseline_drop"]),
            f"{cell['ece']:.3f}", "–" if drift is None else f"{drift:+.3f}",
            "–" if distance is None else f"{distance:.2f}", f"{cell['removed']:,}",
        )  # fmt: skip
    _console.print_table(table)


def _grid_cell(cell: dict[str, Any] | None) -> str:
    if cell is None:
        return "–"
    return f"{'*' if cell['in_domain'] else ''}{_console.percent_interval(cell['accuracy'])}"
