"""What is known of places to train on. What no source gives is None, and nothing is guessed."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_HTTPS = r"^https://[^\s]+$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Sourced(_Part):
    """A group of facts that one page gives."""

    source: str = Field(pattern=_HTTPS)
    """The page that the facts are of."""
    checked: datetime.date
    """When they were last looked up."""
    as_of: str | None = Field(None, pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    """Of when the text is that was read then, as a date, a month or a year; None where it bears no date."""
    quoted: bool = False
    """Whether it was read as others quote it, and not on the page itself."""


class PlatformMachine(Sourced):
    """A kind of machine that a platform lends free of charge."""

    accelerator: str
    """Name in the table of accelerators."""
    count: int = Field(1, ge=1)
    """How many of them."""
    cpu_cores: int | None = Field(None, ge=1)
    """Cores as the system counts them."""
    ram_gb: float | None = Field(None, gt=0)
    """Memory beside that of a GPU."""
    disk_gb: float | None = Field(None, gt=0)
    session_hours: float | None = Field(None, gt=0)
    """Longest session, where it is not that of the platform."""
    note: str | None = None
    unfit: str | None = None
    """Why nothing can be trained on it."""


class Limits(Sourced):
    """How long it may be used."""

    session_hours: float | None = Field(None, gt=0)
    idle_minutes: float | None = Field(None, gt=0)
    """After so long without anybody at the keyboard a session ends."""
    gpu_hours_a_week: float | None = Field(None, gt=0)
    hours_a_month: float | None = Field(None, gt=0)
    quota: str | None = None
    """What the limits are, in words."""
    background: bool | None = None
    """Whether training goes on when the browser is closed."""
    background_note: str | None = None


class Persistence(Sourced):
    """What is left when a session has ended."""

    kept: str
    short: str = Field(max_length=16)
    """The same for a cell of a table."""


class Access(Sourced):
    """What it takes to begin."""

    sign_up: str
    open_to_new: bool
    """Whether new accounts are given."""
    phone: bool | None = None
    """Whether a phone number must be verified."""
    card: bool | None = None
    """Whether a payment card is asked for."""
    network: str | None = None
    terminal: str | None = None


class Price(Sourced):
    """What more costs."""

    next_step: str
    short: str = Field(max_length=16)
    """The same for a cell of a table."""


class News(Sourced):
    """A change worth knowing."""

    text: str


class Platform(_Part):
    """A place to train on."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    short: str = Field(max_length=12)
    """Name for a cell of a table."""
    good_for: str
    url: str | None = Field(None, pattern=_HTTPS)
    machines: tuple[PlatformMachine, ...] = ()
    limits: Limits | None = None
    persistence: Persistence | None = None
    access: Access | None = None
    price: Price | None = None
    news: tuple[News, ...] = ()

    def groups(self) -> tuple[Sourced, ...]:
        """All groups of facts, in reading order."""
        parts = (*self.machines, self.limits, self.persistence, self.access, self.price, *self.news)
        return tuple(part for part in parts if part is not None)

    def session_hours(self, machine: PlatformMachine) -> float | None:
        """Longest session on one of its machines."""
        return machine.session_hours or (self.limits.session_hours if self.limits else None)


class Accelerator(Sourced):
    """What multiplies matrices."""

    title: str
    short: str
    kind: Literal["gpu", "cpu"]
    memory_gb: float | None = Field(None, gt=0)
    """Its own memory."""
    fp32_tflops: float | None = Field(None, gt=0)
    """Peak rate in fp32, in 1e12 operations a second."""
    half_tflops: float | None = Field(None, gt=0)
    """Peak rate of matrix products in fp16 or bf16, dense; None where fp16 brings nothing."""
    bf16: bool
    """Whether it multiplies bf16 in hardware."""
    cuda_capability: float | None = None
    half_source: str | None = Field(None, pattern=_HTTPS)
    """Where the peak in half precision is from, if elsewhere."""


class Measurement(Sourced):
    """A published fine-tuning, and the share of its accelerator's peak that it reached."""

    accelerator: str
    model: Literal["bert-base", "bert-large"]
    precision: Literal["fp32", "half"]
    texts: int = Field(gt=0)
    epochs: int = Field(gt=0)
    tokens: int = Field(gt=0)
    """Tokens that every text was padded to."""
    seconds: float = Field(gt=0)
    share: float = Field(gt=0, lt=1)
    """Operations (`training_operations`) by the peak rate and the seconds; a test computes it again."""


class Range(_Part):
    """A number that is known roughly."""

    low: float = Field(gt=0)
    typical: float = Field(gt=0)
    high: float = Field(gt=0)

    def times(self, factor: float) -> Range:
        """The same in another unit."""
        return Range(low=self.low * factor, typical=self.typical * factor, high=self.high * factor)


class StartUp(_Part):
    """What passes before training begins: assumed, and not measured."""

    session_seconds: float = Field(gt=0)
    install_seconds: float = Field(gt=0)
    download_mb_per_second: float = Field(gt=0)

    def minutes(self, download_mb: float | None) -> float:
        """Minutes until training begins, with a model of this size to be downloaded."""
        seconds = self.session_seconds + self.install_seconds + (download_mb or 0.0) / self.download_mb_per_second
        return seconds / 60


class PyTorchSupport(Sourced):
    """Which cards PyTorch from PyPI runs on."""

    least_capability: float


class AcceleratorFacts(_Part):
    """All that minutes are reckoned from."""

    accelerators: dict[str, Accelerator]
    measurements: tuple[Measurement, ...]
    cpu_gflops_per_core: Range
    start_up: StartUp
    pytorch: PyTorchSupport
