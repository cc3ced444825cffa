"""Training by the code of `afina train`, on a clock that stands still while something is done that shall not count."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from afina.config import RunConfig
from afina.data import TextDataset, take
from afina.planning import Allocation
from afina.recipes.clock import Stopwatch
from afina.recipes.fitting import Fitted, Fitting
from afina.recipes.preparation import PreparedData
from afina.recipes.reporting import Reporter
from afina.recipes.session import Session, set_up
from afina.recipes.speed import share_out
from afina.run_folder import RunFolder
from afina.training import Budget

UNDISTURBED = {"training.evaluations": 1, "training.checkpoint_seconds": 1e9}
"""Settings with which nothing but training takes time: no checkpoint, and one dev evaluation, after the last step."""

# With a single evaluation the dev set chooses nothing, so a few texts do.
_DEV_TEXTS, _TEST_TEXTS = 20, 40


class PausableClock:
    """Seconds since it was made, without those spent in `paused`."""

    def __init__(self) -> None:
        self._zero = time.monotonic()

    def __call__(self) -> float:
        """Seconds that count, so far."""
        return time.monotonic() - self._zero

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens inside does not count."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._zero += time.monotonic() - began


class UncountedEncoder:
    """An encoder whose work does not count.

    Args:
        encoder: The encoder that does it.
        clock: The clock that stands still meanwhile.
    """

    def __init__(self, encoder: Any, clock: PausableClock) -> None:
        self._encoder, self._clock = encoder, clock

    def encode(self, texts: Sequence[str]) -> Any:
        """As the encoder's own."""
        with self._clock.paused():
            return self._encoder.encode(texts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)


@dataclass(frozen=True)
class Prepared:
    """A model ready to train, and what `afina train` would train it on."""

    config: RunConfig
    session: Session
    allocation: Allocation
    train: TextDataset
    dev: TextDataset


def prepare(config: RunConfig, pool: TextDataset, *, seconds: float | None) -> Prepared:
    """Load the model and plan its training.

    Args:
        config: Settings; with `UNDISTURBED` nothing but training takes time.
        pool: Texts to train on; as many of them are drawn as fit the time.
        seconds: Seconds there are; None for all texts and epochs.
    """
    session = set_up(config, pool, seconds_left=seconds)
    dev, test = take(pool, _DEV_TEXTS, seed=1), take(pool, _TEST_TEXTS, seed=2)
    allocation = share_out(session, config, PreparedData(pool, dev, test, {}, []), Stopwatch(seconds))
    train = take(pool, allocation.train_texts, seed=config.training.seed)
    return Prepared(config, session, allocation, train, dev)


def fit(prepared: Prepared, *, clock: PausableClock, reporter: Reporter, seconds: float | None) -> Fitted:
    """Train to the end; the clock runs all the time but for tokenizing, and while the reporter pauses it.

    Args:
        prepared: The model and its texts.
        clock: Counts the seconds.
        reporter: Told of each step.
        seconds: Seconds that training may last by the clock, the filling of a prefix cache counted; None for no limit.
    """
    session = prepared.session
    encoder, session.encoder = session.encoder, UncountedEncoder(session.encoder, clock)
    # Time limits are the clock's too.
    budget = mock.patch("afina.recipes.fitting.Budget", partial(Budget, clock=clock))
    with tempfile.TemporaryDirectory() as folder, budget:
        fitting = Fitting(
            session, prepared.train, prepared.dev, config=prepared.config.training, epochs=prepared.allocation.epochs,
            folder=RunFolder(Path(folder)), notes={}, cache=prepared.allocation.cache,
        )  # fmt: skip
        fitted = fitting.run(seconds=seconds, stopwatch=Stopwatch(None, clock=clock), reporter=reporter, track=False)
    session.encoder = encoder
    return fitted
