"""What is found about a finished run, written into its folder, where the report finds it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from afina.errors import MachineLimitError, OutputError
from afina.outputs import new_file
from afina.recipes.reporting import Reporter
from afina.run_folder import as_json


def keep(document: Mapping[str, Any], file: Path, reporter: Reporter, *, or_say: str) -> None:
    """Write a document that several commands may write at once; where that cannot be, it is still worth reading.

    Args:
        document: What was found.
        file: Its place in the run; what stands there is replaced.
        reporter: Warned where the file cannot be written.
        or_say: The warning's beginning; what was wrong follows it.
    """
    try:
        with new_file(file, force=True) as beside:
            beside.write_text(as_json(document), encoding="utf-8")
    except (OutputError, MachineLimitError) as error:
        reporter.warn(f"{or_say}: {error}")
