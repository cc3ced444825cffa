"""Packages whose names are loaded when first used, so that importing them costs nothing heavy."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from afina.extras import missing


def attach(
    package: str, homes: Mapping[str, str], *, extra: str
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` (PEP 562) for a package.

    Args:
        package: Its `__name__`.
        homes: For each public name, the module in the package that defines it.
        extra: The afina extra that brings what these modules import; named where it is not installed.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            module = importlib.import_module(f"{package}.{homes[name]}")
        except ModuleNotFoundError as error:
            if error.name is None or error.name.split(".")[0] == "afina":
                raise
            raise missing(error.name, extra=extra) from error
        return getattr(module, name)

    return get, lambda: sorted(homes)
