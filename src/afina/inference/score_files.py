"""Files of texts in, the same files with predictions out: streamed, in the order of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from afina.data import clean_text, find_columns, open_source, public_name
from afina.data.sources import Row
from afina.data.writing import check_output, row_writer
from afina.errors import DataError
from afina.inference.prediction import is_uncertain
from afina.protocols import Predictor

ROWS_PER_CHUNK = 1024
PREDICTED, CONFIDENCE, UNCERTAIN, PROBABILITY = "predicted_label", "predicted_score", "uncertain", "probability_"


@dataclass
class ScoredFile:
    """What was done to a file."""

    out: Path
    rows: int = 0
    blank: int = 0
    uncertain: int | None = 0
    """Rows whose answer is not sure; None where no threshold was given."""
    messages: tuple[str, ...] = ()
    """Sentences a user should see."""


def score_file(
    classifier: Predictor,
    source: str,
    out: Path,
    *,
    text_column: str | None = None,
    title_column: str | None = None,
    threshold: float | None = None,
    force: bool = False,
    on_rows: Callable[[int], None] = lambda n: None,
) -> ScoredFile:
    """Classify every row of a file, in memory for one chunk of rows whatever the size.

    Adds the columns `predicted_label`, `predicted_score` (its probability), `uncertain` (whether that is below the
    threshold) and `probability_LABEL` for each label; a row without text keeps them empty. The file is written beside
    its place and renamed when complete.

    Args:
        classifier: What classifies.
        source: A file or folder of texts, as for training; labels are not needed.
        out: File to write; its name tells the format.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        threshold: Least probability of a sure answer; without one `uncertain` stays empty.
        force: Replace a file that stands there.
        on_rows: Called with the number of rows after each chunk.

    Raises:
        DataError: The source cannot be read, or the output's type is unknown.
        OutputError: The output exists or cannot be written.
        MachineLimitError: The disk is full.
    """
    check_output(out, force=force)
    rows, notes = open_source(source)
    chunks = _chunks(rows)
    first = next(chunks, None)
    if first is None:
        raise DataError(f"No rows in {public_name(source)}")
    columns = find_columns(first, text=text_column, title=title_column, want_label=False)
    result = ScoredFile(out, uncertain=None if threshold is None else 0)
    with row_writer(out, force=force) as writer:
        chunk: list[Row] | None = first
        while chunk is not None:
            texts = [clean_text(columns.text_of(row)) for row in chunk]
            scored = _with_predictions(chunk, texts, classifier, threshold)
            writer.write(scored)
            result.rows += len(chunk)
            result.blank += sum(not text for text in texts)
            if result.uncertain is not None:
                result.uncertain += sum(row[UNCERTAIN] is True for row in scored)
            on_rows(len(chunk))
            chunk = next(chunks, None)
    told = [message for note in notes for message in note.messages]
    if result.blank:
        told.append(f"{result.blank:,} rows without text were left without a prediction")
    result.messages = tuple(told)
    return result


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, ROWS_PER_CHUNK)):
        yield chunk


def _with_predictions(rows: list[Row], texts: list[str], classifier: Predictor, threshold: float | None) -> list[Row]:
    filled = [i for i, text in enumerate(texts) if text]
    probabilities = classifier.predict_proba([texts[i] for i in filled])
    names = classifier.labels.names
    empty = {PREDICTED: None, CONFIDENCE: None, UNCERTAIN: None, **{PROBABILITY + name: None for name in names}}
    scored = [{**row, **empty} for row in rows]
    for i, shares in zip(filled, probabilities, strict=True):
        scored[i][PREDICTED] = names[int(shares.argmax())]
        scored[i][CONFIDENCE] = round(float(shares.max()), 6)
        scored[i][UNCERTAIN] = is_uncertain(float(shares.max()), threshold)
        scored[i].update(
            {PROBABILITY + name: round(float(share), 6) for name, share in zip(names, shares, strict=True)}
        )
    return scored
