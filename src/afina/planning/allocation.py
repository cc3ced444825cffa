"""How the time that is left is shared out: what is trained, how often it is scored, what is tested.

The clock bounds the whole command, so the test at the end must have its share before training begins. Where a whole
data set does not fit, a stratified part of it is used, and the run says so.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from afina.errors import MachineLimitError
from afina.planning.method import OFF, CachePlan
from afina.planning.probe import Speed

# Most of the time that the test and all dev evaluations may take.
TEST_SHARE = 0.25
DEV_SHARE = 0.12
# Machines are shared: predictions are planned as if they ran this much slower than measured.
_SLOWDOWN = 1.25
# Padding left over in batches of similar length.
_PADDING = 1.05
MIN_TEST, MIN_DEV = 40, 20
# For what nobody foresees: a step in hand when the time ends, a neighbour who wakes up while the test runs.
_MARGIN_SHARE = 0.02
# More is planned than the measured speed allows: a machine that proves faster, since others had kept it busy while it
# was measured, is used to the end, and where it is not faster the clock leads the learning rate to zero in time all the
# same.
_OVERSHOOT = 4.0
# Of the time for training, what reading texts for the frozen layers and one epoch of the others may be planned to take.
_READING_SHARE = 0.9


@dataclass(frozen=True)
class Allocation:
    """What the time is spent on."""

    train_texts: int
    dev_texts: int
    test_texts: int
    epochs: float
    training_seconds: float | None
    """Seconds for training with its dev evaluations; None where there is no clock."""
    reserve_seconds: float = 0.0
    """Seconds kept for the test, the baseline's test and saving."""
    expected_epochs: float | None = None
    """Epochs that the measured speed allows, where there is a clock; more are planned."""
    cache_precision: str = OFF
    """Precision in which the states of frozen layers are kept, or `off`."""
    cache_on_disk: bool = False
    """Whether they are kept in a file."""
    cache_bytes: int = 0
    """Bytes that they take."""
    forecast_seconds: float | None = None
    """Seconds that training is expected to take, dev evaluations counted; None where nothing was measured."""
    forecast_memory_mb: float | None = None
    """Most memory that the run is expected to take, in MB."""

    @property
    def cache(self) -> CachePlan:
        """Whether and how the states of frozen layers are kept."""
        return CachePlan(self.cache_precision, self.cache_on_disk, self.cache_bytes)

    def as_dict(self) -> dict[str, Any]:
        """Names and values, for the manifest."""
        return asdict(self)


def allocate(
    seconds_left: float,
    speed: Speed,
    *,
    n_train: int,
    n_dev: int,
    n_test: int,
    train_tokens: float,
    test_tokens: float,
    epochs: float,
    evaluations: int,
    saving_seconds: float,
    dev_readings: int = 1,
    keeps_states: bool = False,
) -> Allocation:
    """Share out the time that is left.

    Args:
        seconds_left: Seconds until the budget ends, from now.
        speed: Measured speed of this machine.
        n_train: Training texts there are.
        n_dev: Dev texts there are.
        n_test: Test texts there are.
        train_tokens: Mean tokens of a training or dev text, after truncation.
        test_tokens: Mean tokens of a test text, after truncation.
        epochs: Epochs wished for.
        evaluations: Dev evaluations wished for.
        saving_seconds: Seconds that saving the run takes.
        dev_readings: Times that the dev set is read after training has ended, the last evaluation counted.
        keeps_states: Whether frozen layers read each text once and what they make of it is kept.

    Raises:
        MachineLimitError: Not even a handful of texts can be trained on in this time.
    """
    usable = seconds_left - saving_seconds
    inference = speed.inference / (_SLOWDOWN * _PADDING)
    test_rate = inference / test_tokens  # texts a second
    dev_rate = inference / train_tokens
    n_test_fit = min(n_test, max(MIN_TEST, int(usable * TEST_SHARE * test_rate)))
    n_dev_fit = min(n_dev, max(MIN_DEV, int(usable * DEV_SHARE * dev_rate / evaluations)))
    # The last dev evaluation begins when the time for training has just ended.
    reserve = saving_seconds + _MARGIN_SHARE * seconds_left + n_test_fit / test_rate
    reserve += dev_readings * n_dev_fit / dev_rate
    training_seconds = seconds_left - reserve
    fitting_seconds = training_seconds - evaluations * n_dev_fit / dev_rate
    reading, step = _seconds_a_text(speed, train_tokens, keeps_states=keeps_states)
    # Texts that can be read and trained on once.
    capacity = fitting_seconds / (reading + step)
    if capacity < 8:
        raise MachineLimitError(
            f"The budget is too short: {max(seconds_left, 0):.0f} s are left after loading, and training and testing "
            f"need at least {seconds_left + (8 - capacity) * (reading + step) + 1:.0f} s",
            hint="give a longer --budget",
        )
    n_train_fit = min(n_train, int(capacity / min(1.0, epochs)))
    if keeps_states:
        # Every text is read before training begins, so there must be time for that and for some training.
        n_train_fit = min(n_train, max(8, int(_READING_SHARE * fitting_seconds / (reading + min(1.0, epochs) * step))))
    elif n_train_fit < n_train:
        n_train_fit = min(n_train, math.ceil(_OVERSHOOT * capacity))
    expected = min(epochs, (fitting_seconds - n_train_fit * reading) / (n_train_fit * step))
    epochs_fit = min(epochs, _OVERSHOOT * expected)
    forecast = n_train_fit * (reading + expected * step) + evaluations * n_dev_fit / dev_rate
    return Allocation(
        n_train_fit, n_dev_fit, n_test_fit, epochs_fit, training_seconds, reserve, expected,
        forecast_seconds=min(forecast, training_seconds),
    )  # fmt: skip


def _seconds_a_text(speed: Speed, tokens: float, *, keeps_states: bool) -> tuple[float, float]:
    """Seconds to read a text once, and to train on it once after that."""
    if keeps_states and speed.prefix is not None and speed.suffix is not None:
        return _SLOWDOWN * _PADDING * tokens / speed.prefix, _PADDING * tokens / speed.suffix
    return 0.0, _PADDING * tokens / speed.training
