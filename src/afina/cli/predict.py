"""`afina predict`: labels for texts, lines of standard input, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

import afina
from afina.cli import _console
from afina.cli._options import BackendName, Force, Json, Run, TextColumn, Threads, TitleColumn
from afina.cli._texts import given_texts
from afina.errors import ConfigError

if TYPE_CHECKING:
    from afina.inference import Prediction, ScoredFile

EXAMPLES = """
Examples:

  afina predict runs/sample-minilm "I expected little and was delighted" "Never again"

  cat lines.txt | afina predict runs/sample-minilm

  afina predict runs/sample-minilm --file reviews.csv --out labelled.csv
"""

_NOT_SURE = "not sure"
_STYLES = {"positive": "green", "negative": "red"}
_MOST_CHARS_SHOWN = 1000


def predict(
    run: Run,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts to classify.", show_default=False)
    ] = None,
    file: Annotated[
        str | None, typer.Option(help="Texts to classify: a file, or what else SOURCE may be.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write: .csv .tsv .jsonl .parquet, each also .gz.", show_default=False),
    ] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    raw_cells: Annotated[
        bool, typer.Option("--raw-cells", help="Leave cells that a spreadsheet would run as formulas as they are.")
    ] = False,
    backend: BackendName = "auto",
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Classify texts given as arguments, a text a line on standard input, or the rows of a file.

    Answers that are less probable than the run's threshold are marked as not sure. A file is written when it is
    complete; after an interruption the same command goes on.
    """
    if (file is None) != (out is None):
        raise ConfigError("--file and --out go together", hint="afina predict RUN --file IN --out OUT")
    if file is not None and texts:
        raise ConfigError("Give texts or --file, not both")
    if file is not None and out is not None:
        with _console.progress_reporter() as reporter:
            reporter.stage("Loading the run")
            from afina.inference import Classifier
            from afina.inference.scoring import fingerprint_of, score_file

            classifier = Classifier.load(run, backend=backend, threads=threads, warn=reporter.warn)
            reporter.stage(f"Classifying {file}")
            result = score_file(
                classifier, file, out, text_column=text_column, title_column=title_column, force=force,
                raw_cells=raw_cells, model=f"{afina.__version__} {fingerprint_of(run, classifier.backend.name)}",
                on_progress=reporter.rows, on_message=reporter.tell,
            )  # fmt: skip
        if json:
            _console.print_json(_file_document(run, file, result, classifier.backend.name))
        else:
            _tell_file(result)
        return
    given = given_texts(texts, command="predict")
    from afina.inference import Classifier

    classifier = Classifier.load(run, backend=backend, threads=threads, warn=_console.warn)
    predictions = classifier.classify(given)
    if json:
        documents = [_document(text, prediction) for text, prediction in zip(given, predictions, strict=True)]
        _console.print_json({"run": str(run), "backend": classifier.backend.name, "predictions": documents})
    else:
        _tell(given, predictions, width=max(map(len, classifier.labels)))


def _document(text: str, prediction: Prediction) -> dict[str, Any]:
    return {
        "text": text,
        "label": prediction.label,
        "score": prediction.score,
        "uncertain": prediction.uncertain,
        "truncated": prediction.truncated,
        "probabilities": None if prediction.probabilities is None else dict(prediction.probabilities),
        "error": prediction.error,
    }


def _tell(texts: list[str], predictions: list[Prediction], *, width: int) -> None:
    """A line a text: label, score, whether it is not sure, and the text."""
    marks = any(prediction.uncertain for prediction in predictions)
    for text, prediction in zip(texts, predictions, strict=True):
        shown = _console.one_line(text, most=_MOST_CHARS_SHOWN)
        if prediction.label is None:
            place = " " * (width + len("  0.000  ") + (len(_NOT_SURE) + 2 if marks else 0))
            _console.stdout.print(Text(place).append(prediction.error or "", style="yellow"), soft_wrap=True)
            continue
        line = Text(f"{prediction.label:<{width}}", style=_STYLES.get(prediction.label, "cyan"))
        line.append(f"  {prediction.score:.3f}  ", style="default")
        if marks:
            line.append(f"{_NOT_SURE if prediction.uncertain else '':<{len(_NOT_SURE)}}  ", style="yellow")
        _console.stdout.print(line.append(shown, style="default"), soft_wrap=True)


def _file_document(run: Path, file: str, result: ScoredFile, backend: str) -> dict[str, Any]:
    from afina.data import public_name

    pace = result.rows_per_second
    return {
        "run": str(run),
        "file": public_name(file),
        "out": str(result.out),
        "rows": result.rows,
        "blank": result.blank,
        "skipped": result.skipped,
        "uncertain": result.uncertain,
        "labels": result.labels,
        "errors": result.errors,
        "errors_file": None if result.errors_file is None else str(result.errors_file),
        "resumed_rows": result.resumed_rows,
        "rows_per_second": None if pace is None else round(pace, 1),
        "seconds": round(result.seconds, 3),
        "backend": backend,
    }


def _tell_file(result: ScoredFile) -> None:
    """Rows, the share of each label, and where the errors are."""
    unsure = f", {result.uncertain:,} of them not sure" if result.uncertain else ""
    pace = "" if result.rows_per_second is None else f" ({result.rows_per_second:,.0f} rows/s)"
    _console.say(f"{result.rows:,} rows written to {result.out}{unsure}{pace}")
    width = max(map(len, (*result.labels, "no text")))
    counts = {**result.labels, "no text": result.blank} if result.blank else result.labels
    for label, count in counts.items():
        _console.say(f"  {label:<{width}}  {count:>12,}  {100 * count / result.rows:5.1f} %")
    if result.errors_file is not None:
        _console.say(f"{result.errors:,} rows without an answer are listed in {result.errors_file}")
