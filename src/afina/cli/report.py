"""`afina report`: all that is known about a run, on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from afina.cli import _console
from afina.cli._options import Json, Run

EXAMPLES = """
Examples:

  afina report runs/sample-minilm

  afina report runs/sample-minilm --out report.html --matrix matrices/books

  afina report runs/sample-minilm --json
"""


def report(
    run: Run,
    out: Annotated[
        Path | None,
        typer.Option(help="The page; its figures go into a folder beside it.", show_default="RUN/report.html"),
    ] = None,
    matrix: Annotated[
        Path | None,
        typer.Option(help="Folder that `afina matrix` wrote.", show_default="the matrix that RUN belongs to"),
    ] = None,
    json: Json = False,
) -> None:
    """Write one HTML page with all that is known about a run; it loads nothing, and prints well."""
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import report_run

        written = report_run(run, out=out, matrix=matrix, reporter=reporter)
    if json:
        _console.print_json({"page": str(written.page), **written.document})
        return
    _print_answer(written.document)
    _console.say(f"The report is {written.page}, with {len(written.figures)} figures in {written.figures_folder}")
    for row in written.document["missing"]:
        _console.say(f"  not in it: {row['what']}; {row['command']} would add it")


def _print_answer(document: dict[str, Any]) -> None:
    answer = document["answer"]
    if answer:
        for sentence in filter(None, (answer["verdict"], *answer["sentences"])):
            _console.say(sentence)
