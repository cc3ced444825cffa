"""What a run says of itself to people who may not see the machine it stands on: names without folders, and scores."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from afina.run_folder import RunFolder

_METRICS = ("n", "accuracy", "f1", "precision", "recall", "matthews", "log_loss", "ece")


def base_and_source(manifest: Mapping[str, Any]) -> tuple[Any, Any]:
    """The pretrained model and the training source, as they were given: `last_part` makes names of them."""
    config = manifest.get("config") or {}
    return (config.get("modeling") or {}).get("name"), (config.get("data") or {}).get("source")


def test_scores(run: RunFolder) -> dict[str, Any] | None:
    """The test set's name, its rows, and its metrics, those with an interval as `{"value", "low", "high"}`.

    Returns:
        None where the run was not tested, or its metrics are not here, as in a light copy.
    """
    try:
        test = json.loads(run.metrics.read_text(encoding="utf-8"))["test"]
        return {"dataset": last_part(test.get("dataset"))} | {name: test[name] for name in _METRICS if name in test}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def last_part(name: Any) -> Any:
    """A file's name without its folders; a name of the Hub as it is."""
    if isinstance(name, list):
        return [last_part(each) for each in name]
    if not isinstance(name, str) or name.startswith("hub:"):
        return name
    is_path = name.startswith(("/", ".", "~")) or "\\" in name or bool(PurePath(name).suffix)
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1] if is_path else name
