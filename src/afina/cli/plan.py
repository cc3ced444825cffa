"""`afina plan`: which model and which settings, measured on this machine and fitted into the time there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from afina.cli import _console
from afina.cli._options import (
    Assignments,
    Budget,
    Catalog,
    ConfigFile,
    Force,
    Json,
    KeepLabelsSetting,
    LabelColumn,
    MaxRows,
    Method,
    Seed,
    Test,
    TextColumn,
    TitleColumn,
    settings_of,
)
from afina.cli._plan_tables import print_history, print_plan
from afina.errors import ConfigError, MachineLimitError

EXAMPLES = """
Examples:

  afina plan reviews.csv --budget 15m

  afina plan train.parquet --test test.parquet --model minilm --model distilbert --out plans/reviews.toml

  afina plan reviews.csv --budget 1h --method full --max-tokens 256 --json

  afina train --config plan.toml

  afina plan --history runs/*
"""


def plan(
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]",
            help="Labelled texts: files, a folder, hub:owner/name, a database URL, or `sample`; with --history, run "
            "folders.",
            show_default="sample",
        ),
    ] = None,
    dev: Annotated[
        str | None, typer.Option(help="Texts that choose the best weights.", show_default="a share of SOURCE")
    ] = None,
    test: Test = None,
    budget: Budget = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="Catalog name, folder or Hub id; may be repeated.", show_default="all of the catalog"
        ),
    ] = None,
    method: Method = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens kept of a text.", show_default="several")] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the texts.", show_default="several")] = None,
    seed: Seed = None,
    out: Annotated[
        Path | None, typer.Option(help="TOML file of the best plan, for `afina train`.", show_default="plan.toml")
    ] = None,
    catalog: Catalog = None,
    history: Annotated[
        bool, typer.Option("--history", help="Tell how well the forecasts of finished runs held.")
    ] = False,
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
    """Choose a model, a method and settings that end within the budget on this machine.

    Candidates are trained for a few steps, at most 30 seconds in all, and their time and memory forecast from that;
    models that are not on this machine take part with random weights. The best plan is a TOML file that `afina train`
    runs as it is. With --history the forecasts of finished runs are set against what came of them, and the constants
    for this machine corrected.
    """
    from afina.config import load_config

    given = sources or []
    options = settings_of(
        dev=dev, test=test, text_column=text_column, title_column=title_column, label_column=label_column,
        max_rows=max_rows, keep_labels=keep_labels, method=method, max_tokens=max_tokens, budget=budget, epochs=epochs,
        seed=seed,
    )  # fmt: skip
    if history:
        not_taken = {"--model": models, "--out": out, "--catalog": catalog, "--config": config, "--set": assignments}
        not_taken |= {f"--{name.rsplit('.', 1)[-1].replace('_', '-')}": value for name, value in options.items()}
        _print_history(given, refused=[name for name, value in not_taken.items() if value is not None], json=json)
        return
    if len(given) > 1:
        raise ConfigError(
            f"afina plan takes one source, got {len(given)}: {', '.join(given)}",
            hint="several files are one source as a.csv,b.csv; run folders go with --history",
        )
    settings, origins = load_config(config, assignments or (), {**options, "data.source": given[0] if given else None})
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina import recipes

        planned = recipes.plan(
            settings, models=models, catalog=catalog, out=out, reporter=reporter, origins=origins, force=force,
            started=context.obj,
        )  # fmt: skip
    if json:
        _console.print_json(planned.document)
    else:
        print_plan(planned.document)
    if not planned.document["choices"]:
        raise MachineLimitError(
            f"Nothing fits into {planned.document['budget_seconds']:,.3g} seconds on this machine",
            hint="give a longer --budget, or a smaller --model; `afina platforms` tells of faster machines",
        )


def _print_history(runs: list[str], *, refused: list[str], json: bool) -> None:
    """How well the forecasts of runs held."""
    if refused:
        raise ConfigError(
            f"--history reads finished runs, so it takes no {', '.join(refused)}", hint="afina plan --history runs/*"
        )
    with _console.progress_reporter() as reporter:
        reporter.stage("Reading the runs")
        from afina.recipes.forecasting import forecast_history

        document: dict[str, Any] = forecast_history([Path(run) for run in runs])
    if json:
        _console.print_json(document)
    else:
        print_history(document)
