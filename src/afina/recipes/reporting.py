"""What a recipe tells while it works. The command line draws it; a library call may stay silent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from afina.training import TrainingStep


class Reporter(Protocol):
    """Receives what happens, as it happens."""

    def stage(self, name: str) -> None:
        """A new stage of the work begins."""
        ...

    def tell(self, message: str) -> None:
        """Something about the input or the plan that the user should know."""
        ...

    def warn(self, message: str) -> None:
        """Something that makes the result less than was asked for."""
        ...

    def step(self, step: TrainingStep, *, seconds_left: float) -> None:
        """A training step was done; about `seconds_left` of training remain."""
        ...

    def advance(self, done: int, total: int) -> None:
        """So many texts of so many are done in this stage."""
        ...


class Silent:
    """A reporter that says nothing."""

    def stage(self, name: str) -> None:
        """Ignored."""

    def tell(self, message: str) -> None:
        """Ignored."""

    def warn(self, message: str) -> None:
        """Ignored."""

    def step(self, step: TrainingStep, *, seconds_left: float) -> None:
        """Ignored."""

    def advance(self, done: int, total: int) -> None:
        """Ignored."""


class Keeping:
    """Passes everything on to another reporter, and keeps the warnings for the run's record."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.warnings: list[str] = []
        self.stage, self.tell, self.step = reporter.stage, reporter.tell, reporter.step
        self.advance = reporter.advance

    def warn(self, message: str) -> None:
        """Keep a warning and pass it on."""
        self.warnings.append(message)
        self._reporter.warn(message)


class Prefixed:
    """Passes on what one part of the work tells, with its name before stages and warnings.

    Args:
        reporter: Told of it.
        name: What the part is called.
        brief: Leave out what is told on the way: notes, and dev scores.
    """

    def __init__(self, reporter: Reporter, name: str, *, brief: bool = False) -> None:
        self._reporter, self._name, self._brief = reporter, name, brief
        self.advance = reporter.advance

    def stage(self, name: str) -> None:
        """A stage of this part begins."""
        self._reporter.stage(f"{self._name}: {name[0].lower()}{name[1:]}")

    def tell(self, message: str) -> None:
        """Pass a note on, unless brief."""
        if not self._brief:
            self._reporter.tell(message)

    def warn(self, message: str) -> None:
        """A warning of this part."""
        self._reporter.warn(f"{self._name}: {message}")

    def step(self, step: TrainingStep, *, seconds_left: float) -> None:
        """Move the bar."""
        self._reporter.step(replace(step, dev=None) if self._brief else step, seconds_left=seconds_left)
