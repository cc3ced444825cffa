"""How far a file has been scored, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Progress:
    """How far a file has been scored."""

    rows: int
    """Rows done."""
    total_rows: int | None
    """Rows of the whole source, where they can be known or estimated."""
    rows_per_second: float | None
    """Pace of those that were classified now; None before the first."""

    @property
    def seconds_left(self) -> float | None:
        """Time left at that pace; None where it cannot be known."""
        if self.total_rows is None or not self.rows_per_second:
            return None
        return max(0, self.total_rows - self.rows) / self.rows_per_second


@dataclass
class ScoredFile:
    """What was done to a file."""

    out: Path
    rows: int = 0
    """Rows written, those without an answer counted."""
    blank: int = 0
    """Rows without a text, which have no answer."""
    skipped: int = 0
    """Rows, or lines where rows cannot be told, that could not be read, and are not in the output."""
    uncertain: int | None = 0
    """Rows whose answer is not sure; None where the classifier has no threshold."""
    labels: dict[str, int] = field(default_factory=dict)
    """Rows by the label they were given."""
    errors: int = 0
    """Rows in the list of errors."""
    errors_file: Path | None = None
    """That list; None where there are no errors."""
    resumed_rows: int = 0
    """Rows whose answers an interrupted job had kept."""
    seconds: float = 0.0
    rows_per_second: float | None = None
    """Pace of the rows that were classified now; None where there was none."""
    messages: tuple[str, ...] = ()
    """Sentences a user should see."""
