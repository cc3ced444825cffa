"""The one command that makes a run again."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from afina.config import OPTIONS, RunConfig, setting_names

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
        words += _option(name, value) or ["--set", f"{name}={_toml(value)}"]
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


def _option(name: str, value: Any) -> list[str]:
    """A setting as an option of its own; empty where it has none, or none that says this."""
    if name not in OPTIONS or value is False or value in ((), []):
        return []
    option = f"--{OPTIONS[name].replace('_', '-')}"
    if value is True:
        return [option]
    if name == "training.budget":
        return [option, _duration(value)]
    return [option, ",".join(value) if isinstance(value, list | tuple) else _plain(value)]


def _plain(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


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
