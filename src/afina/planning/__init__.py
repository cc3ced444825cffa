"""Planning room: settings, data sizes and the measured speed of this machine in; what to train and test out.

Imports the training room and those before it.
"""

from afina.planning.allocation import Allocation, allocate
from afina.planning.method import NO_CACHE, OFF, CachePlan, choose_method, plan_cache
from afina.planning.probe import Speed, has_bf16, has_fast_bf16, measure_speed
from afina.planning.settings import (
    DEFAULT_BATCH_TOKENS,
    DEFAULT_BUDGET_SECONDS,
    FROZEN,
    FULL,
    HEAD,
    LORA,
    Settings,
    choose_bits,
    choose_dropout,
    choose_precision,
    choose_settings,
    default_max_tokens,
    size_defaults,
)

__all__ = [
    "DEFAULT_BATCH_TOKENS",
    "DEFAULT_BUDGET_SECONDS",
    "FROZEN",
    "FULL",
    "HEAD",
    "LORA",
    "NO_CACHE",
    "OFF",
    "Allocation",
    "CachePlan",
    "Settings",
    "Speed",
    "allocate",
    "choose_bits",
    "choose_dropout",
    "choose_method",
    "choose_precision",
    "choose_settings",
    "default_max_tokens",
    "has_bf16",
    "has_fast_bf16",
    "measure_speed",
    "plan_cache",
    "size_defaults",
]
