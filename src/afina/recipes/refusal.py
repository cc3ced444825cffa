"""Settings that a recipe does not take, refused before anything is read rather than silently left aside."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from afina.config import RunConfig
from afina.errors import ConfigError


def refuse_settings(config: RunConfig, names: Sequence[str], *, who: str) -> None:
    """Refuse settings that a recipe decides itself.

    Args:
        config: The user's settings.
        names: Dotted names of those that must be left at their defaults.
        who: The recipe, as the error names it.

    Raises:
        ConfigError: One of them was given.
    """
    plain = RunConfig()
    for name in names:
        value = attrgetter(name)
        if value(config) != value(plain):
            raise ConfigError(f"The {who} decides {name} itself", hint=f"leave {name} out")
