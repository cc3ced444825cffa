"""`afina evaluate`: a finished run on other labelled texts."""

from __future__ import annotations

from typing import Annotated

import typer

from afina.cli import _console
from afina.cli._options import DEFAULT_MAX_ROWS, Json, LabelColumn, MaxRows, Run, TextColumn, TitleColumn

EXAMPLES = """
Examples:

  afina evaluate runs/sample-minilm books.csv phones.csv

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
    max_rows: MaxRows = DEFAULT_MAX_ROWS,
    json: Json = False,
) -> None:
    """Score a run on one or many labelled data sets, with 95 % bootstrap intervals."""
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
            max_rows=max_rows,
        )
    if json:
        _console.print_json(document)
        return
    table = _console.new_table(f"{document['run']}, accuracy and f1 with 95 % intervals")
    headings = ("data set", "texts", "accuracy", "f1", "precision", "recall", "log loss", "ece", "texts/s")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "data set" else "right")
    for result in document["results"]:
        table.add_row(
            result["dataset"], f"{result['n']:,}",
            _console.interval(result["accuracy"]), _console.interval(result["f1"]),
            *(f"{result[metric]['value']:.3f}" for metric in ("precision", "recall")),
            f"{result['log_loss']:.3f}", f"{result['ece']:.3f}", f"{result['texts_per_second']:.0f}",
        )  # fmt: skip
    _console.print_table(table)
    _console.say(f"f1, precision and recall: {document['results'][0]['average']}")
    for result in document["results"]:
        if result["share_truncated"]:
            share = result["share_truncated"]
            _console.say(f"{result['dataset']}: of {share:.0%} of the texts only the beginning was read")
