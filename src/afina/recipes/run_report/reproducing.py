"""The one command that makes a run again."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from afina.config import RunConfig, setting_names

OPTIONS = {
    "data.dev": "--dev",
    "data.test": "--test",
    "data.text_column": "--text-column",
    "data.title_column": "--title-column",
    "data.label_column": "--label-column",
    "data.max_rows": "--max-rows",
    "modeling.name": "--model",
    "modeling.method": "--method",
    "modeling.freeze_layers": "--freeze-layers",
    "modeling.lora_rank": "--lora-rank",
    "tokenization.max_tokens": "--max-tokens",
    "tokenization.long_text": "--long-text",
    "tokenization.batch_tokens": "--batch-tokens",
    "training.budget": "--budget",
    "training.epochs": "--epochs",
    "training.max_steps": "--max-steps",
    "training.learning_rate": "--learning-rate",
    "training.precision": "--precision",
    "training.seed": "--seed",
}
"""Settings that read better as options of `afina train`; all others are given by `--set`."""
_FLAGS = {"blend": "--blend", "data.keep_labels": "--keep-labels"}
# Where the run is written is no part of what it is.
_LEFT_OUT = {"data.source", "out"}


def train_command(config: Mapping[str, Any], given: Iterable[str]) -> str:
    """The command line that trains with the same settings, quoted for a shell.

    Args:
        config: All settings of the run, a mapping for each section.
        given: Dotted names of those that were given; the others were defaults.
    """
    words = ["afina", "train"]
    given = sorted(set(given))
    if "data.source" in given:
        words.append(str(setting(config, "data.source")))
    for name in given:
        value = setting(config, name)
        if name in _LEFT_OUT or value is None:
            continue
        if name in _FLAGS and value is True:
            words.append(_FLAGS[name])
        elif name in OPTIONS:
            words += [OPTIONS[name], _duration(value) if name == "training.budget" else _plain(value)]
        else:
            words += ["--set", f"{name}={_toml(value)}"]
    return shlex.join(words)


def given_settings(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Dotted names of the settings that were given, and where.

    A library call may tell of none, so that what differs from the defaults counts too.

    Args:
        manifest: Of the run.
    """
    config = manifest.get("config") or {}
    origins = dict(manifest.get("origins") or {})
    defaults = RunConfig().model_dump(mode="json")
    for name in setting_names():
        value = setting(config, name)
        if value is not None and value != setting(defaults, name):
            origins.setdefault(name, "library call")
    return origins


def setting(config: Mapping[str, Any], name: str) -> Any:
    """The value of a dotted name; None where there is none."""
    value: Any = config
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _duration(seconds: Any) -> str:
    """Seconds in the largest unit that divides them: `15m`, `90s`."""
    for unit, size in (("h", 3600), ("m", 60)):
        if isinstance(seconds, int | float) and seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{_plain(seconds)}s"


def _toml(value: Any) -> str:
    """A value as `--set` reads it: TOML, and a string plainly where TOML would not take it for something else."""
    if isinstance(value, str):
        try:
            tomllib.loads(f"value = {value}")
        except tomllib.TOMLDecodeError:
            return value
    return json.dumps(value, ensure_ascii=False)
