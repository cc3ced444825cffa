"""All rungs on the same texts under one budget: the recipe behind `afina ladder`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afina.config import RunConfig
from afina.data import source_name, take
from afina.errors import AfinaError, ConfigError, Interrupted, MachineLimitError
from afina.extras import require
from afina.outputs import check_folder
from afina.planning import DEFAULT_BUDGET_SECONDS
from afina.recipes.baseline import take_in_time
from afina.recipes.clock import Stopwatch
from afina.recipes.ladder.measuring import Measured, measure, time_single_texts
from afina.recipes.ladder.picking import Pick, choose_pick, on_front
from afina.recipes.ladder.rungs import RUNGS, Baseline, Rung, Transformer
from afina.recipes.preparation import PreparedData, prepare_data, without_passwords
from afina.recipes.reporting import Keeping, Reporter, Silent
from afina.recipes.session import set_up
from afina.run_folder import write_json

if TYPE_CHECKING:
    from afina.training import TrainingStep

MARK = "ladder.json"
"""The file by which a folder is known to be a ladder."""
RULE = (
    "All rungs are fitted on the same texts, compared on the same dev texts and tested on the same test texts. "
    "Baselines are fitted on all training texts that their share of the time allows. Each transformer rung gets an "
    "equal share of the budget that is left when it begins, loading, testing and saving included; what one leaves over "
    "goes to those after it."
)
# Kept for drawing the page and leaving the process.
_CLOSING_SECONDS = 6.0
# Less cannot hold the loading of any model and a training worth the name.
_LEAST_SECONDS = 5.0
# Of a rung's share, what reading the dev and test texts for the comparison may take.
_READING_SHARE = 0.12
_FEWEST_TEST = 100
_TEXTS_TO_TIME = 48
_SLOWDOWN = 1.3


@dataclass(frozen=True)
class Ladder:
    """A ladder that was climbed as far as time allowed."""

    out: Path
    document: dict[str, Any]
    """The document that `ladder --json` prints and `ladder.json` holds."""

    @property
    def interrupted(self) -> str | None:
        """What was done when the user stopped, where the user did."""
        told: str | None = self.document["interrupted"]
        return told


@dataclass(frozen=True)
class _Reading:
    """What the pretrained model needs on this machine before anything is trained."""

    load_seconds: float
    texts_per_second: float
    milliseconds_a_text: float

    def seconds(self, n_texts: int) -> float:
        """Seconds to read dev and test texts for the comparison, and to time single texts."""
        return _SLOWDOWN * (n_texts / self.texts_per_second + 63 * self.milliseconds_a_text / 1000)


@dataclass
class _Climb:
    """What has been measured so far."""

    config: RunConfig
    out: Path
    data: PreparedData
    stopwatch: Stopwatch
    reporter: Keeping
    measured: list[Measured] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    interrupted: str | None = None

    def skip(self, rung: Rung, why: str, *, failed: bool = False) -> None:
        """Leave a rung out and say so."""
        self.skipped.append({"name": rung.name, "title": rung.title, "why": why, "failed": failed})
        told = f"{rung.title} {'failed' if failed else 'is skipped'}: {why}"
        (self.reporter.warn if failed else self.reporter.tell)(told)

    def keep(self, measured: Measured) -> None:
        """Note a rung that is done, on the disk too."""
        self.measured.append(measured)
        self.reporter.tell(
            f"{measured.title}: accuracy {measured.accuracy:.3f}, {60 * measured.minutes:.1f} s of training, "
            f"{measured.milliseconds_a_text:.2f} ms a text"
        )
        for warning in (measured.fitted.details or {}).get("warnings", ()):
            self.reporter.warn(f"{measured.title}: {warning}")
        write_json(self.out / MARK, self.document())

    def pick(self) -> Pick | None:
        """The rung that is enough among those measured."""
        samples = self.config.evaluation.bootstrap_samples
        return choose_pick(self.measured, self.data.dev, self.data.test, samples=samples) if self.measured else None

    def document(self) -> dict[str, Any]:
        """The document of `ladder --json`."""
        rows = [rung.as_dict() for rung in self.measured]
        accuracies = [rung.accuracy for rung in self.measured]
        by_training = on_front([rung.minutes for rung in self.measured], accuracies)
        by_answering = on_front([rung.milliseconds_a_text for rung in self.measured], accuracies)
        for row, training, answering in zip(rows, by_training, by_answering, strict=True):
            row |= {"pareto": training, "pareto_prediction": answering}
        pick = self.pick()
        data = self.data
        return {
            "source": data.record["source"],
            "test_source": data.record["test_source"],
            "model": self.config.modeling.name,
            "out": str(self.out),
            "labels": list(data.train.labels),
            "texts": {"train": len(data.train), "dev": len(data.dev), "test": len(data.test)},
            "data": data.record,
            "seed": self.config.training.seed,
            "budget_seconds": self.stopwatch.budget,
            "seconds": self.stopwatch.as_dict(),
            "rule": RULE,
            "rungs": rows,
            "skipped": self.skipped,
            "pick": None if pick is None else pick.as_dict(),
            "warnings": list(self.reporter.warnings),
            "interrupted": self.interrupted,
        }


def climb_ladder(
    config: RunConfig | None = None,
    *,
    rungs: Sequence[str] | None = None,
    reporter: Reporter | None = None,
    force: bool = False,
    started: float | None = None,
) -> Ladder:
    """Classify the same texts in every way, from the majority class to full fine-tuning, within one budget.

    Each transformer rung is an ordinary run under `OUT/rungs/NAME`. `OUT/ladder.json` is written after each rung.
    Interrupted, it returns what was finished, and says so in the document.

    Args:
        config: Settings; the budget is that of the whole ladder, `out` the ladder's folder.
        rungs: Names of the rungs to climb; None for all.
        reporter: Told of what happens.
        force: Replace a ladder that stands at `config.out`.
        started: When the command started, by `time.monotonic`; the budget counts from there.

    Raises:
        ConfigError: A rung is unknown, or a setting is given that the ladder decides.
        DataError: A source cannot be read or learned from.
        ModelError: The pretrained model cannot be loaded.
        OutputError: The place is taken or cannot be written.
        Interrupted: The user stopped before any rung was finished.
    """
    config = config or RunConfig()
    chosen = _chosen(rungs)
    _check(config)
    out = Path(config.out) if config.out else _free_folder(config)
    check_folder(out, mark=MARK, force=force)
    stopwatch = Stopwatch(config.training.budget or DEFAULT_BUDGET_SECONDS, started=started)
    keeping = Keeping(reporter or Silent())
    with stopwatch.stage("load"):
        keeping.stage("Reading the texts")
        data = prepare_data(
            config.data, seed=config.training.seed, reporter=keeping, seconds_left=stopwatch.seconds_left
        )
        n_transformers = sum(rung.is_transformer for rung in chosen)
        reading = _measure_reading(config, data, keeping) if n_transformers else None
        if reading is not None:
            share = (stopwatch.seconds_left - _CLOSING_SECONDS) / n_transformers
            data = _test_in_time(data, reading, share, keeping, seed=config.training.seed)
    if out.exists() and force:
        shutil.rmtree(out)
    (out / "rungs").mkdir(parents=True, exist_ok=True)
    climb = _Climb(without_passwords(config), out, data, stopwatch, keeping)
    write_json(out / MARK, climb.document())
    try:
        with stopwatch.stage("rungs"):
            _climb(climb, chosen, reading)
    except (Interrupted, KeyboardInterrupt) as stop:
        _stop(climb, chosen, stop)
    except BaseException:
        _clear(out, climb)
        raise
    document = climb.document()
    write_json(out / MARK, document)
    return Ladder(out, document)


def _climb(climb: _Climb, rungs: Sequence[Rung], reading: _Reading | None) -> None:
    """Fit and measure one rung after another."""
    for place, rung in enumerate(rungs):
        climb.reporter.stage(rung.title)
        try:
            if isinstance(rung, Baseline):
                _measure_baseline(climb, rung)
            elif reading is not None:
                n_left = sum(other.is_transformer for other in rungs[place:])
                _measure_transformer(climb, rung, reading, n_left=n_left)
        except Interrupted:
            raise
        except MachineLimitError as error:
            climb.skip(rung, str(error))
        except AfinaError as error:
            climb.skip(rung, str(error), failed=True)


def _measure_baseline(climb: _Climb, rung: Baseline) -> None:
    why = rung.unfit(climb.data.train)
    if why is not None:
        climb.skip(rung, why)
        return
    training = take_in_time(climb.data.train, climb.stopwatch.seconds_left, seed=climb.config.training.seed)
    climb.keep(_measured(climb, rung, rung.fit_on(training)))


def _measure_transformer(climb: _Climb, rung: Transformer, reading: _Reading, *, n_left: int) -> None:
    share = (climb.stopwatch.seconds_left - _CLOSING_SECONDS) / n_left
    seconds = share - reading.seconds(len(climb.data.dev) + len(climb.data.test))
    needed = reading.load_seconds + _LEAST_SECONDS
    if seconds < needed:
        climb.skip(
            rung,
            f"its share of the budget, {max(share, 0):.0f} s, does not hold loading the model, a training of "
            f"{_LEAST_SECONDS:.0f} s and reading the dev and test texts",
        )
        return
    quiet = _RungReporter(climb.reporter, rung.title)
    fitted = rung.fit_on(
        climb.data, config=climb.config, seconds=seconds, out=climb.out / "rungs" / rung.name, reporter=quiet
    )
    climb.reporter.stage(f"{rung.title}: measuring")
    climb.keep(_measured(climb, rung, fitted))


def _measured(climb: _Climb, rung: Rung, fitted: Any) -> Measured:
    return measure(
        rung.name, rung.title, fitted, is_transformer=rung.is_transformer, dev=climb.data.dev, test=climb.data.test,
        samples=climb.config.evaluation.bootstrap_samples,
    )  # fmt: skip


def _measure_reading(config: RunConfig, data: PreparedData, reporter: Reporter) -> _Reading:
    """Load the model once, and time it on a few texts; a model that cannot be loaded ends the command here."""
    reporter.stage("Loading the model and measuring this machine")
    began = time.monotonic()
    modeling = config.modeling.model_copy(update={"method": "head", "freeze_layers": None})
    classifier = set_up(config.model_copy(update={"modeling": modeling}), data.train).finish()
    load_seconds = time.monotonic() - began
    texts = take(data.dev, _TEXTS_TO_TIME, seed=config.training.seed).texts
    milliseconds = time_single_texts(classifier, texts, most=8)
    began = time.monotonic()
    classifier.predict_proba(texts)
    return _Reading(load_seconds, len(texts) / max(time.monotonic() - began, 1e-9), milliseconds)


def _test_in_time(
    data: PreparedData, reading: _Reading, share: float, reporter: Reporter, *, seed: int
) -> PreparedData:
    """The same texts with as many to test on as each rung has time for."""
    n_test = int(_READING_SHARE * share * reading.texts_per_second / _SLOWDOWN) - len(data.dev)
    test = take(data.test, max(_FEWEST_TEST, n_test), seed=seed)
    if len(test) < len(data.test):
        reporter.warn(f"The budget is too short to test all rungs on {len(data.test):,} texts: {len(test):,} are used")
    return replace(data, test=test)


def _chosen(names: Sequence[str] | None) -> tuple[Rung, ...]:
    if names is None:
        return RUNGS
    known = [rung.name for rung in RUNGS]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ConfigError(f"Unknown rung: {', '.join(unknown) or 'none given'}", hint=f"rungs are {', '.join(known)}")
    return tuple(rung for rung in RUNGS if rung.name in names)


def _check(config: RunConfig) -> None:
    """Refuse settings that the ladder decides, before anything is read."""
    plain = RunConfig()
    decided = {
        "training.max_steps": (config.training.max_steps, plain.training.max_steps),
        "modeling.method": (config.modeling.method, plain.modeling.method),
        "blend": (config.blend, plain.blend),
    }
    for name, (given, default) in decided.items():
        if given != default:
            raise ConfigError(f"The ladder decides {name} itself", hint=f"leave {name} out")
    for module in ("jinja2", "matplotlib"):
        require(module, extra="data")


def _free_folder(config: RunConfig) -> Path:
    stem, number = f"{source_name(config.data.source)}-ladder", 1
    folder = Path("runs") / stem
    while folder.exists():
        number += 1
        folder = Path("runs") / f"{stem}-{number}"
    return folder


def _stop(climb: _Climb, rungs: Sequence[Rung], stop: BaseException) -> None:
    """Note what an interruption left undone; without any finished rung there is nothing to keep."""
    done = {rung.name for rung in climb.measured} | {skipped["name"] for skipped in climb.skipped}
    if not climb.measured:
        _clear(climb.out, climb)
        raise Interrupted("Interrupted; nothing was written") from None
    hint = stop.hint if isinstance(stop, Interrupted) else None
    left = [rung for rung in rungs if rung.name not in done]
    for rung in left:
        climb.skip(rung, "interrupted")
    climb.interrupted = f"Interrupted after {len(climb.measured)} of {len(rungs)} rungs; their table is kept" + (
        f" ({hint})" if hint else ""
    )


def _clear(out: Path, climb: _Climb) -> None:
    """Remove a folder that holds nothing worth keeping."""
    if not climb.measured and not any((out / "rungs").iterdir()):
        shutil.rmtree(out, ignore_errors=True)


class _RungReporter(Silent):
    """Tells the stages and steps of one rung's run, under the rung's name; the rest is told when the rung is done."""

    def __init__(self, reporter: Reporter, title: str) -> None:
        self._reporter, self._title = reporter, title

    def stage(self, name: str) -> None:
        """The rung's name before the stage."""
        self._reporter.stage(f"{self._title}: {name[0].lower()}{name[1:]}")

    def step(self, step: TrainingStep, *, seconds_left: float) -> None:
        """Move the bar; dev scores on the way are the run's own affair."""
        self._reporter.step(replace(step, dev=None), seconds_left=seconds_left)

    def advance(self, done: int, total: int) -> None:
        """Passed on."""
        self._reporter.advance(done, total)
