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
_TEST_SHARE = 0.25
_DEV_SHARE = 0.12
# Machines are shared: predictions are planned as if they ran this much slower than measured.
_SLOWDOWN = 1.25
# Padding left over in batches of similar length.
_PADDING = 1.05
_MIN_TEST, _MIN_DEV = 40, 20
# For what nobody foresees: a step in hand when the time ends, a neighbour who wakes up while the test runs.
_MARGIN_SHARE = 0.02
# More is planned than the measured speed allows: a machine that proves faster, since others had kept it busy while it
# was measured, is used to the end, and where it is not faster the clock leads the learning rate to zero in time all the
# same.
_OVERSHOOT = 2.0


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

    Raises:
        MachineLimitError: Not even a handful of texts can be trained on in this time.
    """
    usable = seconds_left - saving_seconds
    inference = speed.inference / (_SLOWDOWN * _PADDING)
    test_rate = inference / test_tokens  # texts a second
    dev_rate = inference / train_tokens
    n_test_fit = min(n_test, max(_MIN_TEST, int(usable * _TEST_SHARE * test_rate)))
    n_dev_fit = min(n_dev, max(_MIN_DEV, int(usable * _DEV_SHARE * dev_rate / evaluations)))
    # The last dev evaluation begins when the time for training has just ended.
    reserve = saving_seconds + _MARGIN_SHARE * seconds_left + n_test_fit / test_rate + n_dev_fit / dev_rate
    training_seconds = seconds_left - reserve
    fitting_seconds = training_seconds - evaluations * n_dev_fit / dev_rate
    capacity = fitting_seconds * speed.training / (_PADDING * train_tokens)  # texts
    if capacity < 8:
        raise MachineLimitError(
            f"The budget is too short: {max(seconds_left, 0):.0f} s are left after loading, and training and testing "
            f"need at least {seconds_left + (8 - capacity) * _PADDING * train_tokens / speed.training + 1:.0f} s",
            hint="give a longer --budget",
        )
    fits = capacity >= n_train * min(1.0, epochs)
    n_train_fit = n_train if fits else min(n_train, math.ceil(_OVERSHOOT * capacity))
    epochs_fit = min(epochs, _OVERSHOOT * capacity / n_train_fit)
    expected = min(epochs, capacity / n_train_fit)
    return Allocation(n_train_fit, n_dev_fit, n_test_fit, epochs_fit, training_seconds, reserve, expected)
