"""Where a search writes: the run that comes of it, and the study that holds its trials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.claims import check_place
from afina.config import RunConfig
from afina.data import public_name, source_name
from afina.errors import Interrupted, OutputError
from afina.outputs import check_file, free_path
from afina.recipes.search.study import SearchStudy
from afina.run_folder import RunFolder

_DISK_BYTES = 500_000_000


@dataclass(frozen=True)
class SearchPlace:
    """Where the run and the study of a search stand."""

    run: RunFolder
    url: str
    study_name: str
    own_file: Path | None
    """The study's file where it is afina's own, and not one that the user named."""

    @property
    def resume_hint(self) -> str:
        """How to go on with an interrupted search."""
        return f"go on with the same command and `--storage {public_name(self.url)} --study {self.study_name}`"

    @contextmanager
    def open_study(self, optuna: Any) -> Iterator[SearchStudy]:
        """The study, for as long as the block lasts; one that comes to nothing leaves no file behind.

        Args:
            optuna: The module.

        Raises:
            ConfigError: The URL is none.
            OutputError: The database cannot be reached or written.
            Interrupted: The user stopped; the hint says how to go on.
        """
        if self.own_file is not None:
            self.own_file.parent.mkdir(parents=True, exist_ok=True)
        study = SearchStudy(optuna, self.url, self.study_name)
        is_worth_keeping = False
        try:
            yield study
        except (Interrupted, KeyboardInterrupt) as error:
            is_worth_keeping = study.exists and bool(study.trials("complete"))
            if isinstance(error, Interrupted) and error.hint:
                raise
            kept = "Interrupted; the trials are kept" if is_worth_keeping else "Interrupted; nothing was written"
            hint = self.resume_hint if is_worth_keeping or self.own_file is None else None
            raise Interrupted(kept, hint=hint) from None
        except BaseException:
            is_worth_keeping = study.exists and bool(study.trials("complete"))
            raise
        finally:
            study.close()
            if self.own_file is not None and not is_worth_keeping:
                self.own_file.unlink(missing_ok=True)


def find_place(config: RunConfig, storage: str | None, study: str | None, *, force: bool) -> SearchPlace:
    """Decide where a search writes, and see whether it can.

    Args:
        config: The user's settings.
        storage: Database URL of the study; None for a file beside the run.
        study: Name of the study.
        force: What stands there may be replaced.

    Raises:
        OutputError: The place is taken or cannot be written.
    """
    stem = f"{source_name(config.data.source)}-{Path(config.modeling.name).name}"
    run = RunFolder(Path(config.out)) if config.out else _free_run(stem, beside_study=storage is None)
    check_place(run, force=force, needed_bytes=_DISK_BYTES)
    name = study or stem
    if storage is not None:
        return SearchPlace(run, storage, name, None)
    file = _study_file(run)
    if "?" in str(file):
        raise OutputError(f"No database can be made at {file}", hint="choose an --out without a question mark")
    place = SearchPlace(run, f"sqlite:///{file}", name, file)
    if file.exists() and not force:
        raise OutputError(
            f"An unfinished search stands at {file}", hint=f"{place.resume_hint}, or discard it with --force"
        )
    check_file(file, force=force)
    file.unlink(missing_ok=True)
    return place


def _study_file(run: RunFolder) -> Path:
    return run.root.with_name(f"{run.root.name}.study.db")


def _free_run(stem: str, *, beside_study: bool) -> RunFolder:
    def is_taken(root: Path) -> bool:
        run = RunFolder(root)
        return root.exists() or run.partial.root.exists() or (beside_study and _study_file(run).exists())

    return RunFolder(free_path(Path("runs"), f"{stem}-tuned", is_taken))
