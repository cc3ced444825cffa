"""The shipped facts, read once."""

from __future__ import annotations

import difflib
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from afina.errors import ConfigError
from afina.planning.platforms.facts import AcceleratorFacts, Platform

LOCAL = "local"
"""Name of the machine that afina runs on, among the platforms."""


@cache
def read_platforms() -> dict[str, Platform]:
    """Platforms by name, in the order of tables; `local` first."""
    return {name: Platform(name=name, **fields) for name, fields in _read("platforms.toml").items()}


@cache
def read_accelerators() -> AcceleratorFacts:
    """Accelerators by name, and what is known of how training uses them."""
    return AcceleratorFacts(**_read("accelerators.toml"))


def find_platform(name: str) -> Platform:
    """A platform by its name, whatever the case of its letters.

    Raises:
        ConfigError: There is none; the nearest name is told.
    """
    platforms = read_platforms()
    found = platforms.get(name.lower())
    if found is None:
        by_title = {platform.title.lower(): key for key, platform in platforms.items()}
        near = difflib.get_close_matches(name.lower(), [*platforms, *by_title], n=1)
        hint = f"did you mean {by_title.get(near[0], near[0])}?" if near else f"known are {', '.join(platforms)}"
        raise ConfigError(f"Unknown platform: {name!r}", hint=hint)
    return found


def _read(file: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(file).read_text(encoding="utf-8"))
