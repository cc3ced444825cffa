"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from afina.config import DEFAULT_MAX_ROWS as DEFAULT_MAX_ROWS
from afina.config import OPTIONS
from afina.errors import ConfigError

Run = Annotated[Path, typer.Argument(help="Run folder that `afina train` wrote.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what stands where something is to be written.")]
TextColumn = Annotated[str | None, typer.Option("--text-column", help="Column with the text.", show_default="found")]
TitleColumn = Annotated[
    str | None,
    typer.Option("--title-column", help="Column put before the text; `none` for none.", show_default="found"),
]
LabelColumn = Annotated[str | None, typer.Option("--label-column", help="Column with the label.", show_default="found")]
LabelNames = Annotated[
    str | None,
    typer.Option(
        help="What values of the label column mean, as in `0=negative,1=neutral,2=positive`.", show_default="found"
    ),
]
KeepLabels = Annotated[bool, typer.Option("--keep-labels", help="Do not map stars and 0/1 to sentiment.")]
MaxRows = Annotated[
    int | None,
    typer.Option(min=100, help="Rows to hold; of more, a random part with the label mix of the whole."),
]
BackendName = Annotated[
    str, typer.Option("--backend", help="What computes: auto, int8, fp32 or torch; auto takes what was exported.")
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads to compute with, at most one a core.", show_default="by the cores")
]

# Settings of a run: None leaves the value to the configuration file, and that to the defaults of `afina.config`.
Test = Annotated[str | None, typer.Option(help="Held-out texts.", show_default="a share of SOURCE")]
Model = Annotated[str | None, typer.Option(help="Catalog name, folder or Hub id.", show_default="minilm")]
Catalog = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="TOML file with models of your own, beside the shipped ones.", show_default=False
    ),
]
Method = Annotated[
    str | None, typer.Option(help="full, frozen, head, lora, or auto.", show_default="auto: by the time")
]
Budget = Annotated[
    str | None, typer.Option(help="Wall-clock limit on the whole command: 900s, 15m, 1h.", show_default="15m")
]
Seed = Annotated[int | None, typer.Option(help="Seed of splits, heads and batches.", show_default="0")]
KeepLabelsSetting = Annotated[
    bool | None, typer.Option("--keep-labels", help="Do not map stars and 0/1 to sentiment.", show_default=False)
]
ConfigFile = Annotated[Path | None, typer.Option(help="TOML file with settings.", show_default=False)]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="Any setting: section.field=value.", show_default=False)
]
Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="Texts: a file, several (a.csv,b.csv or 'part-*.csv'), a folder, hub:owner/name, a database URL, "
        "or `sample`.",
        show_default=False,
    ),
]


def settings_of(**given: Any) -> dict[str, Any]:
    """The values of options by the dotted names of their settings, as `load_config` takes them.

    Args:
        given: Values by the names of options in `afina.config.OPTIONS`; None where one was not given.
    """
    settings = {option: setting for setting, option in OPTIONS.items()}
    return {settings[option]: value for option, value in given.items()}


def read_label_names(given: str | None) -> dict[str, str] | None:
    """What `LabelNames` says, by value.

    Raises:
        ConfigError: A value is given twice, or without what it means.
    """
    if given is None:
        return None
    pairs = [pair.partition("=") for pair in given.split(",")]
    names = {value.strip(): name.strip() for value, _, name in pairs}
    if not all(equals and value.strip() and name.strip() for value, equals, name in pairs) or len(names) < len(pairs):
        raise ConfigError(
            f"--label-names takes each value once, with what it means: {given!r}",
            hint="as in --label-names 0=negative,1=positive",
        )
    return names
