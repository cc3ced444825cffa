"""The settings of a plan as a TOML file that `afina train --config` runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from afina.config import RunConfig
from afina.planning import FROZEN, HEAD
from afina.planning.choices import Choice
from afina.planning.history import Corrections
from afina.recipes.preparation import without_passwords

_HEADING = """\
# Written by `afina plan`. To run it: `afina train --config` and the name of this file; options beside it win.
# The forecast changes nothing; it is compared with what comes of it (`afina plan --history`).
"""


def plan_text(
    choice: Choice,
    config: RunConfig,
    origins: Mapping[str, str],
    *,
    budget_seconds: float,
    corrections: Corrections,
    catalog: str | Path | None = None,
) -> str:
    """The TOML of a choice: what the user gave, what the plan chose, and what it forecasts.

    Args:
        choice: The choice.
        config: The user's settings.
        origins: Names of the settings that were given.
        budget_seconds: Limit on the whole command.
        corrections: What the forecasts were corrected by.
        catalog: A user's catalog file.
    """
    given = without_passwords(config)
    settings = {name: _value(given, name) for name in origins if name != "out" or config.out}
    settings |= {"data.source": given.data.source, **chosen_settings(choice)}
    settings["training.budget"] = budget_seconds
    if catalog is not None:
        settings["modeling.catalog"] = str(catalog)
    settings |= {
        # Of a tiny model they would round to nothing, and a forecast of nothing is none.
        "forecast.seconds": max(0.1, round(choice.seconds, 1)),
        "forecast.total_seconds": max(0.1, round(choice.total_seconds, 1)),
        "forecast.memory_mb": max(1, round(choice.memory_mb)),
        "forecast.seconds_factor": round(corrections.seconds_factor(choice.method), 4),
        "forecast.memory_factor": round(corrections.memory, 4),
    }
    return _HEADING + _as_toml(settings)


def chosen_settings(choice: Choice) -> dict[str, Any]:
    """What a choice settles, by the dotted names of settings."""
    training = choice.training
    settings: dict[str, Any] = {
        "data.train_texts": choice.train_texts,
        "tokenization.max_tokens": choice.max_tokens,
        "tokenization.batch_tokens": training.batch_tokens,
        "modeling.name": choice.model,
        "modeling.method": choice.method,
        "training.epochs": training.epochs,
        "training.learning_rate": choice.learning_rate,
        "training.evaluations": training.evaluations,
    }
    if choice.method == FROZEN:
        settings["modeling.freeze_layers"] = training.frozen_layers
    if choice.method == HEAD:
        del settings["tokenization.batch_tokens"]
    return settings


def _value(config: RunConfig, name: str) -> Any:
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _as_toml(settings: Mapping[str, Any]) -> str:
    """Settings by their dotted names as TOML; those that are None are left out."""
    tables: dict[str, list[str]] = {"": []}
    for name, value in settings.items():
        section, _, field = name.rpartition(".")
        if value is not None:
            tables.setdefault(section, []).append(f"{field} = {_literal(value)}")
    blocks = ["\n".join(([f"[{section}]"] if section else []) + lines) for section, lines in tables.items() if lines]
    return "\n" + "\n\n".join(blocks) + "\n"


def _literal(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(float(value))  # numpy writes its own name around a number
    # A name that is no UTF-8 cannot stand in TOML: it is marked, so that no other file is taken for it.
    text = str(value).encode("utf-8", errors="surrogatepass").decode("utf-8", errors="replace")
    # A JSON string is a basic string of TOML, where characters stand for themselves but for more that control.
    return re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
