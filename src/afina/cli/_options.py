"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Argument(help="Run folder that `afina train` wrote.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what stands at --out.")]
TextColumn = Annotated[str | None, typer.Option("--text-column", help="Column with the text.", show_default="found")]
TitleColumn = Annotated[
    str | None,
    typer.Option("--title-column", help="Column put before the text; `none` for none.", show_default="found"),
]
LabelColumn = Annotated[str | None, typer.Option("--label-column", help="Column with the label.", show_default="found")]
