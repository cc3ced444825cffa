"""What the pretrained model takes on this machine before anything is trained, and how many test texts that allows."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from afina.config import RunConfig
from afina.data import take
from afina.recipes.ladder.measuring import SINGLE_TEXTS, time_single_texts
from afina.recipes.preparation import PreparedData
from afina.recipes.reporting import Reporter
from afina.recipes.session import set_up

LEAST_TRAINING_SECONDS = 5.0
"""Less, with its own test and saving, is no training worth the name."""
# Of a rung's share, what reading the dev and test texts for the comparison may take.
_SHARE_OF_RUNG = 0.2
_FEWEST_TEST = 100
_TEXTS_TO_TIME = 48
# Machines are shared: predictions are planned as if they ran this much slower than measured.
_SLOWDOWN = 1.3


@dataclass(frozen=True)
class Reading:
    """How fast the model is loaded and reads."""

    load_seconds: float
    texts_per_second: float
    milliseconds_a_text: float
    """Of a call with one text."""

    def fits(self, share_seconds: float, *, n_texts: int) -> bool:
        """Whether a rung's share holds loading the model, some training, and reading the dev and test texts."""
        return share_seconds >= self.load_seconds + LEAST_TRAINING_SECONDS + self.seconds(n_texts)

    def seconds(self, n_texts: int) -> float:
        """Seconds to read the dev and test texts once, and to time single texts."""
        return _SLOWDOWN * (n_texts / self.texts_per_second + SINGLE_TEXTS * self.milliseconds_a_text / 1000)


def measure_reading(config: RunConfig, data: PreparedData) -> Reading:
    """Load the model once and time it on a few dev texts.

    Raises:
        ModelError: The model cannot be loaded.
    """
    began = time.monotonic()
    modeling = config.modeling.model_copy(update={"method": "head", "freeze_layers": None})
    classifier = set_up(config.model_copy(update={"modeling": modeling}), data.train).finish()
    load_seconds = time.monotonic() - began
    texts = take(data.dev, _TEXTS_TO_TIME, seed=config.training.seed).texts
    milliseconds = time_single_texts(classifier, texts, most=8)
    began = time.monotonic()
    classifier.predict_proba(texts)
    return Reading(load_seconds, len(texts) / max(time.monotonic() - began, 1e-9), milliseconds)


def take_test_in_time(
    data: PreparedData, reading: Reading, *, share_seconds: float, reporter: Reporter, seed: int
) -> PreparedData:
    """The same texts, with as many to test on as each rung has time to read; fewer are told.

    Where not even the fewest leave time for a transformer, the baselines, which are fast, have all of them.
    """
    if not reading.fits(share_seconds, n_texts=len(data.dev) + min(_FEWEST_TEST, len(data.test))):
        return data
    n_read = int(_SHARE_OF_RUNG * share_seconds * reading.texts_per_second / _SLOWDOWN)
    test = take(data.test, max(_FEWEST_TEST, n_read - len(data.dev)), seed=seed)
    if len(test) < len(data.test):
        reporter.warn(f"The budget is too short to test all rungs on {len(data.test):,} texts: {len(test):,} are used")
    return replace(data, test=test)
