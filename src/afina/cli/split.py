"""`afina data split`: train, dev and test files that share no text."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from afina.cli import _console
from afina.cli._options import Force, Json, KeepLabels, LabelColumn, MaxRows, Source, TextColumn, TitleColumn
from afina.errors import ConfigError

EXAMPLES = """
Examples:

  afina data split reviews.csv --out split

  afina data split reviews.csv --out split --shares 70/15/15 --group-column author

  afina data split reviews.csv --out shots --few-shot 16
"""


def split(
    source: Source,
    out: Annotated[Path, typer.Option(help="Folder to write.", show_default=False)],
    shares: Annotated[str | None, typer.Option(help="Shares of train, dev and test.", show_default="80/10/10")] = None,
    few_shot: Annotated[
        int | None,
        typer.Option(
            help="Texts of each label to train on, as many for dev, the others to test on.", show_default=False
        ),
    ] = None,
    group_column: Annotated[
        str | None, typer.Option(help="Column of rows that belong together, as an author.", show_default=False)
    ] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    keep_labels: KeepLabels = False,
    max_rows: MaxRows = None,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal files.")] = 0,
    force: Force = False,
    json: Json = False,
) -> None:
    """Divide labelled texts, labels in proportion, near-duplicates and groups on one side; repeatable to the byte."""
    if shares is not None and few_shot is not None:
        raise ConfigError("Give --shares or --few-shot, not both")
    parsed = _parse("80/10/10" if shares is None else shares)
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import split_data

        document = split_data(
            source, out, shares=parsed, few_shot=few_shot, group_column=group_column, text_column=text_column,
            title_column=title_column, label_column=label_column, keep_labels=keep_labels, max_rows=max_rows,
            seed=seed, force=force, reporter=reporter,
        )  # fmt: skip
    if json:
        _console.print_json(document)
        return
    table = _console.new_table(f"{out}, seed {seed}")
    labels = list(document["parts"]["train"]["labels"])
    for heading in ("file", "texts", *labels, "sha256"):
        table.add_column(Text(heading), justify="left" if heading in ("file", "sha256") else "right")
    for part in document["parts"].values():
        counts = (f"{n:,}" for n in part["labels"].values())
        table.add_row(part["file"], f"{part['texts']:,}", *counts, part["sha256"][:12])
    _console.print_table(table)
    if document["duplicates_dropped"]:
        _console.say(f"Dropped, since they repeat an earlier row: {document['duplicates_dropped']:,}")
    if few_shot is not None and document["left_out"]:
        _console.say(f"Left out, since their twin or another row of their group is drawn: {document['left_out']:,}")
    elif document["near_duplicates"]:
        _console.say(f"Near-duplicates, kept on the side of their twins: {document['near_duplicates']:,}")
    if "rejected_rows" in document:
        _console.say(f"Not understood, and written to {out / 'rejected.jsonl'}: {document['rejected_rows']:,}")
    _console.say("\nTrain on it:")
    files = {name: shlex.quote(str(out / part["file"])) for name, part in document["parts"].items()}
    keep = " --keep-labels" if keep_labels else ""
    _console.say(f"  afina train {files['train']} --dev {files['dev']} --test {files['test']}{keep}")


def _parse(shares: str) -> list[float]:
    """Shares from `80/10/10` or `0.8/0.1/0.1`."""
    try:
        numbers = [float(part) for part in shares.replace(",", "/").split("/")]
    except ValueError:
        raise ConfigError(f"Not three numbers: --shares {shares}", hint="for example 80/10/10") from None
    for whole in (1, 100):
        if len(numbers) == 3 and min(numbers) > 0 and abs(sum(numbers) - whole) < 1e-6 * whole:
            return [number / whole for number in numbers]
    raise ConfigError(f"Not three shares that sum to 100: --shares {shares}", hint="for example 80/10/10")
