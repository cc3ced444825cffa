"""Where a document written by hand has other keys than a real one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any


def differences(made: Any, real: Any, at: str, *, free: Collection[str] = ()) -> Iterator[str]:
    """Keys that only one of two documents has; what is empty in either is not looked into.

    Args:
        made: A document written by hand.
        real: What a command wrote.
        at: What the document is called.
        free: Dotted names whose keys may be any.
    """
    made, real = (merged(each) if isinstance(each, list) else each for each in (made, real))
    if at in free or not made or not real or not (isinstance(made, Mapping) or isinstance(real, Mapping)):
        return
    if not (isinstance(made, Mapping) and isinstance(real, Mapping)):
        yield f"{at} is {made!r} and {real!r}"
        return
    only = {f"{at}.{key} is made up" for key in made.keys() - real.keys() if f"{at}.{key}" not in free}
    yield from only | {f"{at}.{key} is missing" for key in real.keys() - made.keys()}
    for key in made.keys() & real.keys():
        yield from differences(made[key], real[key], f"{at}.{key}", free=free)


def merged(values: Iterable[Any]) -> dict[str, Any]:
    """One document with the keys of all; empty where the values are none."""
    found: dict[str, Any] = {}
    for value in values:
        for key, inner in value.items() if isinstance(value, Mapping) else ():
            if isinstance(inner, Mapping) and isinstance(found.get(key), Mapping):
                found[key] = merged([found[key], inner])
            elif not found.get(key):
                found[key] = inner
    return found
