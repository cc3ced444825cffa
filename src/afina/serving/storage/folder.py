"""The folder in which the files of jobs stand, one folder each, for the server alone."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

from afina.inference.scoring import errors_file
from afina.serving.storage.database import make_private_folder
from afina.serving.storage.errors import StorageError, told
from afina.serving.storage.tables import Job

_PLACE = "place"


class JobFolder:
    """A folder with a folder for each job.

    Args:
        root: The folder; it is made when it is first needed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._place: str | None = None

    @property
    def place(self) -> str:
        """What tells this folder from those of other machines that use the same database.

        Raises:
            StorageError: The folder cannot be made.
        """
        if self._place is None:
            with told():
                self._place = self._read_place()
        return self._place

    @property
    def reason(self) -> str | None:
        """Why nothing can be kept; None where all is well."""
        try:
            self.open()
        except StorageError as error:
            return str(error)
        return None

    def open(self) -> None:
        """Make the folder.

        Raises:
            StorageError: It cannot be made.
        """
        _ = self.place

    def of(self, id: str) -> Path:
        """The folder of a job."""
        return self.root / id

    def result(self, job: Job) -> Path:
        """The result of a job."""
        return self.of(job.id) / f"result.{job.format}"

    def errors(self, job: Job) -> Path:
        """The list of a job's rows without an answer; there only where there are such rows."""
        return errors_file(self.result(job))

    def make(self, id: str) -> Path:
        """Make the folder of a job.

        Raises:
            StorageError: It cannot be made.
        """
        self.open()
        with told():
            self.of(id).mkdir(mode=0o700)
        return self.of(id)

    def remove(self, id: str) -> None:
        """Remove the folder of a job."""
        shutil.rmtree(self.of(id), ignore_errors=True)

    def _read_place(self) -> str:
        make_private_folder(self.root)
        file, beside = self.root / _PLACE, self.root / f"{_PLACE}.{uuid.uuid4()}"
        if not file.exists():
            # Whole or not at all, and only one of two servers that start at once gives the name.
            beside.write_text(str(uuid.uuid4()), encoding="ascii")
            try:
                os.link(beside, file)
            except FileExistsError:
                pass
            finally:
                beside.unlink()
        return file.read_text(encoding="ascii").strip()
