"""`afina data audit`: likely label errors, worst first."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.text import Text

from afina.cli import _console
from afina.cli._options import (
    DEFAULT_MAX_ROWS,
    Force,
    Json,
    KeepLabels,
    LabelColumn,
    MaxRows,
    Source,
    TextColumn,
    TitleColumn,
)
from afina.errors import ConfigError

EXAMPLES = """
Examples:

  afina data audit reviews.csv

  afina data audit reviews.csv --out audited.csv

  afina data audit reviews.csv --out cleaned.csv --remove --measure
"""
_FLIPS = (0.05, 0.2)


def audit(
    source: Source,
    model: Annotated[str, typer.Option(help="Pretrained model whose embeddings are used.")] = "minilm",
    max_tokens: Annotated[int, typer.Option(min=8, help="Tokens it reads of a text.")] = 128,
    show: Annotated[int, typer.Option(min=0, help="Rows to show.")] = 20,
    out: Annotated[
        Path | None,
        typer.Option(help="Write all texts with the audit's columns: .csv .tsv .jsonl .parquet.", show_default=False),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Leave likely errors out of --out.")] = False,
    relabel: Annotated[bool, typer.Option("--relabel", help="Give likely errors the suggested label.")] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Flip 5 % and 20 % of the labels to see how many are found.")
    ] = False,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    keep_labels: KeepLabels = False,
    max_rows: MaxRows = DEFAULT_MAX_ROWS,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the cross-validation.")] = 0,
    force: Force = False,
    json: Json = False,
) -> None:
    """Rank labels by how unlikely they are; nothing is removed or changed unless asked for."""
    if (remove or relabel) and out is None:
        raise ConfigError("--remove and --relabel write a file", hint="name it with --out")
    if remove and relabel:
        raise ConfigError("Give --remove or --relabel, not both")
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.data.writing import check_output
        from afina.recipes import audit_labels, write_audited

        if out is not None:
            check_output(out, force=force)
        audited = audit_labels(
            source, model=model, max_tokens=max_tokens, show=show, flips=_FLIPS if measure else (),
            text_column=text_column, title_column=title_column, label_column=label_column, keep_labels=keep_labels,
            max_rows=max_rows, seed=seed, reporter=reporter,
        )  # fmt: skip
        document = audited.document
        if out is not None:
            mend: Literal["nothing", "remove", "relabel"] = "remove" if remove else "relabel" if relabel else "nothing"
            document["out"] = {"file": str(out), **write_audited(audited, out, mend=mend, force=force)}
    if json:
        _console.print_json(document)
    else:
        _print(document, keep_labels=keep_labels)


def _print(document: dict[str, Any], *, keep_labels: bool) -> None:
    if document["ranked"]:
        _print_ranked(document)
    _console.say(f"Likely errors: {document['likely_errors']:,} labels ({document['share']:.1%})", style="bold")
    _console.say(
        "Quality is the probability of the given label for models that have not seen the text; they agree with "
        f"{document['agreement']:.0%} of the labels"
    )
    if document["measured"]:
        _print_measured(document["measured"])
    else:
        _console.say("How far to trust this on your texts: --measure flips labels and counts those found")
    if "out" in document:
        done = document["out"]
        changed = {"removed": done["removed"], "given another label": done["relabelled"]}
        told = ", ".join(f"{n:,} {what}" for what, n in changed.items() if n) or "none removed or changed"
        if done["not_audited"]:
            told += f"; not audited, for want of a text or a label: {done['not_audited']:,}"
        _console.say(f"{done['rows']:,} rows written to {done['file']}, {told}")
        keep = " --keep-labels" if keep_labels else ""
        _console.say(f"\nTrain on them:\n  afina train {shlex.quote(done['file'])}{keep}")


def _print_ranked(document: dict[str, Any]) -> None:
    table = _console.new_table(f"Labels least likely to be right, of {document['texts']:,} texts")
    for heading in ("row", "label", "suggested", "quality", "text"):
        table.add_column(heading, justify="right" if heading in ("row", "quality") else "left")
    for row in document["ranked"]:
        labels = (Text(_console.one_line(row[name])) for name in ("label", "suggested_label"))
        text = Text(_console.one_line(row["text"], 90))
        table.add_row(f"{row['row']:,}", *labels, f"{row['label_quality']:.3f}", text)
    _console.print_table(table)


def _print_measured(measured: list[dict[str, Any]]) -> None:
    _console.say("")
    table = _console.new_table("Labels flipped at random, and found again: average precision of the ranking")
    for heading in ("flipped", "chance", "TF-IDF", "embeddings", "both", "likely errors", "right", "found"):
        table.add_column(heading, justify="right")
    for row in measured:
        precision = row["average_precision"]
        table.add_row(
            f"{row['flipped']:.0%}", f"{row['flipped']:.3f}", f"{precision['tfidf']:.3f}",
            f"{precision['embeddings']:.3f}", f"{precision['both']:.3f}", f"{row['likely_errors']:,}",
            f"{row['precision']:.0%}", f"{row['recall']:.0%}",
        )  # fmt: skip
    _console.print_table(table)
    _console.say("right: share of likely errors that were flipped; found: share of flipped labels among them")
