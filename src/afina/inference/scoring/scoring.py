"""Files of texts in, the same files with answers out: streamed, in the order of the rows, and resumable."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from afina.data import find_columns, public_name
from afina.data.columns import Columns
from afina.data.formulas import FormulaGuard
from afina.data.sources import Row, suffix_of
from afina.data.writing import RowWriter, check_output, row_writer
from afina.errors import DataError, Interrupted, MachineLimitError
from afina.inference.prediction import Prediction
from afina.inference.scoring.columns import OutputColumns, answer_of
from afina.inference.scoring.journal import Answer, Journal, digest_of
from afina.inference.scoring.reading import ErrorsFile, SourceRows
from afina.inference.scoring.results import Progress, ScoredFile
from afina.inference.scoring.workplace import Workplace, workplace
from afina.labels import LabelSet
from afina.outputs import as_one_sentence

# Batches of short texts (18 tokens on average), sorted by length within a chunk, are then 97 % text and 3 % padding; of
# 1,024 rows 90 %, of 8,192 98 %. More at once is more to do again after a kill, and longer between signs of life.
ROWS_PER_CHUNK = 4096
_GO_ON = "the same command again goes on from there"


class Classifies(Protocol):
    """What answers texts: `afina.inference.Classifier`, or a test's own."""

    @property
    def labels(self) -> LabelSet:
        """The labels, in the order of the probabilities."""
        ...

    @property
    def threshold(self) -> float | None:
        """The probability from which on an answer is sure; None where none can be."""
        ...

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """An answer to each text, or why there is none."""
        ...


def score_file(
    classifier: Classifies,
    source: str,
    out: Path,
    *,
    text_column: str | None = None,
    title_column: str | None = None,
    model: str | None = None,
    force: bool = False,
    raw_cells: bool = False,
    rows_per_chunk: int = ROWS_PER_CHUNK,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_message: Callable[[str], None] = lambda message: None,
    clock: Callable[[], float] = time.monotonic,
) -> ScoredFile:
    """Classify every row of a file, in memory for one chunk of rows whatever the size.

    Adds the columns `predicted_label`, `predicted_score` (its probability), `uncertain` (whether that is below the
    classifier's threshold) and `probability_LABEL` for each label, rounded to six digits. A row without a text keeps
    them empty, and is listed in the file of errors (`errors_file`) together with what could not be read; that file is
    there only where there are such rows. What has been classified is kept on disk, in `OUT.partial/`: the same call
    again goes on after a kill, and ends with the same bytes. The output gets its name when it is complete.

    Args:
        classifier: What classifies.
        source: A file or folder of texts, as for training; labels are not needed.
        out: File to write; its name tells the format.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        model: What tells the classifier, and the code that runs it, from others, see `fingerprint_of`; without it an
            interrupted job starts over.
        force: Replace a file that stands there.
        raw_cells: Leave cells of csv and tsv that a spreadsheet would run as formulas as they are.
        rows_per_chunk: Rows that are read, classified and kept at once.
        on_progress: Called after each chunk.
        on_message: Called with each sentence a user should see, as soon as it is known.
        clock: Tells the time in seconds.

    Raises:
        DataError: The source cannot be read, more than a fifth of its rows cannot, or the output's type is unknown.
        OutputError: The output exists or cannot be written, or another command is writing it.
        MachineLimitError: The disk is full; what has been classified is kept.
        Interrupted: The user stopped; what has been classified is kept.
    """
    check_output(out, force=force)
    rows = SourceRows(source)
    with workplace(out, force=force) as place:
        with as_one_sentence(place.folder):
            journal = Journal(place.journal, model=model or uuid.uuid4().hex)
        with journal:
            job = _Job(
                classifier, rows, place, journal, source=public_name(source), text_column=text_column,
                title_column=title_column, rows_per_chunk=rows_per_chunk, guard=None if raw_cells else FormulaGuard(),
                on_progress=on_progress, on_message=on_message, clock=clock,
            )  # fmt: skip
            try:
                job.run()
            except BaseException as error:
                if journal.is_empty:
                    place.remove()
                if isinstance(error, KeyboardInterrupt):
                    raise job.interrupted() from None
                if isinstance(error, MachineLimitError) and not journal.is_empty:
                    raise MachineLimitError(str(error), hint=f"{error.hint}; {_GO_ON}") from None
                raise
        place.put_in_place(has_errors=job.result.errors > 0)
    return job.result


@dataclass
class _Job:
    """One go at a file."""

    classifier: Classifies
    rows: SourceRows
    place: Workplace
    journal: Journal
    source: str
    text_column: str | None
    title_column: str | None
    rows_per_chunk: int
    guard: FormulaGuard | None
    on_progress: Callable[[Progress], None]
    on_message: Callable[[str], None]
    clock: Callable[[], float]

    def __post_init__(self) -> None:
        labels, has_threshold = self.classifier.labels, self.classifier.threshold is not None
        self._added = OutputColumns(labels)
        self._seconds = 0.0
        """Time taken by rows that were classified now."""
        self.result = ScoredFile(
            self.place.out, uncertain=0 if has_threshold else None, labels=dict.fromkeys(labels, 0)
        )

    def run(self) -> None:
        """Write rows and errors in full, under the names they have until all is done."""
        began = before = self.clock()
        if self.journal.is_other_model:
            self._tell("The answers that an interrupted job kept are of another model and are not used")
        columns: Columns | None = None
        with (
            ErrorsFile(self.place.errors, self.source) as errors,
            row_writer(
                self.place.rows, force=True, on_cell=self.guard, types=self._added.types, last=self._added.names
            ) as writer,
        ):
            errors.watch(self.rows.notes)
            for chunk in self.rows.chunks(self.rows_per_chunk):
                columns = columns or self._find_columns(chunk)
                answers, is_new = self._answers([columns.text_of(row) for row in chunk])
                self._write(chunk, answers, writer, errors)
                now = self.clock()
                self._seconds += now - before if is_new else 0
                before = now
                self._show_progress()
            if columns is None:
                raise DataError(f"No rows in {self.source}")
        self._end(errors)
        self.result.seconds = self.clock() - began

    def interrupted(self) -> Interrupted:
        """What is said when the user stops it."""
        if self.journal.is_empty:
            return Interrupted("Interrupted; nothing was written")
        return Interrupted(
            f"Interrupted after {self.result.rows:,} rows, whose answers are kept in {self.place.folder}", hint=_GO_ON
        )

    def _find_columns(self, chunk: list[Row]) -> Columns:
        left_out = {name: kind for note in self.rows.notes for name, kind in note.left_out.items()}
        return find_columns(chunk, text=self.text_column, title=self.title_column, want_label=False, left_out=left_out)

    def _answers(self, texts: list[str]) -> tuple[list[Answer], bool]:
        """The answers to a chunk's texts, and whether they were computed now."""
        digest = digest_of(texts)
        kept = self.journal.take(digest)
        if kept is not None:
            self.result.resumed_rows += len(kept)
            return kept, False
        if self.result.rows == self.result.resumed_rows:
            self._tell_resumed()
        answers = [answer_of(prediction) for prediction in self.classifier.classify(texts)]
        with as_one_sentence(self.place.folder):
            self.journal.add(digest, answers)
        return answers, True

    def _write(self, chunk: list[Row], answers: list[Answer], writer: RowWriter, errors: ErrorsFile) -> None:
        result = self.result
        writer.write(self._added.rows(chunk, answers))
        for number, (row, answer) in enumerate(zip(chunk, answers, strict=True), result.rows + 1):
            if isinstance(answer, str):
                result.blank += 1
                errors.add(number, answer, row)
                continue
            label, _, is_uncertain, *_ = answer
            result.labels[label] += 1
            if result.uncertain is not None:
                result.uncertain += is_uncertain is True
        result.rows += len(chunk)

    def _show_progress(self) -> None:
        new = self.result.rows - self.result.resumed_rows
        self.result.rows_per_second = new / self._seconds if new and self._seconds else None
        self.on_progress(Progress(self.result.rows, self.rows.estimate_total(), self.result.rows_per_second))

    def _tell_resumed(self) -> None:
        n = self.result.resumed_rows
        if n:
            self._tell(f"Going on after {n:,} rows whose answers an interrupted job kept")
        if self.journal.is_other_source:
            self._tell(f"From row {n + 1:,} on, texts differ from those an interrupted job read; they are done anew")

    def _end(self, errors: ErrorsFile) -> None:
        result, columns, guard = self.result, self._added, self.guard
        if result.resumed_rows == result.rows:
            self._tell_resumed()
        for note in self.rows.notes:
            for message in note.messages:
                self._tell(message)
            result.skipped += note.skipped
        if result.blank:
            self._tell(f"{result.blank:,} rows without text were left without a prediction")
        for name, new in columns.renamed.items():
            self._tell(f"Your column {name} is written as {new}, since an answer has its name")
        if columns.late and suffix_of(result.out) != "jsonl":
            late = ", ".join(columns.late)
            self._tell(f"Columns that none of the first rows has are not in the output, only in .jsonl: {late}")
        if guard is not None and guard.count:
            self._tell(
                f"{guard.count:,} cells that a spreadsheet could run as formulas were given a ' in front; "
                "--raw-cells leaves them as they are"
            )
        result.errors = errors.count
        result.errors_file = self.place.errors_place if errors.count else None

    def _tell(self, message: str) -> None:
        self.result.messages += (message,)
        self.on_message(message)
