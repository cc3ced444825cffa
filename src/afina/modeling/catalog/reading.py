"""The shipped catalog, and a user's laid over it.

A catalog file is TOML with one table a model, named as the model is: the fields of `CatalogEntry`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from afina.errors import ConfigError, ModelError
from afina.extras import require
from afina.modeling.catalog.entry import CatalogEntry, Figures, Published
from afina.modeling.catalog.lines import line_of, line_of_error

_SECTIONS: dict[str, type[BaseModel]] = {"figures": Figures, "sst2": Published, "imdb": Published}
_HINT = "`afina models --json` shows all fields of the shipped models"


@dataclass(frozen=True)
class _Problem:
    """What is wrong with a model of a catalog file."""

    path: tuple[str, ...]
    """Names of the tables and the key, from the top down."""
    what: str
    hint: str | None = None


def read_catalog(extra: str | Path | None = None) -> dict[str, CatalogEntry]:
    """Models by short name, in the order of the shipped file and then of the user's.

    A model of the user's file needs no `figures`: they follow from its config. Where it has them, they must be equal to
    what follows.

    Args:
        extra: The user's file: new names are added, known ones replaced.

    Raises:
        ConfigError: The user's file cannot be read, or is wrong; its first error is named with its line.
        MissingExtraError: There is a user's file, and no torch to work out figures with.
    """
    # By its text, so that a file that was changed is read anew.
    added = {} if extra is None else _parse(str(extra), _read_text(Path(extra)))
    return {**_shipped(), **added}


@cache
def _shipped() -> dict[str, CatalogEntry]:
    text = resources.files(__package__).joinpath("models.toml").read_text(encoding="utf-8")
    return {name: CatalogEntry(name=name, **fields) for name, fields in tomllib.loads(text).items()}


@lru_cache(maxsize=8)
def _parse(file: str, text: str) -> dict[str, CatalogEntry]:
    """The models of a user's file, called `file` in errors."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, why = line_of_error(text, error)
        raise ConfigError(f"The catalog file {file} has an error on line {line}: {why}", hint=_HINT) from None
    entries: dict[str, CatalogEntry] = {}
    problems: list[_Problem] = []
    for name, fields in tables.items():
        entry = _read_entry(name, fields)
        if isinstance(entry, CatalogEntry):
            entries[name] = entry
        else:
            problems += entry
    if problems:
        line, _, first = min((line_of(text, problem.path), number, problem) for number, problem in enumerate(problems))
        others = len(problems) - 1
        raise ConfigError(
            f"The catalog file {file} has an error on line {line}: {first.what}"
            + (f" ({others:,} more {'error' if others == 1 else 'errors'})" if others else ""),
            hint=first.hint or _HINT,
        )
    return entries


def _read_text(file: Path) -> str:
    try:
        # Some editors put a byte order mark first.
        return file.expanduser().read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"No such catalog file: {file}") from None
    except IsADirectoryError:
        raise ConfigError(f"The catalog {file} is a folder", hint="give a .toml file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"The catalog file {file} is not text in UTF-8", hint="save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"The catalog file {file} cannot be read: {error.strerror}") from None


def _read_entry(name: str, fields: Any) -> CatalogEntry | list[_Problem]:
    if not isinstance(fields, dict):
        return [_Problem((name,), f"{name} is a value and no model", hint=f"a model is a table: [{name}]")]
    if "name" in fields:
        return [_Problem((name, "name"), f"{name}: a model is named by its table alone", hint="leave name out")]
    outlined, problems = _figures_of_config(name, fields.get("config"))
    stands_in = {"figures": outlined or _NO_FIGURES} if "figures" not in fields else {}
    try:
        entry = CatalogEntry(name=name, **{**fields, **stands_in})
    except ValidationError as error:
        return [*(_describe(name, problem) for problem in error.errors()), *problems]
    problems += _check(entry, outlined)
    return problems or entry


# Only ever seen by checks of the other fields: a config that gives no figures is an error of its own.
_NO_FIGURES = {"parameters": 1, "embedding_parameters": 0, "layers": 1, "width": 1, "vocabulary": 1}


def _figures_of_config(name: str, config: Any) -> tuple[dict[str, Any] | None, list[_Problem]]:
    """What follows from a config, under the names of `CatalogEntry`; or why nothing does."""
    from afina.modeling import outline_of

    if not isinstance(config, dict):
        return None, []  # told with the other fields
    try:
        outline = outline_of(config, name=name)
    except (ModelError, ConfigError) as error:
        return None, [_Problem((name, "config"), str(error), error.hint)]
    return {
        "parameters": outline.weights,
        "embedding_parameters": outline.embedding_weights,
        "layers": outline.n_layers,
        "width": outline.width,
        "vocabulary": outline.vocabulary,
        "context": outline.max_context,
    }, []


def _check(entry: CatalogEntry, outlined: Mapping[str, Any] | None) -> Iterator[_Problem]:
    """What pydantic cannot see: facts that do not fit each other."""
    if not _is_hub_id(entry.hub):
        yield _Problem(
            (entry.name, "hub"),
            f"{entry.name}.hub: {entry.hub!r} is no model of the Hugging Face Hub",
            hint="give owner/name; a local folder needs no catalog: --model FOLDER",
        )
    family = entry.config.get("model_type")
    if outlined and family != entry.family:
        yield _Problem(
            (entry.name, "family"),
            f"{entry.name}.family: {entry.family!r} is not the model_type of its config, {family!r}",
            hint=f"give family = {family!r}",
        )
    for figure, given in entry.figures.model_dump().items():
        if outlined and given != outlined[figure]:
            yield _Problem(
                (entry.name, "figures", figure),
                f"{entry.name}.figures.{figure}: {_number(given)} is given, and {_number(outlined[figure])} follows "
                "from its config",
                hint="leave [NAME.figures] out to have the figures worked out",
            )


def _is_hub_id(text: str) -> bool:
    hub = require("huggingface_hub.utils", extra="train")
    try:
        hub.validate_repo_id(text)
    except hub.HFValidationError:
        return False
    return "/" in text


def _number(value: int | None) -> str:
    return "none" if value is None else f"{value:,}"


def _describe(name: str, problem: Mapping[str, Any]) -> _Problem:
    """A problem that pydantic found, in our words."""
    path = tuple(str(part) for part in problem["loc"] if not isinstance(part, int))
    if path == ("name",):
        return _Problem((name,), f"{name!r} is no name for a model", hint="take small letters, digits and . _ -")
    *table, field = (name, *path)
    owner, shown = ".".join(table), ".".join((name, *path))
    if problem["type"] == "missing":
        return _Problem((name, *path), f"{owner} has no {field}")
    if problem["type"] == "extra_forbidden":
        known = _SECTIONS.get(table[1], CatalogEntry) if len(table) > 1 else CatalogEntry
        near = difflib.get_close_matches(field, known.model_fields, n=1)
        return _Problem((name, *path), f"{shown}: no such field", hint=f"did you mean {near[0]}?" if near else None)
    message = problem["msg"][0].lower() + problem["msg"][1:]
    return _Problem((name, *path), f"{shown}: {message}, got {problem['input']!r}")
