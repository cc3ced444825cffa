"""`afina ladder`: from the majority class to full fine-tuning in one table, and the rung that is enough."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from afina.cli import _console
from afina.cli._options import (
    Assignments,
    Budget,
    ConfigFile,
    Force,
    Json,
    KeepLabelsSetting,
    LabelColumn,
    MaxRows,
    Model,
    Seed,
    Source,
    Test,
    TextColumn,
    TitleColumn,
    settings_of,
)

EXAMPLES = """
Examples:

  afina ladder reviews.csv

  afina ladder train.parquet --test test.parquet --budget 30m --out ladders/reviews

  afina ladder reviews.csv --rungs majority,lexicon,nb-svm,tfidf --json
"""


def ladder(
    context: typer.Context,
    source: Source,
    dev: Annotated[
        str | None, typer.Option(help="Texts that choose the rung.", show_default="a share of SOURCE")
    ] = None,
    test: Test = None,
    model: Model = None,
    budget: Budget = None,
    rungs: Annotated[
        str | None,
        typer.Option(
            help="Some of majority, lexicon, nb-svm, tfidf, head, frozen, lora, full; separated by commas.",
            show_default="all",
        ),
    ] = None,
    seed: Seed = None,
    out: Annotated[
        str | None, typer.Option(help="Folder of the table and the runs.", show_default="runs/SOURCE-ladder")
    ] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    max_rows: MaxRows = None,
    keep_labels: KeepLabelsSetting = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    html: Annotated[bool, typer.Option("--html/--no-html", help="Draw ladder.html and ladder.svg.")] = True,
    force: Force = False,
    json: Json = False,
) -> None:
    """Classify the same texts in every way, from naming the most frequent label to training a whole transformer.

    One table of accuracy, training time, size and time to answer; the Pareto front; and the cheapest rung that keeps up
    with the best. Each transformer rung is an ordinary run, ready to use. The budget bounds all of it.
    """
    from afina.config import load_config

    options = settings_of(
        source=source, dev=dev, test=test, text_column=text_column, title_column=title_column,
        label_column=label_column, max_rows=max_rows, keep_labels=keep_labels, model=model, budget=budget,
        seed=seed, out=out,
    )  # fmt: skip
    settings, origins = load_config(config, assignments or (), options)
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina import recipes

        climbed = recipes.climb_ladder(
            settings, rungs=None if rungs is None else [name.strip() for name in rungs.split(",") if name.strip()],
            reporter=reporter, origins=origins, draw=html, force=force, started=context.obj,
        )  # fmt: skip
    if json:
        _console.print_json(climbed.document)
    else:
        _print(climbed.document)


def _print(document: dict[str, Any]) -> None:
    """The table, what was skipped, and the rung that is enough."""
    texts, pick = document["texts"], document["pick"] or {}
    table = _console.new_table(
        f"{document['source']}: {texts['train']:,} texts to train on, {texts['test']:,} to test on, 95 % intervals"
    )
    for heading in ("rung", "accuracy", "f1", "minutes", "MB", "ms a text", "texts/s", "parameters", "front"):
        table.add_column(heading, justify="left" if heading in ("rung", "front") else "right")
    for row in document["rungs"]:
        table.add_row(
            row["title"], _console.interval(row["accuracy"]), f"{row['f1']['value']:.3f}", _minutes(row["minutes"]),
            f"{row['model_mb']:,.1f}", f"{row['milliseconds_a_text']:,.2f}", f"{row['texts_per_second']:,.0f}",
            f"{row['parameters']:,}", ", ".join(_fronts(row)),
            style="bold" if row["name"] == pick.get("name") else "",
        )  # fmt: skip
    _console.print_table(table)
    for row in document["skipped"]:
        _console.say(f"{row['title']} {'failed' if row['failed'] else 'was skipped'}: {row['why']}", style="yellow")
    if pick:
        _console.say(pick["answer"], style="bold")
        for sentence in pick["reasons"]:
            _console.say(f"  {sentence}")
        _console.say("")
        for sentence in (pick["rule"], pick["caveat"], document["rule"]):
            _console.say(sentence)
    _console.say(
        "front: no other rung is as accurate for less training (train) or less time a text (answer); "
        f"minutes: fitting alone. {document['seconds']['total']:.0f} s in all"
    )
    _console.say(f"\nThe table and the runs are in {document['out']}")
    run = next((row["run"] for row in document["rungs"] if row["name"] == pick.get("name") and row["run"]), None)
    if run:
        _console.say(f'  afina predict {run} "I expected little and was delighted"')


def _fronts(row: dict[str, Any]) -> list[str]:
    return [name for name, key in (("train", "pareto"), ("answer", "pareto_prediction")) if row[key]]


def _minutes(minutes: float) -> str:
    return "–" if not minutes else f"{minutes:.2f}" if minutes >= 0.1 else f"{minutes:.3f}"
