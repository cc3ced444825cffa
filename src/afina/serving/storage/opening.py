"""Opens what a server keeps: feedback, and the files it classifies."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from afina.config import STATE_VARIABLE
from afina.serving.settings import ServingSettings
from afina.serving.storage.clock import SteadyClock
from afina.serving.storage.database import Database
from afina.serving.storage.desk import JobDesk
from afina.serving.storage.feedback import FeedbackStore
from afina.serving.storage.folder import JobFolder
from afina.serving.storage.jobs import JobStore
from afina.serving.storage.running import COMMAND, Runner

_FILE, _JOBS = "serving.sqlite", "jobs"


@dataclass(frozen=True)
class Storage:
    """What a server keeps."""

    feedback: FeedbackStore
    jobs: JobDesk
    database: Database

    @property
    def reason(self) -> str | None:
        """Why nothing can be kept now; None where all is well.

        While there is a reason, feedback and files are refused with it (507), and answers are given all the same.
        """
        return self.feedback.reason or self.jobs.reason

    def close(self) -> None:
        """Stop the jobs, which go on with the next start, and close the database."""
        self.jobs.stop()
        self.database.close()


def open_storage(
    settings: ServingSettings, runs: Mapping[str, Path], *, score_command: Sequence[str] = COMMAND
) -> Storage:
    """Open the database and the folder of jobs; what cannot be opened now is tried again when it is needed.

    Args:
        settings: Where they are, and their limits.
        runs: Run folders by the names of the models, for jobs.
        score_command: The program that works on a file.

    Raises:
        ConfigError: The database's address is no URL.
        MissingExtraError: The database's driver is not installed.
    """
    folder = (settings.state_dir or _default_folder()).absolute()
    if settings.database_url is None:
        database = Database.in_file(folder / _FILE)
    else:
        database = Database(settings.database_url.get_secret_value())
    clock, job_folder = SteadyClock(), JobFolder(folder / _JOBS)
    jobs = JobStore(database, job_folder, clock=clock)
    runner = Runner(jobs, job_folder, runs, backend=settings.backend, ttl_s=settings.job_ttl_s, command=score_command)
    desk = JobDesk(jobs, job_folder, runner, max_bytes=settings.max_job_bytes, max_jobs=settings.max_jobs)
    return Storage(FeedbackStore(database, clock=clock), desk, database)


def _default_folder() -> Path:
    given = os.environ.get(STATE_VARIABLE)
    return Path(given) if given else platformdirs.user_data_path("afina", appauthor=False)
