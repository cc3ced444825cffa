"""The Optuna study behind a search: where its trials are kept, and who may add to them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from afina.data import public_name
from afina.errors import ConfigError, OutputError, first_line
from afina.extras import require
from afina.recipes.search.space import Params

FINGERPRINT, POOL, SIZE = "afina_fingerprint", "afina_pool", "afina_trial_size"
LOSSES, ACCURACY, SECONDS, REASON = "dev_losses", "dev_accuracy", "fit_seconds", "reason"

# A worker that was killed cannot say so: its trial is given up when no sign of life came for the grace.
_HEARTBEAT_SECONDS, _GRACE_SECONDS = 30, 120
_STARTUP_TRIALS = 4
_SECONDS_TO_SET_UP = 10.0


@contextmanager
def quiet_optuna() -> Iterator[Any]:
    """Optuna without its log lines and its warnings of experimental features; gives the module.

    Raises:
        MissingExtraError: Optuna is not installed.
    """
    optuna = require("optuna", extra="tune")
    require("sqlalchemy", extra="tune")
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
            yield optuna
    finally:
        optuna.logging.set_verbosity(verbosity)


class SearchStudy:
    """A study, perhaps shared with other processes and machines.

    To be used inside `quiet_optuna`.

    Args:
        optuna: The module.
        url: Where trials are kept: any database URL that Optuna takes.
        name: Name of the study there.

    Raises:
        ConfigError: The URL is none, or its driver is not installed.
        OutputError: The database cannot be reached or written.
    """

    def __init__(self, optuna: Any, url: str, name: str) -> None:
        self._optuna, self.name, self._url = optuna, name, url
        self.given_up: type[Exception] = optuna.TrialPruned
        self.public_url = public_name(url)
        self._rdb = self._open()
        self._storage = optuna.storages.get_storage(self._rdb)
        self._study: Any = None
        self.is_joined = False
        self._find()

    @property
    def exists(self) -> bool:
        """Whether the study was begun, by this process or another."""
        return self._study is not None

    def attribute(self, name: str) -> Any:
        """What whoever began the study wrote down, or None."""
        with self._storage_errors():
            return self._study.user_attrs.get(name) if self._study is not None else None

    def begin(self, attributes: Mapping[str, Any], *, seed: int) -> None:
        """Begin the study, or join one that stands there.

        Args:
            attributes: What is written down for those who join: all of `FINGERPRINT`, `POOL` and `SIZE`.
            seed: Seed of the trials proposed; who joins draws its own, or two workers would propose the same.

        Raises:
            ConfigError: The study that stands there is of other texts, another model or other settings.
        """
        optuna = self._optuna
        if not self.exists:
            with self._storage_errors():
                try:
                    self._study = optuna.create_study(storage=self._storage, study_name=self.name, direction="minimize")
                    for name, value in attributes.items():
                        self._study.set_user_attr(name, value)
                except optuna.exceptions.DuplicatedStudyError:
                    # Another worker was faster.
                    self._find()
        self._check(attributes[FINGERPRINT])
        with self._storage_errors():
            self._study.sampler = optuna.samplers.TPESampler(
                seed=None if self.is_joined else seed, n_startup_trials=_STARTUP_TRIALS, multivariate=True,
                constant_liar=True,
            )  # fmt: skip
            # Learning rates that end well may look bad at first: trials are compared once, halfway.
            self._study.pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)

    def propose(self, params: Params) -> None:
        """Have these values tried next."""
        with self._storage_errors():
            self._study.enqueue_trial(params)

    def run(self, objective: Any, *, failures: tuple[type[BaseException], ...]) -> None:
        """Run one trial; what is raised of `failures` is a failed trial and no more."""
        with self._storage_errors():
            self._study.optimize(objective, n_trials=1, catch=failures)

    def trials(self, *states: str) -> list[Any]:
        """Trials, those of other workers too, of some states: `complete`, `pruned`, `fail`, `running`, `waiting`."""
        wanted = tuple(self._optuna.trial.TrialState[state.upper()] for state in states) or None
        with self._storage_errors():
            found: list[Any] = self._study.get_trials(deepcopy=False, states=wanted)
        return found

    def params(self, *states: str) -> list[Params]:
        """Values of the trials of some states, those that wait to be tried included."""
        return [trial.params or trial.system_attrs.get("fixed_params", {}) for trial in self.trials(*states)]

    def importances(self) -> dict[str, float]:
        """Share of the variance of the values that each parameter explains, the largest first (fANOVA)."""
        evaluator = self._optuna.importance.FanovaImportanceEvaluator(seed=0)
        with self._storage_errors():
            found = self._optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {name: float(share) for name, share in found.items()}

    def close(self) -> None:
        """Let go of the database."""
        self._storage.remove_session()
        self._rdb.engine.dispose()

    def _find(self) -> None:
        with self._storage_errors():
            try:
                self._study = self._optuna.load_study(study_name=self.name, storage=self._storage)
            except KeyError:
                return
        self.is_joined = True

    def _check(self, fingerprint: Mapping[str, Any]) -> None:
        until = time.monotonic() + _SECONDS_TO_SET_UP
        # Who began it may still be writing.
        while self.attribute(SIZE) is None and not self.trials() and time.monotonic() < until:
            time.sleep(0.2)
        found = self.attribute(FINGERPRINT)
        where = f"The study {self.name!r} in {self.public_url}"
        if found is None or self.attribute(SIZE) is None:
            raise ConfigError(f"{where} is not one that `afina tune` began", hint="give another --study")
        changed = [name for name, value in fingerprint.items() if found.get(name) != value]
        if changed:
            raise ConfigError(
                f"{where} does not fit: it was begun with other {', '.join(changed)}", hint="give another --study"
            )

    def _open(self) -> Any:
        sqlalchemy = require("sqlalchemy", extra="tune")
        # Workers that write to one SQLite file wait for each other.
        options = {"connect_args": {"timeout": 60}} if self._url.startswith("sqlite") else {}
        attempts = 3
        for attempt in range(attempts):
            try:
                with self._storage_errors():
                    return self._optuna.storages.RDBStorage(
                        self._url, engine_kwargs=options, heartbeat_interval=_HEARTBEAT_SECONDS,
                        grace_period=_GRACE_SECONDS,
                    )  # fmt: skip
            except OutputError as error:
                # Two workers may make the same tables at once: one of them finds them made the next time.
                if "already exists" not in str(error) or attempt == attempts - 1:
                    raise
                time.sleep(1.0)
            except sqlalchemy.exc.ArgumentError:
                raise ConfigError(
                    f"Not the URL of a database: {self.public_url}", hint="for example --storage sqlite:///study.db"
                ) from None
            except ImportError as error:
                raise ConfigError(f"The driver of {self.public_url} is not installed: {error.__cause__}") from None
            except RuntimeError as error:
                raise OutputError(f"The study in {self.public_url} cannot be used: {first_line(error)}") from None

    @contextmanager
    def _storage_errors(self) -> Iterator[None]:
        """The many errors of a database as one sentence without passwords."""
        sqlalchemy = require("sqlalchemy", extra="tune")
        try:
            yield
        except sqlalchemy.exc.ArgumentError:
            raise
        except (sqlalchemy.exc.SQLAlchemyError, self._optuna.exceptions.StorageInternalError) as error:
            # Optuna wraps the driver's own words.
            is_wrapped = isinstance(error, self._optuna.exceptions.StorageInternalError)
            cause = error.__cause__ if is_wrapped and isinstance(error.__cause__, Exception) else error
            reason = first_line(cause).replace(self._url, self.public_url)
            raise OutputError(f"The study in {self.public_url} cannot be read or written: {reason}") from None
