"""The report of a run as a page and as files of its figures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.errors import AfinaError, ModelError, OutputError
from afina.outputs import check_file, new_file
from afina.pages import GENERATOR, render_report, standalone, write_page
from afina.recipes.matrix.folder import MatrixFolder
from afina.recipes.reporting import Reporter, Silent
from afina.recipes.run_report.document import report_document
from afina.run_folder import RunFolder


@dataclass(frozen=True)
class WrittenReport:
    """A report, and where it is."""

    page: Path
    figures: list[Path]
    figures_folder: Path
    document: dict[str, Any]
    """The document of `afina report --json`."""


def report_run(
    run: str | os.PathLike[str],
    *,
    out: Path | None = None,
    matrix: Path | None = None,
    reporter: Reporter | None = None,
) -> WrittenReport:
    """Write the report of a run, after checking that its files are as they were written.

    Args:
        run: A finished run.
        out: Where the page shall stand, with its figures in a folder of that name beside it; inside the run if not
            given. A report that stands there is replaced.
        matrix: Folder that `afina matrix` wrote; without one, that of the matrix the run belongs to.
        reporter: Told of what happens.

    Raises:
        ModelError: There is no such run, or one of its files is missing or has changed.
        OutputError: The place is taken by something else than a report, or cannot be written.
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    reporter = reporter or Silent()
    folder = RunFolder(Path(run))
    page = out or folder.report
    _check_place(page)
    if matrix is not None and not (document := MatrixFolder(matrix).document).is_file():
        raise ModelError(
            f"No matrix in {matrix}: it has no {document.name}", hint="`afina matrix` prints the folder it wrote"
        )
    reporter.stage("Checking the run")
    folder.verify()
    reporter.stage("Drawing the report")
    return _write(folder, page, figures=_figures_beside(out) if out else folder.figures, matrix=matrix)


def write_report(folder: RunFolder) -> Path:
    """Write the report of a run that was just written, into its folder.

    Args:
        folder: The run; one that is being completed counts too.

    Returns:
        The page.

    Raises:
        AfinaError: As `report_run`.
    """
    return _write(folder, folder.report, figures=folder.figures, matrix=None).page


def try_report(folder: RunFolder, reporter: Reporter) -> Path | None:
    """As `write_report`, for the end of a training, which nothing about its report may undo.

    Args:
        folder: The run.
        reporter: Warned where there is no report, and why.

    Returns:
        The page; None where it could not be written.
    """
    try:
        return write_report(folder)
    except KeyboardInterrupt:
        reporter.warn(f"Interrupted while the report was drawn; `afina report {folder.root}` draws it")
        return None
    except Exception as error:  # whatever it is, the model is trained and tested
        hint = f" ({error.hint})" if isinstance(error, AfinaError) and error.hint else ""
        reporter.warn(f"There is no report: {error}{hint}")
        return None


def _write(folder: RunFolder, page: Path, *, figures: Path, matrix: Path | None) -> WrittenReport:
    document = report_document(folder, matrix=matrix)
    html, drawn = render_report(document)
    paths = [figures / f"{name}.svg" for name in drawn]
    for path, markup in zip(paths, drawn.values(), strict=True):
        with new_file(path, force=True) as beside:
            beside.write_text(standalone(markup), encoding="utf-8")
    write_page(page, html, force=True)
    return WrittenReport(page, paths, figures, document)


def _figures_beside(page: Path) -> Path:
    return page.with_name(f"{page.stem}-figures")


def _check_place(page: Path) -> None:
    """Refuse a file that is no report; a report is made of other files, and may be made again."""
    check_file(page, force=True)
    if page.is_file() and page.stat().st_size:
        with page.open("rb") as file:
            if GENERATOR.encode() not in file.read(4_000):
                raise OutputError(f"Not replaced, since it is no report: {page}", hint="choose another --out")
