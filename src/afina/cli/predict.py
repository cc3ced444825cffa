"""`afina predict`: labels for texts, lines of standard input, or a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from afina.cli import _console
from afina.cli._options import Force, Json, Run, TextColumn, TitleColumn
from afina.errors import ConfigError

EXAMPLES = """
Examples:

  afina predict runs/sample-minilm "I expected little and was delighted" "Never again"

  cat lines.txt | afina predict runs/sample-minilm

  afina predict runs/sample-minilm --file reviews.csv --out labelled.csv
"""

_NOT_SURE = "not sure"


def predict(
    run: Run,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts to classify.", show_default=False)
    ] = None,
    file: Annotated[str | None, typer.Option(help="File of texts to classify.", show_default=False)] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write: .csv .tsv .jsonl .parquet.", show_default=False)
    ] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Classify texts given as arguments, a text a line on standard input, or the rows of a file.

    Answers that are less probable than the run's threshold are marked as not sure.
    """
    if (file is None) != (out is None):
        raise ConfigError("--file and --out go together", hint="afina predict RUN --file IN --out OUT")
    if file is not None and texts:
        raise ConfigError("Give texts or --file, not both")
    if file is not None and out is not None:
        _predict_file(run, file, out, text_column=text_column, title_column=title_column, force=force, json=json)
        return
    if texts is None and sys.stdin.isatty():
        raise ConfigError("No texts given", hint='afina predict RUN "a text", or pipe lines into it')
    given = texts or [line.strip() for line in sys.stdin.buffer.read().decode("utf-8", errors="replace").splitlines()]
    given = [text for text in given if text.strip()]
    if not given:
        raise ConfigError("No texts given: all were blank")
    from afina.inference import Classifier, is_uncertain

    classifier = Classifier.load(run)
    probabilities = classifier.predict_proba(given)
    names = classifier.labels.names
    predictions = [
        {
            "text": text,
            "label": names[int(shares.argmax())],
            "score": float(shares.max()),
            "uncertain": is_uncertain(float(shares.max()), classifier.threshold),
            "probabilities": {name: float(share) for name, share in zip(names, shares, strict=True)},
        }
        for text, shares in zip(given, probabilities, strict=True)
    ]
    if json:
        _console.print_json({"run": str(run), "predictions": predictions})
        return
    width = max(map(len, names))
    marks = any(prediction["uncertain"] for prediction in predictions)
    styles = {"positive": "green", "negative": "red"}
    for prediction in predictions:
        label = str(prediction["label"])
        line = Text(f"{label:<{width}}", style=styles.get(label, "cyan"))
        line.append(f"  {prediction['score']:.3f}  ", style="default")
        if marks:
            line.append(f"{_NOT_SURE if prediction['uncertain'] else '':<{len(_NOT_SURE)}}  ", style="yellow")
        _console.stdout.print(line.append(str(prediction["text"]), style="default"), soft_wrap=True)


def _predict_file(
    run: Path, file: str, out: Path, *, text_column: str | None, title_column: str | None, force: bool, json: bool
) -> None:
    with _console.progress_reporter() as reporter:
        reporter.stage("Loading the run")
        from afina.inference import Classifier, score_file

        classifier = Classifier.load(run)
        reporter.stage(f"Classifying {file}")
        done = 0

        def on_rows(count: int) -> None:
            nonlocal done
            done += count
            reporter.rows(done)

        result = score_file(
            classifier, file, out, text_column=text_column, title_column=title_column,
            threshold=classifier.threshold, force=force, on_rows=on_rows,
        )  # fmt: skip
        for message in result.messages:
            reporter.tell(message)
    if json:
        _console.print_json(
            {
                "run": str(run),
                "file": file,
                "out": str(out),
                "rows": result.rows,
                "blank": result.blank,
                "uncertain": result.uncertain,
            }
        )
    else:
        unsure = f", {result.uncertain:,} of them not sure" if result.uncertain else ""
        _console.say(f"{result.rows:,} rows written to {out}{unsure}")
