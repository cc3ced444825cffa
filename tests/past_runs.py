"""Records of runs with a forecast and an outcome, as the log of a machine holds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from afina.planning.history import ForecastRecord

HERE = "0123456789ab"


def record(seconds=1.0, memory=1.0, number=0, **changed):
    """A run that took so many times what was forecast: 100 s and 1,000 MB."""
    made = {
        "date": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number), "run": f"/runs/{number}",
        "fingerprint": HERE, "rules": 1, "made_by": "plan", "model": "minilm", "method": "full", "freeze_layers": 0,
        "max_tokens": 256, "batch_tokens": 1024, "texts": 5000, "epochs": 2.0, "tokens_seen": 900_000,
        "weights": 22_713_986, "stopped_by": "epochs", "resumed": False, "share_done": 1.0,
        "forecast": {"seconds": 100.0, "total_seconds": 120.0, "memory_mb": 1000.0},
        "outcome": {"seconds": 100 * seconds, "total_seconds": None, "memory_mb": 1000 * memory},
    }  # fmt: skip
    return ForecastRecord.model_validate({**made, **changed})
