"""Planning room: settings, data sizes and the measured speed of this machine in; what to train and test out.

Imports the training room and those before it.
"""

from afina.planning.allocation import Allocation, allocate
from afina.planning.probe import Speed, has_fast_bf16, measure_speed
from afina.planning.settings import DEFAULT_BUDGET_SECONDS, Settings, choose_dropout, choose_settings

__all__ = [
    "DEFAULT_BUDGET_SECONDS",
    "Allocation",
    "Settings",
    "Speed",
    "allocate",
    "choose_dropout",
    "choose_settings",
    "has_fast_bf16",
    "measure_speed",
]
