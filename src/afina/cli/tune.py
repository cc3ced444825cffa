"""`afina tune`: better settings sought within a budget, the best of them trained and tested."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from afina.cli import _console
from afina.cli._options import (
    Budget,
    ConfigFile,
    Force,
    Json,
    KeepLabelsSetting,
    LabelColumn,
    MaxRows,
    Method,
    Model,
    Source,
    Test,
    TextColumn,
    TitleColumn,
    settings_of,
)
from afina.cli.train import print_summary

EXAMPLES = """
Examples:

  afina tune reviews.csv

  afina tune train.parquet --test test.parquet --budget 1h --json

  afina tune reviews.csv --set training.learning_rate=3e-5 --trials 10

  afina tune reviews.csv --storage postgresql://me@host/studies --study reviews
"""
_SHORT = {"learning_rate": "rate", "label_smoothing": "smoothing", "frozen_layers": "frozen"}


def tune(
    context: typer.Context,
    source: Source,
    dev: Annotated[
        str | None, typer.Option(help="Texts that score the trials.", show_default="a share of SOURCE")
    ] = None,
    test: Test = None,
    model: Model = None,
    method: Method = None,
    budget: Budget = None,
    trials: Annotated[
        int | None, typer.Option(help="Most finished trials of the study.", show_default="as time allows")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(help="Database URL of the study; several machines may share it.", show_default="a file"),
    ] = None,
    study: Annotated[str | None, typer.Option(help="Name of the study.", show_default="SOURCE-MODEL")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of splits, heads, batches and trials.", show_default="0")
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="Run folder to write.", show_default="runs/SOURCE-MODEL-tuned")
    ] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    max_rows: MaxRows = None,
    keep_labels: KeepLabelsSetting = None,
    config: ConfigFile = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any setting: section.field=value; it is kept, not sought.", show_default=False),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Search for better settings than the defaults, train with the best, and test the result once.

    Sought are the learning rate, the tokens in a batch, epochs, frozen layers, tokens read of a text, and label
    smoothing, by short trainings on a part of the texts (Optuna's TPE with successive halving). The budget bounds all
    of it. The defaults are the first trial; others replace them only where the dev texts show more than chance.
    """
    from afina.config import load_config

    options = settings_of(
        source=source, dev=dev, test=test, text_column=text_column, title_column=title_column,
        label_column=label_column, max_rows=max_rows, keep_labels=keep_labels, model=model, method=method,
        budget=budget, seed=seed, out=out,
    )  # fmt: skip
    settings, origins = load_config(config, assignments or (), options)
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina import recipes

        tuned = recipes.tune(
            settings, trials=trials, storage=storage, study=study, reporter=reporter, origins=origins, force=force,
            started=context.obj,
        )  # fmt: skip
    if json:
        _console.print_json(tuned.document)
    else:
        _print(tuned.document)


def _print(document: dict[str, Any]) -> None:
    names = list(document["space"])
    table = _console.new_table(f"Trials, scored by the {document['objective']}")
    for heading in ("trial", "state", "log loss", "accuracy", "seconds", *(_SHORT.get(name, name) for name in names)):
        table.add_column(heading.replace("_", " "), justify="left" if heading == "state" else "right")
    for row in document["trials"]:
        state = f"{row['state']}{', defaults' if row['is_default'] else ''}"
        cells = (_cell(name, row["params"].get(name)) for name in names)
        table.add_row(
            str(row["number"]), state, _number(row["value"], ".3f"), _number(row["accuracy"], ".3f"),
            _number(row["seconds"], ".0f"), *cells,
            style="bold" if row["number"] == document["winner"]["number"] else "",
        )  # fmt: skip
    _console.print_table(table)
    if document["importances"]:
        shares = ", ".join(f"{name.replace('_', ' ')} {share:.0%}" for name, share in document["importances"].items())
        _console.say(f"What mattered (share of the variance, a hint): {shares}")
    _console.say(document["search_verdict"], style="bold")
    _console.say("")
    print_summary(document)
    _console.say(f"  open {document['run']}/tuning.html")


def _cell(name: str, value: float | None) -> str:
    return _number(value, {"learning_rate": ".2g", "epochs": ".2g", "label_smoothing": ".2f"}.get(name, ",.0f"))


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
