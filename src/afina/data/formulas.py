"""Cells that a spreadsheet would run as formulas, made texts."""

from __future__ import annotations

import re
from typing import Any

# OWASP Application Security Verification Standard 5.0, requirement 1.2.10.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
_NUMBER = re.compile(r"[+-]?[0-9.,]*[0-9][.,]?(?:[eE][+-]?[0-9]+)?%?", re.ASCII)


class FormulaGuard:
    """Puts `'` before texts that a spreadsheet would take for formulas; numbers stay numbers.

    A text that begins with `=`, `+`, `-`, `@`, a tab, a carriage return or NUL can run a command or send other cells
    away when a file is opened in a spreadsheet (CSV injection, requirement 1.2.10 of the OWASP Application Security
    Verification Standard 5.0). A text that is a number, such as `-3.5`, is none of these.
    """

    def __init__(self) -> None:
        self.count = 0
        """Cells that were changed."""

    def __call__(self, cell: Any) -> Any:
        """The cell as it can be opened safely."""
        if isinstance(cell, str) and cell.startswith(_STARTS) and not _NUMBER.fullmatch(cell):
            self.count += 1
            return "'" + cell
        return cell
