"""`afina evaluate`: a finished run on other labelled texts."""

from __future__ import annotations

from typing import Annotated

import typer

from afina.cli import _console
from afina.cli._evaluation_tables import print_evaluations
from afina.cli._options import (
    DEFAULT_MAX_ROWS,
    Json,
    LabelColumn,
    LabelNames,
    MaxRows,
    Run,
    TextColumn,
    TitleColumn,
    read_label_names,
)

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
    label_names: LabelNames = None,
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
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import ReadOptions, evaluate_run

        reading = ReadOptions(text_column, title_column, label_column, read_label_names(label_names), max_rows)
        document = evaluate_run(run, sources, reading=reading, domain_column=domain_column, reporter=reporter)
    if json:
        _console.print_json(document)
    else:
        print_evaluations(document)
