"""How many cores this process may use, and how many threads a model gets."""

from __future__ import annotations

import os
from pathlib import Path

from afina.errors import ConfigError

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Cores that the process may run on and that a container's quota lets it use, at least 1.

    A container with a quota of two cores on a machine of 64 sees 64; as many threads would stand still for most of
    each period.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        cores = min(cores, -(-int(quota) // int(period)))
    except (OSError, ValueError):  # no Linux, no control groups, or "max": no quota
        pass
    return max(1, cores)


def threads_to_use(asked: int | None) -> int | None:
    """As many threads as are asked for, but no more than the machine has cores; None where none are asked for.

    More would only wait for each other; thousands take a minute to start, and all that the process may have.

    Raises:
        ConfigError: It is no whole number above 0.
    """
    if asked is None:
        return None
    if isinstance(asked, bool) or not isinstance(asked, int) or asked < 1:
        raise ConfigError(f"Threads are a whole number above 0, got {asked!r}")
    return min(asked, os.cpu_count() or asked)
