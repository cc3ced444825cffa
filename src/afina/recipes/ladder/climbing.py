"""All rungs on the same texts under one budget: the recipe behind `afina ladder`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.config import RunConfig
from afina.data import source_name
from afina.errors import AfinaError, ConfigError, Interrupted, MachineLimitError
from afina.outputs import ResultFolder, free_path
from afina.pages import require_drawing
from afina.planning import DEFAULT_BUDGET_SECONDS
from afina.recipes.baseline import take_in_time
from afina.recipes.clock import Stopwatch
from afina.recipes.ladder.drawing import draw_ladder
from afina.recipes.ladder.folder import LadderFolder
from afina.recipes.ladder.measuring import Fitted, Measured, measure
from afina.recipes.ladder.pace import LEAST_TRAINING_SECONDS, Reading, measure_reading, take_test_in_time
from afina.recipes.ladder.record import Record
from afina.recipes.ladder.rungs import RUNGS, Baseline, Rung, Transformer
from afina.recipes.preparation import prepare_data, without_passwords
from afina.recipes.refusal import refuse_settings
from afina.recipes.reporting import Keeping, Prefixed, Reporter, Silent

_DECIDED = ("training.max_steps", "modeling.method", "blend")
# Kept for drawing the page and leaving the process, and of the budget for what nobody foresees.
_CLOSING_SECONDS, _MARGIN_SHARE = 6.0, 0.015


@dataclass(frozen=True)
class Ladder:
    """A ladder that was climbed as far as time allowed."""

    out: Path
    document: dict[str, Any]
    """The document that `ladder --json` prints and `ladder.json` holds."""


def climb_ladder(
    config: RunConfig | None = None,
    *,
    rungs: Sequence[str] | None = None,
    reporter: Reporter | None = None,
    origins: Mapping[str, str] | None = None,
    draw: bool = True,
    force: bool = False,
    started: float | None = None,
) -> Ladder:
    """Classify the same texts in every way, from the majority class to full fine-tuning, within one budget.

    Each transformer rung is an ordinary run under `OUT/rungs/NAME`. `OUT/ladder.json` is written after each rung.

    Args:
        config: Settings; the budget is that of the whole ladder, `out` the ladder's folder.
        rungs: Names of the rungs to climb; None for all.
        reporter: Told of what happens.
        origins: For each setting that was given, where its value came from.
        draw: Whether to write `OUT/ladder.html` and `OUT/ladder.svg` too.
        force: Replace a ladder that stands at `config.out`.
        started: When the command started, by `time.monotonic`; the budget counts from there.

    Raises:
        ConfigError: A rung is unknown, or a setting is given that the ladder decides.
        DataError: A source cannot be read or learned from.
        ModelError: The pretrained model cannot be loaded.
        OutputError: The place is taken or cannot be written.
        MissingExtraError: What draws is not installed.
        Interrupted: The user stopped; the rungs that are done are kept, with their table.
    """
    config, keeping = config or RunConfig(), Keeping(reporter or Silent())
    chosen = _choose(rungs)
    refuse_settings(config, _DECIDED, who="ladder")
    if draw:
        require_drawing()
    folder = LadderFolder(Path(config.out) if config.out else _free_root(config))
    results = ResultFolder(folder.root, mark=folder.document.name, force=force)
    stopwatch = Stopwatch(config.training.budget or DEFAULT_BUDGET_SECONDS, started=started)
    seed, n_transformers = config.training.seed, sum(rung.is_transformer for rung in chosen)
    reading = None
    with stopwatch.stage("load"):
        keeping.stage("Reading the texts")
        data = prepare_data(config.data, seed=seed, reporter=keeping, seconds_left=stopwatch.seconds_left)
        if n_transformers:
            keeping.stage("Loading the model and measuring this machine")
            reading = measure_reading(config, data)
            share = _share(stopwatch, n_left=n_transformers)
            data = take_test_in_time(data, reading, share_seconds=share, reporter=keeping, seed=seed)
    record = Record(without_passwords(config), folder, results, data, stopwatch, keeping)
    with results:
        record.begin()
        try:
            with stopwatch.stage("rungs"):
                _climb(record, chosen, config, origins or {}, reading)
        except (Interrupted, KeyboardInterrupt) as stop:
            ended = record.stop(chosen, hint=stop.hint if isinstance(stop, Interrupted) else None)
            _finish(record, draw=draw)
            raise ended from None
        return _finish(record, draw=draw)


def _finish(record: Record, *, draw: bool) -> Ladder:
    try:
        document = record.finish()
        if draw:
            draw_ladder(record.folder, document)
    except KeyboardInterrupt:
        raise Interrupted(
            "Interrupted while the page was drawn", hint=f"the rungs and their table are in {record.folder.root}"
        ) from None
    return Ladder(record.folder.root, document)


def _climb(
    record: Record, rungs: Sequence[Rung], config: RunConfig, origins: Mapping[str, str], reading: Reading | None
) -> None:
    """Fit and measure one rung after another; one that fails or does not fit leaves the others alone."""
    for place, rung in enumerate(rungs):
        record.reporter.stage(rung.title)
        measured = None
        try:
            if isinstance(rung, Baseline):
                measured = _climb_baseline(record, rung, seed=config.training.seed)
            elif reading is not None:
                n_left = sum(other.is_transformer for other in rungs[place:])
                measured = _climb_transformer(record, rung, config, origins, reading, n_left=n_left)
        except Interrupted:
            raise
        except AfinaError as error:
            # A limit of the machine is no fault of the rung's.
            record.skip(rung, str(error), failed=not isinstance(error, MachineLimitError))
        if measured is not None:
            record.keep(measured)


def _climb_baseline(record: Record, rung: Baseline, *, seed: int) -> Measured | None:
    why = rung.unfit(record.data.train)
    if why is not None:
        record.skip(rung, why)
        return None
    training = take_in_time(record.data.train, record.stopwatch.seconds_left, seed=seed)
    return _measure(record, rung, rung.fit_on(training))


def _climb_transformer(
    record: Record, rung: Transformer, config: RunConfig, origins: Mapping[str, str], reading: Reading, *, n_left: int
) -> Measured | None:
    data = record.data
    share = _share(record.stopwatch, n_left=n_left)
    n_read = len(data.dev) + len(data.test)
    if not reading.fits(share, n_texts=n_read):
        record.skip(
            rung,
            f"its share of the budget, {max(share, 0):.0f} s, does not hold loading the model, "
            f"{LEAST_TRAINING_SECONDS:.0f} s of training, and reading the dev and test texts",
        )
        return None
    reporter = Prefixed(record.reporter, rung.title, brief=True)
    seconds = share - reading.seconds(n_read)
    fitted = rung.fit_on(
        data, config=config, origins=origins, seconds=seconds, out=record.folder.run(rung.name), reporter=reporter
    )
    record.results.settle()  # there is a run, whatever comes of measuring it
    reporter.stage("Measuring")
    return _measure(record, rung, fitted)


def _share(stopwatch: Stopwatch, *, n_left: int) -> float:
    """Seconds that each of the transformer rungs that are left may take."""
    closing = _CLOSING_SECONDS + _MARGIN_SHARE * (stopwatch.budget or 0.0)
    return (stopwatch.seconds_left - closing) / n_left


def _measure(record: Record, rung: Rung, fitted: Fitted) -> Measured:
    return measure(
        rung.name, rung.title, fitted, is_transformer=rung.is_transformer, dev=record.data.dev, test=record.data.test,
        samples=record.config.evaluation.bootstrap_samples,
    )  # fmt: skip


def _choose(names: Sequence[str] | None) -> tuple[Rung, ...]:
    if names is None:
        return RUNGS
    known = [rung.name for rung in RUNGS]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ConfigError(f"Unknown rung: {', '.join(unknown) or 'none given'}", hint=f"rungs are {', '.join(known)}")
    return tuple(rung for rung in RUNGS if rung.name in names)


def _free_root(config: RunConfig) -> Path:
    return free_path(Path("runs"), f"{source_name(config.data.source)}-ladder")
