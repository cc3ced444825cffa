"""Texts that a command is given: as arguments, or a text a line on standard input."""

from __future__ import annotations

import sys

from afina.errors import ConfigError


def given_texts(arguments: list[str] | None, *, command: str) -> list[str]:
    """The texts, blank ones among them, so that answers can be told apart by their places.

    Args:
        arguments: Those on the command line; None to read standard input.
        command: Name of the command, for its hint.

    Raises:
        ConfigError: There are none, or all are blank.
    """
    # Where a job closed it, there is no standard input at all.
    if arguments is None and (sys.stdin is None or sys.stdin.isatty()):
        raise ConfigError("No texts given", hint=f'afina {command} RUN "a text", or pipe lines into it')
    texts = arguments or _lines()
    if not any(text.strip() for text in texts):
        raise ConfigError("No texts given: all were blank")
    return texts


def _lines() -> list[str]:
    # No other character than a line feed ends a text: not every program takes U+2028 for a line break.
    content = sys.stdin.buffer.read().decode("utf-8-sig", errors="replace")
    return [line.removesuffix("\r") for line in content.removesuffix("\n").split("\n")]
