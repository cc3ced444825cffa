"""Optional packages: import one, or say the exact line that installs it."""

from __future__ import annotations

import importlib
from types import ModuleType

from afina.errors import MissingExtraError


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional module.

    Args:
        module: Dotted module name, as in `import`.
        extra: The afina extra that brings it.

    Raises:
        MissingExtraError: The package is not installed; the hint is the pip line.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A package that is there but misses something of its own must not be reported as missing itself.
        if error.name is None or module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise missing(module, extra=extra) from error


def missing(module: str, *, extra: str) -> MissingExtraError:
    """The error for a module that is not installed, with the line that installs it."""
    return MissingExtraError(
        f"This needs the package {module.split('.')[0]!r}, which is not installed", hint=f"pip install 'afina[{extra}]'"
    )
