"""`afina train`: labelled texts in, a tested model out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from afina.cli import _console
from afina.cli._options import Force, Json, LabelColumn, MaxRows, TextColumn, TitleColumn
from afina.errors import ConfigError

EXAMPLES = """
Examples:

  afina train

  afina train reviews.csv --budget 5m

  afina train train.parquet --test test.parquet --json

  afina train reviews.csv --epochs 3 --learning-rate 5e-5 --out runs/mine
"""


def train(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(
            help="Labelled texts: files, a folder, hub:owner/name, a database URL, or `sample`.", show_default="sample"
        ),
    ] = None,
    dev: Annotated[
        str | None, typer.Option(help="Texts that choose the best weights.", show_default="a share of SOURCE")
    ] = None,
    test: Annotated[str | None, typer.Option(help="Held-out texts.", show_default="a share of SOURCE")] = None,
    model: Annotated[str | None, typer.Option(help="Catalog name, folder or Hub id.", show_default="minilm")] = None,
    method: Annotated[str | None, typer.Option(help="What is trained.", show_default="full")] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="Wall-clock limit on the whole command: 900s, 15m, 1h.", show_default="15m"),
    ] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the texts.", show_default="by size")] = None,
    max_steps: Annotated[
        int | None, typer.Option(help="Optimizer steps; repeatable to the bit.", show_default=False)
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.", show_default="by size")] = None,
    batch_tokens: Annotated[int | None, typer.Option(help="Most tokens in a batch.", show_default="1024")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens kept of a text.", show_default="256")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, fp32 or bf16.", show_default="auto")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of splits, head and batches.", show_default="0")] = None,
    out: Annotated[str | None, typer.Option(help="Run folder to write.", show_default="runs/SOURCE-MODEL")] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    max_rows: MaxRows = None,
    keep_labels: Annotated[
        bool | None, typer.Option("--keep-labels", help="Do not map stars and 0/1 to sentiment.", show_default=False)
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.", show_default=False)] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting: section.field=value.", show_default=False)
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with an interrupted run: its .partial folder.", show_default=False)
    ] = None,
    track: Annotated[bool, typer.Option("--track", help="Write TensorBoard events into the run.")] = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Fine-tune a model on labelled texts, test it on texts it has not seen, and write a run folder."""
    from afina.config import load_config

    options: dict[str, Any] = {
        "data.source": source, "data.dev": dev, "data.test": test, "data.text_column": text_column,
        "data.title_column": title_column, "data.label_column": label_column, "data.max_rows": max_rows,
        "data.keep_labels": keep_labels, "modeling.name": model, "modeling.method": method,
        "tokenization.max_tokens": max_tokens, "tokenization.batch_tokens": batch_tokens,
        "training.budget": budget, "training.epochs": epochs, "training.max_steps": max_steps,
        "training.learning_rate": learning_rate, "training.precision": precision, "training.seed": seed, "out": out,
    }  # fmt: skip
    settings, origins = load_config(config, assignments or (), options)
    if resume is not None and origins:
        raise ConfigError(
            f"--resume goes on with the settings of the interrupted run, so it takes no {', '.join(origins)}",
            hint=f"afina train --resume {resume}",
        )
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina import recipes

        if resume is not None:
            result = recipes.resume(resume, reporter=reporter, track=track)
        else:
            result = recipes.fine_tune(
                settings, reporter=reporter, origins=origins, force=force, track=track, started=context.obj
            )
    if json:
        _console.print_json(result.summary)
    else:
        print_summary(result.summary)


def print_summary(summary: dict[str, Any]) -> None:
    """The result as a table, the verdict, and what to do next."""
    test, baseline = summary["test"], summary["baseline"]
    table = _console.new_table(f"Test: {test['n']:,} texts of {test['dataset']}, 95 % intervals")
    table.add_column("")
    for heading in ("fine-tuned", "TF-IDF + LR", "majority class"):
        table.add_column(heading)
    for metric in ("accuracy", "f1", "precision", "recall", "matthews"):
        cells = (test[metric], baseline[metric], baseline["majority"][metric])
        table.add_row(metric, *(_console.interval(cell) for cell in cells))
    for metric in ("log_loss", "ece"):
        cells = (test[metric], baseline[metric], baseline["majority"][metric])
        table.add_row(metric.replace("_", " "), *(f"{cell:.3f}" for cell in cells))
    _console.print_table(table)
    _console.say(f"f1, precision and recall: {test['average']}")
    _console.say(summary["verdict"], style="green" if summary["beats_baseline"] else "yellow")
    seconds = summary["seconds"]
    _console.say(
        f"{summary['epochs']:g} epochs, {summary['steps']:,} steps, {summary['tokens_per_second']:,.0f} tokens/s; "
        f"{seconds['total']:.0f} s in all, {seconds['train']:.0f} s of them training"
    )
    _console.say(f"\nThe run is in {summary['run']}. Try it:")
    _console.say(f'  afina predict {summary["run"]} "I expected little and was delighted"')
    _console.say(f"  afina evaluate {summary['run']} other-reviews.csv")
