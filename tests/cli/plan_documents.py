"""Documents as `afina plan` and `afina plan --history` print them, with names as long as they come."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from afina.training.loop import ALL_STEPS, EARLY

MACHINE = {
    "processor": "A Processor With A Name 8275CL @ 3.00GHz", "cores": 2, "threads": 2, "memory_mb": 24105.0,
    "free_memory_mb": 22305.0, "free_disk_mb": 50000.0, "device": "cpu", "fp32_gflops": 118.4, "bf16_gflops": None,
    "device_name": None, "device_memory_mb": None, "fingerprint": "0123abcd",
}  # fmt: skip

FIRST_CHOICE = {
    "model": "distilbert-multilingual", "method": "frozen", "freeze_layers": 3, "max_tokens": 1024, "epochs": 2.25,
    "train_texts": 12500, "share": 0.625, "batch_tokens": 4096, "learning_rate": 5e-5, "seconds": 612.0,
    "seconds_low": 551.0, "seconds_high": 691.0, "total_seconds": 840.0, "memory_mb": 2210.0, "download_mb": None,
    "tokens": 7_200_000, "score": 91.25, "measured": True,
    "reasons": ["It sees 7.2 million tokens in the time there is", "Its 256 tokens hold 71 % of the texts whole"],
}  # fmt: skip
SECOND_CHOICE = FIRST_CHOICE | {
    "model": "minilm", "method": "full", "freeze_layers": None, "max_tokens": 128, "epochs": 3.0, "share": 1.0,
    "seconds": 400.0, "seconds_low": 300.0, "seconds_high": 520.0, "total_seconds": 500.0, "download_mb": 91.0,
    "score": 80.0, "measured": False, "reasons": ["It is small"],
}  # fmt: skip
REJECTED = {
    "model": "roberta", "method": "full", "max_tokens": 256, "seconds": 3720.0, "memory_mb": 3100.0,
    "why": "roberta would need 62 minutes here", "elsewhere": {"P100": 5.2, "T4": 4.0},
}  # fmt: skip


def plan_document(**changed: Any) -> dict[str, Any]:
    """A plan with two choices, one of them measured, and one rejection."""
    document = {
        "machine": MACHINE, "source": "imdb_train.parquet", "texts": 20_000, "budget_seconds": 900.0,
        "probe_seconds": 24.0, "choices": [FIRST_CHOICE, SECOND_CHOICE], "rejected": [REJECTED],
        "notes": ["minilm is not on this machine; its licence would need the Hub"], "corrections": {},
        "plan": "plan.toml", "planned": 1, **changed,
    }  # fmt: skip
    return deepcopy(document)


def history_document(**changed: Any) -> dict[str, Any]:
    """Two runs, one of them from another machine and stopped early."""
    first = {
        "run": "runs/imdb_train-distilbert-2", "model": "distilbert", "method": "frozen", "max_tokens": 256,
        "texts": 20_000, "seconds": {"forecast": 600.0, "outcome": 640.0, "error": 0.0667},
        "memory_mb": {"forecast": 2210.0, "outcome": 2000.0, "error": -0.095}, "made_by": "plan",
        "stopped_by": ALL_STEPS, "same_machine": True,
    }  # fmt: skip
    second = first | {
        "run": "runs/sst2", "model": "minilm", "seconds": {"forecast": 100.0, "outcome": None, "error": None},
        "stopped_by": EARLY, "same_machine": False,
    }  # fmt: skip
    errors = {
        "seconds": {"n": 1, "median": 0.0667, "worst": 0.0667},
        "memory_mb": {"n": 2, "median": 0.095, "worst": 0.095},
    }
    corrected = {
        "seconds": {"n": 1, "median": 0.01, "worst": 0.02}, "memory_mb": {"n": 2, "median": 0.03, "worst": 0.04},
    }  # fmt: skip
    corrections = {
        "seconds": 1.0667, "memory_mb": 0.95, "seconds_by_method": {"frozen": 1.1},
        "spread": {"seconds": 1.2, "memory_mb": 1.1}, "runs": {"seconds": 1, "memory_mb": 2},
    }  # fmt: skip
    document = {
        "runs_without_forecast": 0, "runs": [first, second], "error": errors, "after_correction": corrected,
        "corrections": corrections,
        "machine": MACHINE, **changed,
    }  # fmt: skip
    return deepcopy(document)
