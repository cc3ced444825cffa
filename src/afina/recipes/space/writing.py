"""A run as a folder that a free Hugging Face Space builds and serves: the recipe behind `afina export --space`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import afina
from afina.errors import ConfigError, ModelError, OutputError
from afina.extras import require
from afina.inference.export_record import read_export
from afina.outputs import check_folder, new_folder
from afina.recipes.exporting import export_document, export_run
from afina.recipes.labelled import ReadOptions
from afina.recipes.reporting import Reporter, Silent
from afina.recipes.space.installing import pinned_requirements, write_source
from afina.recipes.space.pages import GIT_ATTRIBUTES, dockerfile, read_me
from afina.recipes.space.published import Published, write_public_run
from afina.run_folder import RunFolder, write_json, write_text

RECORD = "space.json"
"""The file by which a folder is known to be a Space that afina wrote."""


def export_space(
    run: str | os.PathLike[str],
    space: str | os.PathLike[str],
    *,
    int8: bool = False,
    on: str | None = None,
    reading: ReadOptions | None = None,
    force: bool = False,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Write a folder that a Hugging Face Space of the kind `docker` builds; all may ask it, and it keeps nothing.

    A run that has no exported model, or one of other weights, is exported first: in 8-bit integers too, where it has
    texts to check them on and they are found good.

    Args:
        run: A finished run.
        space: The folder to write.
        int8: Export again in any case, with integers.
        on: Labelled texts to check the integers on, as `export_run` takes them.
        reading: How these are read.
        force: Replace a Space that stands there.
        reporter: Told of what happens.

    Returns:
        The document of `export_run`, with `space`: `{"folder", "model", "mb", "license", "models", "datasets",
        "requirements"}`.

    Raises:
        OutputError: The folder is taken, or cannot be written.
        ConfigError: It would stand in the run itself.
        ModelError: There is no such run, or it has changed.
        ExportError: The run cannot be exported, or afina is not installed as a package.
        MissingExtraError: The extra `serve` is not installed, or, where the run is to be exported, `export`.
    """
    reporter, started = reporter or Silent(), time.monotonic()
    # A Space gets the versions that are installed here, so there have to be some.
    for module in ("fastapi", "uvicorn", "onnxruntime"):
        require(module, extra="serve")
    folder, place = RunFolder(Path(run)), Path(space)
    _check_place(place, folder, force=force)
    manifest = folder.verify()
    record = read_export(folder.onnx)
    if (
        record is None
        or int8
        or on is not None
        or record.weights_sha256 != folder.weights_sha256(manifest.get("artifacts", {}))
    ):
        # A run from before dev texts were kept has nothing to check integers on.
        int8 = int8 or on is not None or folder.dev_texts.is_file()
        export_run(run, int8=int8, on=on, reading=reading, reporter=reporter)
        record = read_export(folder.onnx)
    if record is None:
        raise ModelError(f"The run {run} has no exported model", hint=f"afina export {run}")
    reporter.stage("Writing the Space")
    told, requirements = Published.of(folder, manifest), pinned_requirements()
    with new_folder(place, mark=RECORD, force=force) as beside:
        write_public_run(folder, manifest, RunFolder(beside / "runs" / told.name))
        write_source(beside / "afina_src")
        write_text(beside / "requirements.txt", "\n".join(requirements) + "\n")
        write_text(beside / "Dockerfile", dockerfile(told.name))
        write_text(beside / "README.md", read_me(told, record))
        write_text(beside / ".gitattributes", GIT_ATTRIBUTES)
        write_json(beside / RECORD, {"afina": afina.__version__, "model": told.name})
        mb = sum(path.stat().st_size for path in beside.rglob("*") if path.is_file()) / 1e6
    return {
        **export_document(run, record, seconds=time.monotonic() - started),
        "space": {
            "folder": str(space), "model": told.name, "mb": mb, "license": told.licence,
            "models": list(told.base_models), "datasets": list(told.datasets), "requirements": requirements,
        },
    }  # fmt: skip


def _check_place(place: Path, run: RunFolder, *, force: bool) -> None:
    if place.resolve().is_relative_to(run.root.resolve()):
        raise ConfigError(f"The Space would stand in the run itself: {place}", hint="give --space another folder")
    check_folder(place, mark=RECORD, force=force)
    if (place / ".git").exists():
        raise OutputError(
            f"Not replaced, since it holds a git repository: {place}",
            hint="write the Space into another folder, and copy it from there",
        )
