"""One trial of a search: a training in small, scored on the dev set, given up where others are better."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from afina.config import RunConfig
from afina.data import TextDataset
from afina.errors import MachineLimitError, TrainingError, first_line
from afina.recipes.clock import Stopwatch
from afina.recipes.fitting import Fitting
from afina.recipes.preparation import PreparedData
from afina.recipes.reporting import Reporter, Silent
from afina.recipes.search.plan import TRIAL_EVALUATIONS
from afina.recipes.search.score import Score, score_trial
from afina.recipes.session import set_up
from afina.recipes.speed import share_out
from afina.run_folder import RunFolder
from afina.training import NON_FINITE, TrainingStep

# Trials are never resumed, so none of them writes checkpoints.
_NEVER = 1e9


@dataclass(frozen=True)
class TrialTexts:
    """What trials train on and are scored by."""

    train: TextDataset
    dev: TextDataset


class Watch(Silent):
    """Hands each dev score of a training to whoever may end it.

    Args:
        reporter: Shown the steps.
        on_score: Called with the number of the score, from 1, and the log loss; what it raises ends the training.
    """

    def __init__(self, reporter: Reporter, on_score: Callable[[int, float], None]) -> None:
        self._reporter, self._on_score = reporter, on_score
        self._scored = 0

    def step(self, step: TrainingStep, *, seconds_left: float) -> None:
        """Pass a step on; its score is told when the trial ends, and not at each look."""
        self._reporter.step(replace(step, dev=None, is_best=False), seconds_left=seconds_left)
        if step.dev is None:
            return
        # The clock may have jumped over a score.
        number = max(self._scored + 1, round(step.progress * TRIAL_EVALUATIONS))
        self._scored = number
        if not step.stopped_by:
            self._on_score(number, -step.dev.negative_log_loss)


@dataclass(frozen=True)
class TrialResult:
    """What a trial came to."""

    score: Score
    fit_seconds: float


def run_trial(
    config: RunConfig,
    texts: TrialTexts,
    *,
    seconds: float,
    reporter: Reporter,
    on_score: Callable[[int, float], None],
) -> TrialResult:
    """Train on the texts of a trial, and score the best weights.

    All trials of a study have the same seed: the same new head and the same order of texts, so that they differ by
    their settings and little else.

    Args:
        config: Settings with the trial's values in them.
        texts: What it trains on and is scored by.
        seconds: Most seconds of fitting.
        reporter: Shown the steps.
        on_score: As for `Watch`.

    Raises:
        TrainingError: The loss became infinite or not a number.
        MachineLimitError: Memory ran out.
        Interrupted: The user asked to stop.
    """
    training = config.training.model_copy(
        update={
            "evaluations": TRIAL_EVALUATIONS,
            "patience": TRIAL_EVALUATIONS,
            "checkpoint_seconds": _NEVER,
            "budget": None,
        }
    )
    config = config.model_copy(update={"training": training})
    began = time.monotonic()
    try:
        with out_of_memory_told(), tempfile.TemporaryDirectory(prefix="afina-trial-") as folder:
            session = set_up(config, texts.train)
            data = PreparedData(texts.train, texts.dev, texts.dev, {}, [])
            # Without a clock, all that is decided is whether the states of frozen layers are kept.
            allocation = share_out(session, config, data, Stopwatch(None), place=Path(folder))
            fitting = Fitting(
                session, texts.train, texts.dev, config=training, epochs=session.settings.epochs,
                folder=RunFolder(Path(folder)), notes={}, cache=allocation.cache,
            )  # fmt: skip
            fitted = fitting.run(
                seconds=seconds,
                stopwatch=Stopwatch(None, started=began),
                reporter=Watch(reporter, on_score),
                track=False,
            )
            if fitted.state.stopped_by == NON_FINITE:
                raise TrainingError(f"The loss became infinite or not a number after step {fitted.state.step:,}")
            probabilities = session.finish().predict_proba(texts.dev.texts)
        return TrialResult(score_trial(probabilities, texts.dev.label_ids), fitted.seconds)
    finally:
        _free_memory()


@contextmanager
def out_of_memory_told() -> Iterator[None]:
    """Errors of memory as a `MachineLimitError`, whichever library raises them."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise MachineLimitError(f"Memory ran out: {first_line(error)}") from None
    except RuntimeError as error:
        # On a CPU torch has no kind of its own for it.
        if "DefaultCPUAllocator" not in str(error):
            raise
        raise MachineLimitError(f"Memory ran out: {first_line(error)}") from None


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
