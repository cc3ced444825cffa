"""What a server needs to be installed elsewhere as it is here: pinned requirements, and the source of this afina."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import afina
from afina.errors import ExportError
from afina.extras import require

_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"}


def pinned_requirements() -> list[str]:
    """What a server needs on Linux, at the versions that are installed here, as lines of requirements.txt.

    What is needed there and not here, on another system, is given by the range that asks for it.

    Raises:
        ExportError: afina is not installed as a package.
    """
    parse = require("packaging.requirements", extra="export").Requirement
    normal = require("packaging.utils", extra="export").canonicalize_name
    pins: dict[str, str] = {}
    waiting: list[tuple[str, Sequence[str]]] = [("afina", ("serve",))]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        for requirement in map(parse, _requirements_of(name)):
            if not _applies(requirement, extras):
                continue
            needed = normal(requirement.name)
            pins[needed] = _pin(needed, asked=f"{needed}{requirement.specifier}")
            further = (needed, tuple(sorted(requirement.extras)))
            if further not in seen:
                seen.add(further)
                waiting.append(further)
    return sorted(pins.values())


def write_source(folder: Path) -> None:
    """Copy this very afina with what pip needs to install it, for it may be newer than any that is published.

    Args:
        folder: Where `pip install FOLDER` shall find it; its requirements are not listed there again.

    Raises:
        ExportError: afina is not installed as a package.
    """
    ignored = shutil.ignore_patterns("__pycache__", ".*", "*.tmp")
    shutil.copytree(Path(afina.__file__).parent, folder / "afina", ignore=ignored)
    needs_python = _distribution().metadata["Requires-Python"] or ">=3.11"
    project = f"""[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "afina"
version = {json.dumps(afina.__version__)}
requires-python = {json.dumps(needs_python)}
license = "Apache-2.0"

[project.scripts]
afina = "afina.__main__:main"

[tool.hatch.build.targets.wheel]
packages = ["afina"]
"""
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")
    for file in metadata.files("afina") or ():
        if file.name == "LICENSE":
            shutil.copy(str(file.locate()), folder)


def _distribution() -> metadata.Distribution:
    try:
        return metadata.distribution("afina")
    except metadata.PackageNotFoundError:
        raise ExportError(
            "What a server needs is not known, since afina is not installed as a package",
            hint="pip install 'afina[serve]', or in its own folder: pip install --editable '.[serve]'",
        ) from None


def _requirements_of(name: str) -> Sequence[str]:
    if name == "afina":
        return _distribution().requires or ()
    try:
        return metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        return ()


def _applies(requirement: Any, extras: Sequence[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**_LINUX, "extra": extra}) for extra in ("", *extras))


def _pin(name: str, *, asked: str) -> str:
    try:
        # A version such as 2.0+cpu is in no public index.
        return f"{name}=={metadata.version(name).partition('+')[0]}"
    except metadata.PackageNotFoundError:
        return asked
