"""One HTML file from one document."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from afina.errors import OutputError
from afina.extras import require
from afina.pages import figures, plain
from afina.pages.differences import mark_differences

_FOLDER = Path(__file__).parent / "templates"


def render(template: str, document: Mapping[str, Any]) -> str:
    """Make a page; missing keys leave out what they would have shown.

    Args:
        template: Name of a template: `inspect.html.j2` or `tokens.html.j2`.
        document: What the command prints with `--json`. Its texts are escaped, whatever they hold.

    Returns:
        HTML; the same document gives the same page, byte by byte.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    page: str = _environment().get_template(template).render(document=plain.clean_document(document))
    return page


@functools.cache
def _environment() -> Any:
    jinja2 = require("jinja2", extra="data")
    require("matplotlib", extra="data")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        # A document may lack any key, at any depth.
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        coded=_coded,
        count=plain.count,
        decimal=plain.decimal,
        percent=plain.percent,
        shorten=plain.shorten,
        differences=_differences,
    )
    environment.tests["known"] = plain.is_known
    environment.globals.update(
        {name: getattr(figures, name) for name in figures.__all__},
        style=lambda: require("markupsafe", extra="data").Markup((_FOLDER / "style.css").read_text(encoding="utf-8")),
    )
    return environment


def _coded(sentence: Any) -> Any:
    """What stands between backticks, as code."""
    markup = require("markupsafe", extra="data")
    parts = str(sentence).split("`")
    if len(parts) % 2 == 0:
        return markup.escape(sentence)
    wraps = (markup.Markup("<code>{}</code>" if i % 2 else "{}") for i in range(len(parts)))
    return markup.Markup("").join(wrap.format(part) for wrap, part in zip(wraps, parts, strict=True))


def _differences(text: Any, other: Any) -> tuple[str, str]:
    return mark_differences(str(text or ""), str(other or ""))


def check_page_place(path: Path, *, force: bool) -> None:
    """Refuse a place where no page can be written, before the work for it begins.

    Args:
        path: Where the page is to be.
        force: Whether an existing file may be replaced.

    Raises:
        OutputError: The place is taken, or is no place for a file.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        found = None
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from None
    if found is not None and stat.S_ISDIR(found.st_mode):
        raise OutputError(f"A folder, where the page should be: {path}", hint="name a file, as page.html")
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise OutputError(f"Not a file that a page can be written to: {path}", hint="name a file, as page.html")
    if found is not None and not force:
        raise OutputError(f"The page exists: {path}", hint="choose another name, or replace it with --force")
    above = path.absolute().parent
    while not above.exists() and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise OutputError(f"Not a folder: {above}", hint="choose another place for the page")
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"Cannot write to {above}: Permission denied", hint="choose another place for the page")


def write_page(path: Path, html: str, *, force: bool) -> None:
    """Write a page beside its place and rename it, so that no half-written page is ever there.

    Missing folders are made; what a link points to is replaced, and not the link.

    Args:
        path: Where the page is to be.
        html: The page.
        force: Whether an existing file may be replaced.

    Raises:
        OutputError: The place is taken or cannot be written.
    """
    check_page_place(path, force=force)
    target = Path(os.path.realpath(path))
    # A name of its own, since one made from the page's could be too long.
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            file.write(html.encode("utf-8", "replace"))
        partial.replace(target)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _cannot_write(path: Path, error: OSError | ValueError) -> OutputError:
    reason = getattr(error, "strerror", None) or error
    return OutputError(f"Cannot write {path}: {reason}", hint="choose another place for the page")
