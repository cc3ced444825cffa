"""A model for each source and one for all, tested on the held-out texts of each: the recipe behind `afina matrix`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import afina
from afina.config import RunConfig
from afina.data import TextDataset, take
from afina.errors import AfinaError, Interrupted, MachineLimitError
from afina.pages import require_drawing
from afina.recipes.clock import Stopwatch
from afina.recipes.matrix.cells import make_cells, summarise
from afina.recipes.matrix.distances import Distances, measure_distances
from afina.recipes.matrix.place import MatrixPlace
from afina.recipes.matrix.rows import MatrixRow, expected_test_seconds, order_by_size, train_and_test
from afina.recipes.matrix.sources import ALL, MOST_TEST, MatrixSource, equal_sizes, read_sources, together
from afina.recipes.matrix.verdict import choose_best, sentences
from afina.recipes.preparation import division_seed
from afina.recipes.refusal import refuse_settings
from afina.recipes.reporting import Keeping, Reporter, Silent

_DEFAULT_SECONDS = 1800.0

# Every source brings its own dev and test texts, and all models learn from real ones alone.
_DECIDED = ("data.dev", "data.test", "data.add", "data.augment")
# A quarter, and not the tenth of a single run: test texts are what models are told apart by.
_TEST_SHARE_OF_SOURCE = 0.25
# Of the budget: what measuring distances may take; of a model's share: what testing it on all sources may take.
_DISTANCE_SHARE, _TEST_SHARE = 0.05, 0.25
_FEWEST_TEST_TEXTS = 100
# Kept for drawing the page at the end, and for the interpreter's exit.
_LAST_SECONDS = 4.0


@dataclass(frozen=True)
class Matrix:
    """A finished matrix."""

    root: Path
    document: dict[str, Any]
    """The document that `matrix --json` prints and `matrix.json` holds."""


def measure_matrix(
    sources: Sequence[str],
    config: RunConfig | None = None,
    *,
    equal_size: bool = False,
    reporter: Reporter | None = None,
    origins: Mapping[str, str] | None = None,
    force: bool = False,
    started: float | None = None,
) -> Matrix:
    """Train a model on each source and one on all of them, and test every model on the held-out texts of every source.

    Each source is divided once. What is trained on holds no text that stands, exactly or nearly, in any test set. All
    models have the same settings and equal shares of the time; those with the fewest texts come first, and what they
    leave the others share.

    Args:
        sources: At least two.
        config: Settings of every training; `config.out` is the folder of the matrix, `config.training.budget` bounds
            the whole command, and `config.data.source` is not looked at. A quarter of each source is tested on, unless
            `config.data.test_share` is given.
        equal_size: Train every model on as many texts as the smallest source has, the one of all sources too, so that
            rows differ by domain and not by size. Otherwise each has all texts there are.
        reporter: Told of what happens.
        origins: For each setting that was given, where its value came from.
        force: Replace an earlier matrix that stands at `config.out`.
        started: When the command started, by `time.monotonic`; the budget counts from there.

    Raises:
        ConfigError: A setting is given that the matrix decides.
        DataError: There are fewer than two sources, two are the same, or they cannot be learned from together.
        ModelError: The pretrained model cannot be loaded.
        OutputError: The place is taken or cannot be written.
        MachineLimitError: The budget is too short to train any of the models.
        MissingExtraError: What draws pages is not installed.
        Interrupted: The user stopped; what was trained is kept, with the part of the grid it gives.
    """
    config, keeping = config or RunConfig(), Keeping(reporter or Silent())
    refuse_settings(config, _DECIDED, who="matrix")
    config, origins = _with_test_share(config, origins or {})
    require_drawing()
    budget = config.training.budget or (None if config.training.max_steps else _DEFAULT_SECONDS)
    stopwatch = Stopwatch(budget, started=time.monotonic() if started is None else started)
    place = MatrixPlace(config.out, config.modeling.name, force=force)
    matrix = _Measuring(config, place, stopwatch, keeping, origins=origins, equal_size=equal_size)
    matrix.prepare(sources)
    with place.results:
        try:
            matrix.train()
        except (Interrupted, KeyboardInterrupt):
            raise matrix.interrupted() from None
    return Matrix(place.folder.root, matrix.document)


def _with_test_share(config: RunConfig, origins: Mapping[str, str]) -> tuple[RunConfig, Mapping[str, str]]:
    """The settings with the share that a matrix tests on, where the user gave none, and where each came from."""
    if "test_share" in config.data.model_fields_set:
        return config, origins
    data = config.data.model_copy(update={"test_share": _TEST_SHARE_OF_SOURCE})
    return config.model_copy(update={"data": data}), {**origins, "data.test_share": "afina matrix"}


class _Measuring:
    """A matrix on its way, row by row."""

    def __init__(
        self,
        config: RunConfig,
        place: MatrixPlace,
        stopwatch: Stopwatch,
        reporter: Keeping,
        *,
        origins: Mapping[str, str],
        equal_size: bool,
    ) -> None:
        self._config, self._place, self._stopwatch, self._reporter = config, place, stopwatch, reporter
        self._origins, self._equal_size = origins, equal_size
        self._sources: list[MatrixSource] = []
        self._trained_on: dict[str, MatrixSource] = {}
        self._tests: dict[str, TextDataset] = {}
        self._distances: Distances | None = None
        self._rows: dict[str, MatrixRow] = {}
        self._failed: list[dict[str, str]] = []
        self._test_seconds = 0.0
        self.document: dict[str, Any] = {}
        """All that is known so far: the document of `matrix --json`."""

    def prepare(self, sources: Sequence[str]) -> None:
        """Read and divide the sources, measure their distances, and choose the texts that all models are tested on."""
        config, reporter, stopwatch = self._config, self._reporter, self._stopwatch
        seed, budget = division_seed(config.data, config.training.seed), stopwatch.budget
        with stopwatch.stage("load"):
            reporter.stage("Reading the sources")
            divided = read_sources(sources, config.data, seed=seed, reporter=reporter, seconds=budget)
            whole = together(divided)
            if self._equal_size:
                divided = equal_sizes(divided, seed=seed)
                whole = replace(whole, train=take(together(divided).train, len(divided[0].train), seed=seed))
        with stopwatch.stage("distance"):
            reporter.stage("Measuring how far apart the sources are")
            seconds = _DISTANCE_SHARE * budget if budget else float("inf")
            self._distances = measure_distances(
                divided, config.modeling.name, seed=seed, seconds=seconds, reporter=reporter
            )
        self._tests = self._choose_tests(divided, self._distances.texts_per_second)
        # What a run tells of itself is of the texts in its cell; the one of all sources is tested on some of each.
        self._sources = [replace(source, test=self._tests[source.name]) for source in divided]
        whole = replace(whole, test=take(whole.test, MOST_TEST, seed=seed))
        self._trained_on = {source.name: source for source in (*self._sources, whole)}

    def train(self) -> None:
        """Fill the grid row by row; what is there is written after each.

        Raises:
            AfinaError: No model could be trained; the reason of the last.
            Interrupted: The user stopped.
        """
        order = [*order_by_size(self._sources), self._trained_on[ALL]]
        last: AfinaError | None = None
        for i, source in enumerate(order):
            self._reporter.tell(f"Training {i + 1} of {len(order)}: {source.name}, {len(source.train):,} texts")
            try:
                with self._stopwatch.stage("models"):
                    row = self._train_one(source, n_left=len(order) - i)
            except Interrupted:
                self._place.drop_unfinished(source.name)
                raise
            except AfinaError as error:
                self._place.drop_unfinished(source.name)
                self._failed.append({"name": source.name, "why": str(error)})
                self._reporter.warn(f"No model of {source.name}: {error}")
                last = error
            else:
                self._rows[source.name], self._test_seconds = row, row.test_seconds
            if self._rows:
                self._write()
        if not self._rows and last is not None:
            raise last

    def interrupted(self) -> Interrupted:
        """The error that ends an interrupted matrix, after what there is was written."""
        if not self._rows:
            return Interrupted("Interrupted; nothing was written")
        self._write()
        n, of = len(self._rows), len(self._trained_on)
        return Interrupted(
            f"Interrupted; {n} of {of} models are trained",
            hint=f"they and their part of the grid are in {self._place.folder.root}",
        )

    def _describe_all(self) -> dict[str, Any]:
        config, rows = self._config, {name: self._rows[name] for name in self._trained_on if name in self._rows}
        samples, tests = config.evaluation.bootstrap_samples, self._tests
        cells = make_cells(rows, self._trained_on, tests, self._distances, samples=samples)
        summary = summarise(rows, cells, tests, samples=samples)
        best = choose_best(rows, summary, tests, samples=samples)
        names = [source.name for source in self._sources]
        return {
            "afina": afina.__version__,
            "source": ", ".join(names),
            "sources": names,
            "sets": [source.as_dict() for source in self._sources],
            "trained_on": list(self._trained_on),
            "complete": len(rows) + len(self._failed) == len(self._trained_on),
            "model": config.modeling.name,
            "equal_size": self._equal_size,
            "seed": config.training.seed,
            "labels": list(self._sources[0].train.labels),
            "models": [self._describe(row) for row in rows.values()],
            "failed": self._failed,
            "cells": cells,
            "distances": self._distances.as_rows(names) if self._distances else [],
            "distance_texts": self._distances.texts if self._distances else 0,
            **summary,
            "best": best,
            "verdict": sentences(rows, cells, summary, best, tests, samples=samples),
            "warnings": self._reporter.warnings,
            "budget_seconds": self._stopwatch.budget,
            "seconds": self._stopwatch.as_dict(),
            "out": str(self._place.folder.root),
        }

    def _describe(self, row: MatrixRow) -> dict[str, Any]:
        summary = row.summary
        return {
            "name": row.name,
            "run": str(row.run),
            "train": len(self._trained_on[row.name].train),
            **{key: summary[key] for key in ("method", "epochs", "examples_seen", "stopped_by", "budget_seconds")},
            "seconds": summary["seconds"]["total"],
            "test_seconds": round(row.test_seconds, 2),
        }

    def _train_one(self, source: MatrixSource, *, n_left: int) -> MatrixRow:
        seconds = None
        if self._stopwatch.budget is not None:
            seconds = (self._stopwatch.seconds_left - _LAST_SECONDS) / n_left
            # Loading the model only to see that there is no time would take more of it.
            needed = min((row.fixed_seconds for row in self._rows.values()), default=0.0)
            if seconds < needed:
                raise MachineLimitError(
                    f"The budget is too short: its share is {max(seconds, 0):.0f} s, and another took {needed:.0f} s "
                    "beside training",
                    hint="give a longer --budget",
                )
        overrun = list(self._rows.values())[-1].overrun if self._rows else 1.0
        return train_and_test(
            source, self._tests, self._config, origins=self._origins, run=self._place.folder.run(source.name),
            seconds=seconds, test_seconds=self._test_seconds, overrun=overrun, reporter=self._reporter,
        )  # fmt: skip

    def _choose_tests(self, sources: Sequence[MatrixSource], texts_per_second: float) -> dict[str, TextDataset]:
        """The test texts by source, and of them as many as every model has time for."""
        tests = {source.name: source.test for source in sources}
        self._test_seconds = expected_test_seconds(tests, texts_per_second)
        if self._stopwatch.budget is None:
            return tests
        room = _TEST_SHARE * self._stopwatch.seconds_left / (len(sources) + 1)
        share = min(1.0, room / max(self._test_seconds, 1e-9))
        if share == 1:
            return tests
        seed = division_seed(self._config.data, self._config.training.seed)
        used = {
            name: take(test, max(_FEWEST_TEST_TEXTS, int(share * len(test))), seed=seed) for name, test in tests.items()
        }
        told = ", ".join(f"{len(used[name]):,} of {len(test):,} of {name}" for name, test in tests.items())
        self._reporter.warn(f"The budget allows every model to be tested on these test texts, drawn at random: {told}")
        self._test_seconds = expected_test_seconds(used, texts_per_second)
        return used

    def _write(self) -> None:
        with self._stopwatch.stage("write"):
            self.document = self._describe_all()
            self._place.write(self.document)
