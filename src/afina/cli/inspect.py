"""`afina data inspect`: what is in a source, what is wrong with it, what leaks."""

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
    KeepLabels,
    LabelColumn,
    MaxRows,
    Source,
    TextColumn,
    TitleColumn,
)
from afina.outputs import check_file

EXAMPLES = """
Examples:

  afina data inspect reviews.csv

  afina data inspect train.csv --against test.csv

  afina data inspect sample --html sample.html
"""


def inspect(
    source: Source,
    against: Annotated[
        str | None, typer.Option(help="Another SOURCE, as the test set: find rows that stand in both.")
    ] = None,
    model: Annotated[str, typer.Option(help="Model in whose tokens lengths are counted.")] = "minilm",
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    keep_labels: KeepLabels = False,
    max_rows: MaxRows = DEFAULT_MAX_ROWS,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the examples, and of the rows where there are more.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots.", show_default=False)] = None,
    rejected: Annotated[
        Path | None, typer.Option(help="Write rows that could not be understood, as .jsonl.", show_default=False)
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Look at texts before training: classes, lengths, duplicates, odd rows, languages, telling words, leaks."""
    for path in filter(None, (html, rejected)):
        check_file(path, force=force)
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import inspect_data

        document, files = inspect_data(
            source, against=against, model=model, text_column=text_column, title_column=title_column,
            label_column=label_column, keep_labels=keep_labels, max_rows=max_rows, seed=seed, reporter=reporter,
        )  # fmt: skip
        if rejected is not None:
            from afina.data import write_rejected

            reporter.tell(f"{write_rejected(files, rejected):,} rows written to {rejected}")
        if html is not None:
            _console.write_page(reporter, "inspect.html.j2", document, html, force=force)
    if json:
        _console.print_json(document)
    else:
        _print(document)


def _print(document: dict[str, Any]) -> None:
    _print_head(document)
    _print_labels(document)
    _print_lengths(document)
    _print_repeats(document)
    _print_odd(document)
    _print_leakage(document["leakage"])
    _print_examples(document["examples"])
    _console.say("What to do", style="bold")
    for sentence in document["advice"]:
        _console.say(f"  • {sentence}")


def _print_head(document: dict[str, Any]) -> None:
    columns = document["columns"]
    used = ", ".join(f"{what} from {name!r}" for what, name in columns.items() if name)
    _console.say(f"{document['source']}: {document['rows']:,} rows, {used}", style="bold")
    if document["sampled"]:
        kept = document["sampled"]["kept"]
        _console.say(f"  looked at {kept:,} of them, drawn at random with the label mix of the whole (--max-rows)")
    for message in document["messages"]:
        _console.say(f"  {message}")
    counted: dict[str, int] = {
        "blank": document["blank"],
        "without a label": document["unlabelled"] if columns["label"] else 0,
        "not understood": document["rejected"]["rows"],
    }
    told = [f"{n:,} {what}" for what, n in counted.items() if n]
    told += [f"{aside['rows']:,} that {aside['reason']}" for aside in document["set_aside"]]
    if told:
        _console.say(f"  rows left out: {', '.join(told)}")
    for row in document["rejected"]["examples"][:3]:
        _console.say(f"    {row['file']}, {row['place']}: {row['reason']}: {_console.one_line(row['content'])}")
    _console.say("")


def _print_labels(document: dict[str, Any]) -> None:
    if not document["labels"]:
        return
    table = _console.new_table("Classes")
    for heading in ("label", "texts", "share", "median words", "telling words"):
        table.add_column(heading, justify="left" if heading in ("label", "telling words") else "right")
    for label in document["labels"]:
        words = ", ".join(word["word"] for word in document["telling_words"].get(label["label"], [])[:8])
        cells = (f"{label['texts']:,}", f"{label['share']:.1%}", f"{label['median_words']:.0f}", words)
        table.add_row(Text(_console.one_line(label["label"])), *cells)
    _console.print_table(table)


def _print_lengths(document: dict[str, Any]) -> None:
    table = _console.new_table("Length of a text")
    table.add_column("in")
    for heading in ("min", "5 %", "median", "mean", "95 %", "max", "over 128", "over 256", "over 512"):
        table.add_column(heading, justify="right")
    for lengths in filter(None, document["lengths"].values()):
        cut = lengths["share_truncated"] or {}
        unit = f"{lengths['unit']} of {lengths['tokenizer']}" if "tokenizer" in lengths else lengths["unit"]
        numbers = (f"{lengths[name]:,.0f}" for name in ("min", "p5", "median", "mean", "p95", "max"))
        shares = (f"{cut[limit]:.1%}" if limit in cut else "" for limit in ("128", "256", "512"))
        table.add_row(Text(unit), *numbers, *shares)
    _console.print_table(table)


def _print_repeats(document: dict[str, Any]) -> None:
    duplicates, conflicts = document["duplicates"], document["conflicts"]
    _console.say("Duplicates", style="bold")
    if not duplicates["clusters"]:
        _console.say("  none: no row repeats another, exactly or nearly\n")
        return
    extra = duplicates["exact_after_cleaning"] - duplicates["exact"]
    cleaned = f" ({duplicates['exact_after_cleaning']:,} once tags are removed)" if extra else ""
    _console.say(f"  repeat an earlier row, but for case, punctuation and spacing: {duplicates['exact']:,}{cleaned}")
    _console.say(f"  nearly repeat one: {duplicates['near']:,}")
    _console.say(f"  {_groups(duplicates['clusters'])} of such rows; the largest:")
    for cluster in duplicates["largest"][:3]:
        labels = ", ".join(f"{n:,} labelled {label}" for label, n in cluster["labels"].items())
        of_labels = f" ({labels})" if document["labels"] else ""
        _console.say(f"    {cluster['size']:,} rows{of_labels}: {_console.one_line(cluster['texts'][0])}")
    if conflicts["near_groups"]:
        _console.say(f"  {_groups(conflicts['near_groups'])} of nearly equal texts disagree on the label")
        for example in conflicts["near_examples"][:3]:
            for row in example["texts"]:
                _console.say(f"    {row['label']}, row {row['row']}: {_console.one_line(row['text'])}")
    if conflicts["groups"]:
        _console.say(
            f"  {_groups(conflicts['groups'])} of equal texts ({conflicts['rows']:,} rows) disagree on the label"
        )
        for example in conflicts["examples"][:3]:
            labels = " and ".join(dict.fromkeys(str(row["label"]) for row in example["texts"]))
            _console.say(f"    {labels}: {_console.one_line(example['texts'][0]['text'])}")
    _console.say("")


def _groups(n: int) -> str:
    return f"{n:,} group{'' if n == 1 else 's'}"


def _print_odd(document: dict[str, Any]) -> None:
    languages = document["languages"]
    if languages["found"]:
        found = ", ".join(f"{row['language']} {row['share']:.1%}" for row in languages["found"])
        _console.say("Languages", style="bold")
        _console.say(f"  {found} (of {languages['told']:,} texts long enough to tell)")
        for other in languages["others"][:3]:
            _console.say(f"    {other['language']}: {_console.one_line(other['text'])}")
        _console.say("")
    if document["odd"]:
        table = _console.new_table("Odd rows")
        for heading in ("what", "rows", "share", "example"):
            table.add_column(heading, justify="right" if heading in ("rows", "share") else "left")
        for odd in document["odd"]:
            example = _console.one_line(odd["examples"][0], 60)
            table.add_row(odd["what"], f"{odd['rows']:,}", f"{odd['share']:.1%}", Text(example))
        _console.print_table(table)


def _print_leakage(leakage: dict[str, Any] | None) -> None:
    if leakage is None:
        return
    _console.say(f"Shared with {leakage['against']}", style="bold")
    shared = leakage["exact"] + leakage["near"]
    style = "bold red" if shared else "green"
    _console.say(
        f"  rows here that stand there: {shared:,} ({leakage['share']:.1%}), {leakage['exact']:,} exactly and "
        f"{leakage['near']:,} nearly",
        style=style,
    )
    _console.say(
        f"  rows there that stand here: {leakage['exact_against'] + leakage['near_against']:,} of "
        f"{leakage['texts_against']:,} ({leakage['share_against']:.1%}), {leakage['exact_against']:,} exactly and "
        f"{leakage['near_against']:,} nearly"
    )
    if leakage["contradicting_labels"]:
        _console.say(f"  shared rows whose label differs there: {leakage['contradicting_labels']:,}")
    for example in leakage["examples"][:5]:
        near = example["kind"] == "near"
        there = "" if near else f", row {example['match_row']} there"
        _console.say(f"    {example['kind']}, row {example['row']}{there}: {_console.one_line(example['text'])}")
        if near:
            _console.say(f"      there, row {example['match_row']}: {_console.one_line(example['match'])}")
    _console.say("")


def _print_examples(examples: dict[str, list[str]]) -> None:
    _console.say("Examples, drawn at random", style="bold")
    for label, texts in examples.items():
        for text in texts:
            _console.say(f"  {_console.one_line(label) + ': ' if label else ''}{_console.one_line(text)}")
    _console.say("")
