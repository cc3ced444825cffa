"""What the command line prints: results on standard output, all else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from afina.errors import AfinaError, Interrupted
from afina.utf8 import as_utf8

if TYPE_CHECKING:
    from afina.inference.scoring import Progress as ScoringProgress
    from afina.training import TrainingStep

# Into a file or a pipe a table is as wide as it likes; only a terminal has an edge to wrap at.
stdout = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
stderr = Console(stderr=True, highlight=False)


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(as_utf8(json.dumps(document, indent=2, ensure_ascii=False)) + "\n")


def print_error(error: AfinaError) -> None:
    """The error's sentence on standard error, and its hint on a line of its own."""
    stderr.print(Text("error: ", style="bold red").append(str(error), style="default not bold"), soft_wrap=True)
    if error.hint:
        stderr.print(Text("hint: ", style="bold").append(error.hint, style="default not bold"), soft_wrap=True)


def new_table(title: str) -> Table:
    """An empty table in the house style."""
    return Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def print_table(table: Table) -> None:
    """A table on standard output."""
    stdout.print(table)


def say(message: str, *, style: str = "") -> None:
    """A line on standard output, of any length."""
    stdout.print(Text(message, style=style), soft_wrap=True)


def warn(message: str) -> None:
    """A line on standard error that stands out."""
    stderr.print(Text("  warning: ", style="bold yellow").append(message, style="default not bold"), soft_wrap=True)


def one_line(text: str, most: int = 110) -> str:
    """A text for one line of a terminal: cut, and without characters that would steer the terminal."""
    # Joined emoji keep their joiner; so long a beginning holds all that can be shown.
    shown = (char if char.isprintable() or char == "\u200d" else " " for char in text[: 10 * most])
    line = " ".join("".join(shown).split())
    return line if len(line) <= most else line[: most - 1] + "…"


class ProgressReporter:
    """Draws a recipe's progress on standard error; without a terminal, a line a stage and a dev score."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def stage(self, name: str) -> None:
        """Show the stage that begins."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(name, total=None, detail="")
        if not stderr.is_terminal:
            stderr.print(Text(name), soft_wrap=True)

    def tell(self, message: str) -> None:
        """A line above the progress bar."""
        stderr.print(Text(f"  {message}"), soft_wrap=True)

    def warn(self, message: str) -> None:
        """A line that stands out above the progress bar."""
        warn(message)

    def step(self, step: TrainingStep, *, seconds_left: float) -> None:
        """Move the bar; print a line for a dev score."""
        if self._task is not None:
            detail = f"loss {step.loss:.3f}  {_clock(seconds_left)} left"
            self._progress.update(self._task, total=1.0, completed=step.progress, detail=detail)
        if step.dev is not None:
            best = ", kept" if step.is_best else ""
            self.tell(
                f"step {step.step:,}: dev accuracy {step.dev.accuracy:.3f}, "
                f"log loss {-step.dev.negative_log_loss:.3f}{best}"
            )

    def advance(self, done: int, total: int) -> None:
        """Texts done so far, and the time left at that pace."""
        if self._task is not None:
            task = self._progress.tasks[self._progress.task_ids.index(self._task)]
            left = f"  {_clock((task.elapsed or 0) * (total - done) / done)} left" if done else ""
            self._progress.update(self._task, total=total, completed=done, detail=f"{done:,} of {total:,} texts{left}")

    def rows(self, progress: ScoringProgress) -> None:
        """Rows of a file done so far, their pace, and the time left at it."""
        if self._task is not None:
            detail = f"{progress.rows:,} rows"
            if progress.rows_per_second is not None:
                detail += f"  {progress.rows_per_second:,.0f} rows/s"
            if progress.seconds_left is not None:
                detail += f"  {_clock(progress.seconds_left)} left"
            self._progress.update(self._task, total=progress.total_rows, completed=progress.rows, detail=detail)


def write_page(reporter: ProgressReporter, template: str, document: dict[str, Any], path: Path, *, force: bool) -> None:
    """Draw a document as an HTML page and say where it is."""
    from afina import pages

    reporter.stage("Drawing the page")
    pages.write_page(path, pages.render(template, document), force=force)
    reporter.tell(f"The page is {path}")


@contextmanager
def progress_reporter() -> Iterator[ProgressReporter]:
    """A reporter whose bar disappears when the work is done."""
    columns = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(),
        TextColumn("{task.fields[detail]}"), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        try:
            yield ProgressReporter(progress)
        except KeyboardInterrupt:
            # The option parser would end the process without a word.
            raise Interrupted("Interrupted; nothing was written") from None


def interval(value: dict[str, float]) -> str:
    """A value with its 95 % interval, for a table cell."""
    return f"{value['value']:.3f} ({value['low']:.3f}–{value['high']:.3f})"


def signed_interval(value: dict[str, float]) -> str:
    """A difference with its 95 % interval, for a table cell."""
    return f"{value['value']:+.3f} ({value['low']:+.3f} to {value['high']:+.3f})"


def percent_interval(share: dict[str, float]) -> str:
    """A share with its 95 % interval in percent, for a cell of a table that names the unit."""
    return f"{100 * share['value']:.1f} ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


def points_interval(difference: dict[str, float] | None) -> str:
    """A difference of shares with its 95 % interval in points, for a cell of a table that names the unit."""
    if difference is None:
        return "–"
    value, low, high = (100 * difference[key] for key in ("value", "low", "high"))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
