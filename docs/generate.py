"""Write the reference pages from the code, or with --check say whether they are up to date."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from typer.main import get_command

from afina.cli.app import app
from afina.config import RunConfig

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code; edit the code instead. -->\n"


def commands_page() -> str:
    """Every command with its arguments and options."""
    parts = [
        NOTE,
        "# Commands\n",
        "Results go to standard output, progress and warnings to standard error.\n",
        EXIT_CODES,
    ]
    for name, command in _commands(get_command(app), "afina"):
        context = typer.Context(command, info_name=name)
        parts.append(f"## {name}\n\n{command.help}\n")
        rows = ["| | | default |", "|---|---|---|"]
        for parameter in command.get_params(context):
            rows.append(_row(parameter))
        parts.append("\n".join(rows) + "\n")
        examples = [line.strip() for line in (command.epilog or "").splitlines() if line.strip().startswith("afina")]
        examples += [line.strip() for line in (command.epilog or "").splitlines() if line.strip().startswith("cat ")]
        parts.append("```sh\n" + "\n".join(examples) + "\n```\n")
    return "\n".join(parts)


def _commands(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command with its full name, groups opened, in alphabetical order."""
    for child in sorted(group.commands):
        command = group.commands[child]
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield f"{name} {child}", command
            yield from _commands(command, f"{name} {child}")
        else:
            yield f"{name} {child}", command


def _row(parameter: object) -> str:
    names = ", ".join(f"`{name}`" for name in getattr(parameter, "opts", []))
    if getattr(parameter, "param_type_name", "") == "argument":
        names = f"`{str(getattr(parameter, 'metavar', None) or getattr(parameter, 'name', '')).upper()}`"
    shown = getattr(parameter, "show_default", "")
    return f"| {names} | {getattr(parameter, 'help', '') or ''} | {shown if isinstance(shown, str) else ''} |"


EXIT_CODES = """
| exit code | |
|---|---|
| 0 | done |
| 1 | a check did not hold |
| 2 | wrong usage or input; nothing was written |
| 3 | interrupted; what was done is kept, and the message says how to go on |
| 4 | a limit of the machine was hit: memory, disk, time |
"""


def settings_page() -> str:
    """Every setting of a TOML config, by section."""
    parts = [
        NOTE,
        "# Settings\n",
        "For `afina train --config FILE.toml` and `--set section.field=value`. "
        "A setting without a default is chosen from the data and the machine; `run.json` holds what was chosen.\n",
    ]
    top: list[str] = []
    for name, field in RunConfig.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            parts.append(f"## [{name}]\n\n{field.description}\n\n{_settings_table(section)}\n")
        else:
            top.append(f"| `{name}` | {field.description} | |")
    parts.insert(3, "| setting | meaning | default |\n|---|---|---|\n" + "\n".join(top) + "\n")
    return "\n".join(parts)


def _settings_table(section: type[BaseModel]) -> str:
    rows = ["| setting | meaning | default |", "|---|---|---|"]
    for name, field in section.model_fields.items():
        default = "" if field.default in (None, PydanticUndefined) else f"`{field.default}`"
        rows.append(f"| `{name}` | {field.description} | {default} |")
    return "\n".join(rows)


def main() -> int:
    """Write or check every page."""
    stale = []
    for name, make in (("commands.md", commands_page), ("settings.md", settings_page)):
        path, page = REFERENCE / name, re.sub(r"\n{3,}", "\n\n", make())
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != page:
                stale.append(str(path))
        else:
            path.write_text(page, encoding="utf-8")
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run `make docs`\n")
    return len(stale)


if __name__ == "__main__":
    sys.exit(main())
