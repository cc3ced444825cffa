"""`afina train`: labelled texts in, a tested model out."""

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
    Model,
    Seed,
    Test,
    TextColumn,
    TitleColumn,
    settings_of,
)
from afina.errors import ConfigError

EXAMPLES = """
Examples:

  afina train

  afina train reviews.csv --budget 5m

  afina train train.parquet --test test.parquet --json

  afina train reviews.csv --epochs 3 --learning-rate 5e-5 --out runs/mine

  afina train reviews.csv --augment negation,typos

  afina train sample --add feedback.jsonl

  afina train reviews.csv --method frozen --freeze-layers 3 --long-text head-tail --blend

  afina train reviews.csv --method lora --load-in-8bit

  afina train reviews.csv --seeds 3 --budget 30m
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
    test: Test = None,
    add: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Labelled texts to train on besides, such as feedback; none is chosen or tested by.",
            show_default=False,
        ),
    ] = None,
    model: Model = None,
    catalog: Catalog = None,
    method: Method = None,
    freeze_layers: Annotated[
        str | None,
        typer.Option(help="Layers that `frozen` leaves as they are: a number, or auto.", show_default="half"),
    ] = None,
    lora_rank: Annotated[int | None, typer.Option(help="Rank of the updates of `lora`.", show_default="8")] = None,
    lora_alpha: Annotated[float | None, typer.Option(help="Their scale, over the rank.", show_default="16")] = None,
    lora_dropout: Annotated[float | None, typer.Option(help="Dropout on their input.", show_default="0")] = None,
    lora_targets: Annotated[
        str | None,
        typer.Option(help="Modules they update: query,value.", show_default="all linear modules of the layers"),
    ] = None,
    load_in_8bit: Annotated[
        bool | None, typer.Option("--load-in-8bit", help="Hold weights in 8 bits (lora, head).", show_default=False)
    ] = None,
    load_in_4bit: Annotated[
        bool | None, typer.Option("--load-in-4bit", help="Hold weights in 4 bits (lora, head).", show_default=False)
    ] = None,
    blend: Annotated[
        bool | None, typer.Option("--blend", help="Average with TF-IDF where dev gains by it.", show_default=False)
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(help="Capabilities to teach with made-up sentences: negation,typos.", show_default=False),
    ] = None,
    budget: Budget = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the texts.", show_default="by size")] = None,
    max_steps: Annotated[
        int | None, typer.Option(help="Optimizer steps; repeatable to the bit.", show_default=False)
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.", show_default="by size")] = None,
    batch_tokens: Annotated[int | None, typer.Option(help="Most tokens in a batch.", show_default="1024")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens kept of a text.", show_default="256")] = None,
    long_text: Annotated[
        str | None,
        typer.Option(help="What is read of longer texts: head, head-tail or windows.", show_default="head"),
    ] = None,
    precision: Annotated[str | None, typer.Option(help="auto, fp32, bf16 or fp16.", show_default="auto")] = None,
    seed: Seed = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Train with so many seeds on the same split, and tell mean and deviation.")
    ] = 1,
    out: Annotated[str | None, typer.Option(help="Run folder to write.", show_default="runs/SOURCE-MODEL")] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    max_rows: MaxRows = None,
    keep_labels: KeepLabelsSetting = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on with an interrupted or killed run: its .partial folder.", show_default=False),
    ] = None,
    track: Annotated[bool, typer.Option("--track", help="Write TensorBoard events into the run.")] = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Fine-tune a model on labelled texts, test it on texts it has not seen, and write a run folder."""
    from afina.config import load_config

    options = settings_of(
        source=source, dev=dev, test=test, add=add, text_column=text_column, title_column=title_column,
        label_column=label_column, max_rows=max_rows, keep_labels=keep_labels, model=model, catalog=catalog,
        method=method, freeze_layers=freeze_layers, lora_rank=lora_rank, lora_alpha=lora_alpha,
        lora_dropout=lora_dropout, lora_targets=lora_targets or None, load_in_8bit=load_in_8bit,
        load_in_4bit=load_in_4bit, blend=blend, augment=augment, max_tokens=max_tokens, long_text=long_text,
        batch_tokens=batch_tokens, budget=budget, epochs=epochs, max_steps=max_steps, learning_rate=learning_rate,
        precision=precision, seed=seed, out=out,
    )  # fmt: skip
    settings, origins = load_config(config, assignments or (), options)
    if resume is not None and seeds > 1:
        raise ConfigError(
            "--resume goes on with one run, and takes no --seeds",
            hint="an interrupted repetition goes on with the command that began it",
        )
    if resume is not None and origins:
        raise ConfigError(
            f"--resume goes on with the settings of the interrupted run, so it takes no {', '.join(origins)}",
            hint=f"afina train --resume {resume}",
        )
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina import recipes

        result: recipes.FineTuned | recipes.Repeated
        if resume is not None:
            result = recipes.resume(resume, reporter=reporter, track=track)
        elif seeds > 1:
            result = recipes.fine_tune_seeds(
                settings, n_seeds=seeds, reporter=reporter, origins=origins, force=force, track=track,
                started=context.obj,
            )  # fmt: skip
        else:
            result = recipes.fine_tune(
                settings, reporter=reporter, origins=origins, force=force, track=track, started=context.obj
            )
        reporter.stage("Drawing the report")
        page = recipes.try_report(result.run, reporter)
    if json:
        _console.print_json(result.summary)
        return
    print_summary(result.summary)
    if page is not None:
        _console.say(f"  open {page}")


def print_summary(summary: dict[str, Any]) -> None:
    """The result as a table, the verdict, and what to do next."""
    from afina.recipes.outcome import forecast_sentence
    from afina.recipes.sentences import calibration_sentence, unsure_sentence

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
    _console.say(calibration_sentence(summary))
    _console.say(unsure_sentence(summary))
    blended = summary["blend"]
    if blended["weight"]:
        _console.say(
            f"the fine-tuned model has TF-IDF blended in ({blended['weight']:g}); alone, as in {summary['run']}/model, "
            f"its accuracy is {_console.interval(blended['test_alone']['accuracy'])}"
        )
    _console.say(summary["verdict"], style="green" if summary["beats_baseline"] else "yellow")
    if "seeds" in summary:
        _print_seeds(summary["seeds"], summary["run"])
    seconds, peak = summary["seconds"], summary["memory_mb"]["peak"]
    _console.say(
        f"{summary['epochs']:g} epochs, {summary['steps']:,} steps, {summary['tokens_per_second']:,.0f} tokens/s; "
        f"{seconds['total']:.0f} s in all, {seconds['train']:.0f} s of them training"
        + (f"; at most {peak:,.0f} MB of memory" if peak else "")
    )
    if held := forecast_sentence(summary):
        _console.say(held)
    _console.say(f"\nThe run is in {summary['run']}. Try it:")
    _console.say(f'  afina predict {summary["run"]} "I expected little and was delighted"')
    _console.say(f"  afina serve {summary['run']}            # a page to try it on, and an API")
    _console.say(f"  afina evaluate {summary['run']} other-reviews.csv")
    _console.say(f"  afina export {summary['run']} --int8    # the same answers sooner, and without PyTorch")


def _print_seeds(seeds: dict[str, Any], run: str) -> None:
    """What other seeds gave on the same texts."""
    named = {"accuracy": "accuracy", "f1": "f1", "log_loss": "log loss", "ece": "ece"}
    spreads = ", ".join(
        f"{name} {found['mean']:.3f} ± {found['deviation']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
        for key, name in named.items()
        for found in (seeds[key],)
    )
    _console.say(f"over {seeds['n']} seeds: {spreads}", style="bold")
    _console.say(
        f"± is one standard deviation, in brackets the range; all else told here is of {run}, the first seed: "
        "the best one would be a choice by the test"
    )
