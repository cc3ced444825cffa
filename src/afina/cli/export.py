"""`afina export`: a run's model as ONNX, checked against PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from afina.cli import _console
from afina.cli._options import Force, Json, LabelColumn, LabelNames, Run, TextColumn, TitleColumn, read_label_names
from afina.errors import ConfigError

EXAMPLES = """
Examples:

  afina export runs/sample-minilm

  afina export runs/sample-minilm --int8

  afina export runs/old --int8 --on held_out.csv --json

  afina export runs/sample-minilm --space my-space
"""


def export(
    run: Run,
    int8: Annotated[
        bool, typer.Option("--int8", help="Also in 8-bit integers, which are smaller and faster, if they answer alike.")
    ] = False,
    on: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="Labelled texts to check the integers on.", show_default="the run's dev texts"
        ),
    ] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    label_column: LabelColumn = None,
    label_names: LabelNames = None,
    space: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also write a folder that a free Hugging Face Space serves; the run is exported only if it has to be.",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a run's model as ONNX into the run, where predict, explain and every `Classifier.load` then find it.

    Its logits must be those of PyTorch. Integers must give at least 99 % of the dev texts the same label and lose at
    most 0.3 points of accuracy, or they are not written (exit 1).
    """
    if force and space is None:
        raise ConfigError("--force replaces a Space", hint="an export is replaced without it")
    if on is not None and not int8:
        raise ConfigError("--on says what 8-bit integers are checked on", hint="add --int8")
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import export_run, export_space
        from afina.recipes.labelled import ReadOptions

        reading = ReadOptions(
            text_column=text_column, title_column=title_column, label_column=label_column,
            label_names=read_label_names(label_names),
        )  # fmt: skip
        if space is None:
            document = export_run(run, int8=int8, on=on, reading=reading, reporter=reporter)
        else:
            document = export_space(run, space, int8=int8, on=on, reading=reading, force=force, reporter=reporter)
    if json:
        _console.print_json(document)
    else:
        _print(document)
    # A Space is served in 32-bit numbers too, unless integers were asked for.
    if document["refused"] and (int8 or space is None):
        raise typer.Exit(1)


def _print(document: dict[str, Any]) -> None:
    table = _console.new_table(f"{document['onnx']}, {document['seconds']:.0f} s")
    columns = ("graph", "MB", "largest difference of a logit", "same label on dev", "dev accuracy", "ECE")
    for heading in columns:
        table.add_column(heading, justify="left" if heading == "graph" else "right")
    for precision in ("fp32", "int8"):
        graph = document[precision]
        if graph is None:
            continue
        dev = graph["dev"]
        table.add_row(
            precision, f"{graph['mb']:.1f}", f"{max(graph['largest_difference'].values()):.1g}",
            *(("", "", "") if dev is None else _dev(dev)),
        )  # fmt: skip
    _console.print_table(table)
    dev = document["int8"] and document["int8"]["dev"]
    if dev:
        _console.say(
            f"PyTorch on the same {dev['texts']:,} dev texts: accuracy {dev['accuracy_before']:.3f}, "
            f"ECE {dev['ece_before']:.3f}"
        )
    if document["refused"]:
        _print_refusal(document["refused"])
    if "space" in document:
        _print_space(document["space"])
    else:
        _console.say(f"Answers now come from it: afina predict {document['run']} TEXT")


def _dev(dev: dict[str, Any]) -> tuple[str, str, str]:
    return f"{dev['labels_kept']:.2%}", f"{dev['accuracy']:.3f}", f"{dev['ece']:.3f}"


def _print_refusal(refused: dict[str, Any]) -> None:
    lost = 100 * (refused["accuracy_before"] - refused["accuracy"])
    change = f"loses {lost:.2f} points" if lost > 0 else "loses no accuracy"
    _console.say(
        f"8-bit integers are refused: of {refused['texts']:,} dev texts {refused['labels_kept']:.2%} keep their label "
        f"(99 % are asked for), and the model {change} (0.3 are allowed)",
        style="yellow",
    )


def _print_space(space: dict[str, Any]) -> None:
    _console.say(f"The Space is in {space['folder']} ({space['mb']:.0f} MB). To publish it with your account:")
    _console.say("  hf repos create OWNER/NAME --repo-type space --space-sdk docker")
    _console.say(f"  hf upload OWNER/NAME {space['folder']} . --repo-type space")
    if space["license"] is None:
        _console.say("The license of the pretrained model is not known: add it to README.md", style="yellow")
