"""`afina evaluate`: a finished run on other labelled texts."""

from __future__ import annotations

from typing import Annotated

import typer

from afina.cli import _console
from afina.cli._evaluation_tables import print_evaluations
from afina.cli._options import DEFAULT_MAX_ROWS, Json, LabelColumn, MaxRows, Run, TextColumn, TitleColumn
from afina.errors import ConfigError

EXAMPLES = """
Examples:

  afina evaluate runs/sample-minilm books.csv phones.csv

  afina evaluate runs/sample-minilm reviews.csv --domain-column product

  afina evaluate runs/sample-minilm tweets.csv --label-names 0=negative,1=neutral,2=positive

  afina evaluate runs/sample-minilm sample --json
"""


def evaluate(
    run: Run,
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Labelled texts: files, folders, hub:owner/name, database URLs, or `sample`.", show_default=False
        ),
    ],
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    label_names: Annotated[
        str | None,
        typer.Option(
            "--label-names",
            help="What values of the label column mean, as in `0=negative,1=neutral,2=positive`.",
            show_default="found",
        ),
    ] = None,
    domain_column: Annotated[
        str | None,
        typer.Option(
            "--domain-column",
            help="Column that tells kinds of texts apart, such as the product; accuracy is given for each.",
            show_default=False,
        ),
    ] = None,
    max_rows: MaxRows = DEFAULT_MAX_ROWS,
    json: Json = False,
) -> None:
    """Score a run on one or many labelled data sets: without the texts that it has learned from, and with them.

    Every figure has a 95 % interval. What was found is kept in the run's folder, under `evaluations`.
    """
    named = None if label_names is None else _read_names(label_names)
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import evaluate_run

        document = evaluate_run(
            run,
            sources,
            reporter=reporter,
            text_column=text_column,
            title_column=title_column,
            label_column=label_column,
            label_names=named,
            domain_column=domain_column,
            max_rows=max_rows,
        )
    if json:
        _console.print_json(document)
    else:
        print_evaluations(document)


def _read_names(given: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given.split(",")]
    names = {value.strip(): name.strip() for value, _, name in pairs}
    if not all(equals and value.strip() and name.strip() for value, equals, name in pairs) or len(names) < len(pairs):
        raise ConfigError(
            f"--label-names takes each value once, with what it means: {given!r}",
            hint="as in --label-names 0=negative,1=positive",
        )
    return names
