"""What a finished run says about the forecast that was made for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from afina.utf8 import as_utf8

MADE_BY_PLAN: Literal["plan"] = "plan"
MADE_BY_RUN: Literal["run"] = "run"
RULES = 1
"""Number of the rules by which time and memory are forecast, to be raised where they change: what corrects old
constants says nothing about new ones."""

# Of less work than this, what is done once weighs more than what is done for each text.
_LEAST_SHARE = 0.2

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Kept(BaseModel):
    """Base of what is kept: frozen, and open to keys that a later version writes."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Figures(_Kept):
    """What is forecast, and what then comes of it."""

    seconds: Figure | None = None
    """Seconds of training, dev evaluations counted."""
    total_seconds: Figure | None = None
    """Seconds of the whole command."""
    memory_mb: Figure | None = None
    """Most memory of the process, in MB."""


class Ratios(NamedTuple):
    """Outcome over forecast; None where one of them is not known."""

    seconds: float | None
    total_seconds: float | None
    memory_mb: float | None


class ForecastRecord(_Kept):
    """One run: forecast, outcome, and what both depend on; no text and no label of its data."""

    date: AwareDatetime
    """When it ended."""
    run: str
    """Its folder."""
    fingerprint: str
    """The machine (`planning.machine.machine_fingerprint`)."""
    rules: int
    """`RULES` when the forecast was made."""
    made_by: Literal["plan", "run"]
    """Who made the forecast: `afina plan`, or the run itself once its model was loaded."""
    model: str
    method: str
    freeze_layers: int
    max_tokens: int
    batch_tokens: int
    texts: int
    """Training texts."""
    epochs: float
    """Epochs done."""
    tokens_seen: int
    weights: int
    stopped_by: str
    resumed: bool
    """Whether it was interrupted, and went on later."""
    share_done: Positive | None
    """Work done, over the work that the forecast is of; None where that says nothing about time."""
    forecast: Figures
    outcome: Figures
    seconds_factor: Positive = 1.0
    """Correction that stands in the forecast of seconds already."""
    memory_factor: Positive = 1.0
    """Correction that stands in the forecast of memory already."""

    @property
    def ratios(self) -> Ratios:
        """Outcome over forecast, as it was told."""
        found = judge(self.forecast, self.outcome, share_done=self.share_done)
        # What an interruption cost, no forecast knows; and the two halves may have run on two machines.
        return Ratios(None, None, found.memory_mb) if self.resumed else found

    @property
    def uncorrected_seconds(self) -> float | None:
        """Outcome over forecast of training time, as it would have been forecast without corrections."""
        ratio = self.ratios.seconds
        return None if ratio is None else ratio * self.seconds_factor

    @property
    def uncorrected_memory(self) -> float | None:
        """Outcome over forecast of memory, as it would have been forecast without corrections."""
        ratio = self.ratios.memory_mb
        return None if ratio is None else ratio * self.memory_factor


def judge(forecast: Figures, outcome: Figures, *, share_done: float | None) -> Ratios:
    """Outcome over forecast.

    A run that did a share of what was forecast is held against that share of the training time.

    Args:
        forecast: Of the whole work.
        outcome: Of the work done.
        share_done: Work done over work forecast; with None, or less than a fifth, nothing is said about time.
    """
    seconds = total = None
    if share_done is not None and share_done >= _LEAST_SHARE and forecast.seconds is not None:
        seconds = forecast.seconds * share_done
        if forecast.total_seconds is not None:
            total = forecast.total_seconds - forecast.seconds + seconds
    return Ratios(
        _ratio(outcome.seconds, seconds),
        _ratio(outcome.total_seconds, total),
        _ratio(outcome.memory_mb, forecast.memory_mb),
    )


def record_of(metrics: Mapping[str, Any], *, run: Path) -> ForecastRecord | None:
    """The record of a finished run.

    Args:
        metrics: The document of `metrics.json`.
        run: Its folder.

    Returns:
        The record; None of a run that an earlier version wrote, or whose document is damaged.
    """
    try:
        forecast, outcome, settings = metrics["forecast"], metrics["outcome"], metrics["settings"]
        return ForecastRecord(
            date=metrics["finished"],
            run=as_utf8(str(run.absolute())),
            fingerprint=metrics["machine"]["fingerprint"],
            rules=forecast["rules"],
            made_by=forecast["made_by"],
            model=as_utf8(metrics["model"]),
            method=metrics["method"],
            freeze_layers=settings["freeze_layers"],
            max_tokens=settings["max_tokens"],
            batch_tokens=settings["batch_tokens"],
            texts=forecast["train_texts"],
            epochs=metrics["epochs"],
            tokens_seen=metrics["tokens_seen"],
            weights=metrics["parameters"]["all"],
            stopped_by=metrics["stopped_by"],
            resumed=outcome["resumed"],
            share_done=outcome["share_done"],
            forecast=Figures.model_validate(forecast),
            outcome=Figures.model_validate(outcome),
            seconds_factor=forecast["seconds_factor"],
            memory_factor=forecast["memory_factor"],
        )
    except (KeyError, TypeError, AttributeError, ValidationError):
        return None


def _ratio(outcome: float | None, forecast: float | None) -> float | None:
    return outcome / forecast if outcome and forecast else None
