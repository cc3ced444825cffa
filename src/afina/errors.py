"""Every error afina raises on purpose.

```
AfinaError                      what every `except` around afina can catch
├── DataError (ValueError)      a source cannot be read, or what it holds cannot be learned from
├── ConfigError (ValueError)    a setting is unknown, out of range, or contradicts another
├── ModelError (ValueError)     a pretrained model or a run cannot be found, verified or loaded
│   └── UnknownModelError       a name is neither in the catalog, nor a folder, nor a Hub id
├── ExportError                 a model cannot be written in another form, or does not answer the same there
├── TrainingError               training cannot start or cannot go on with these settings
├── OutputError                 the place to write to is taken or cannot be written
├── MissingExtraError (ImportError)  an optional package is not installed
├── MachineLimitError           memory, disk or time ran out
└── Interrupted                 the user stopped the work; what was done is kept
```

The message says what is wrong with the offending value; the hint says what to do about it. Only
`afina.cli` turns errors into exit codes.
"""

from __future__ import annotations


class AfinaError(Exception):
    """Base of all errors that afina raises on purpose.

    Attributes:
        hint: What the user can do about it, or None.
        exit_code: The exit code of the command line for this error.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class DataError(AfinaError, ValueError):
    """A source cannot be read, or what it holds cannot be learned from."""


class ConfigError(AfinaError, ValueError):
    """One or more settings are unknown, out of range or contradict each other."""


class ModelError(AfinaError, ValueError):
    """A pretrained model or a run cannot be found, verified or loaded."""


class UnknownModelError(ModelError):
    """A name is neither in the catalog, nor a folder, nor a Hub id."""


class ExportError(AfinaError):
    """A model cannot be written in another form, or does not give the same answers there."""

    exit_code = 1


class TrainingError(AfinaError):
    """Training cannot start or cannot go on with these settings."""


class OutputError(AfinaError):
    """The place to write to is taken, or nothing can be written there."""


class MissingExtraError(AfinaError, ImportError):
    """An optional package is needed and not installed."""


class MachineLimitError(AfinaError):
    """Memory, disk or time of this machine ran out."""

    exit_code = 4


class Interrupted(AfinaError):
    """The user stopped the work; the hint says how to go on."""

    exit_code = 3


def first_line(error: Exception) -> str:
    """The first line of another library's error that says anything, or the error's name."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
