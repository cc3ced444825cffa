"""Fine-tuning, from labelled texts to a finished run: the recipe behind `afina train`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from afina.claims import check_place, claim, reclaim
from afina.config import RunConfig
from afina.data import TextDataset, source_name, take
from afina.errors import Interrupted, ModelError
from afina.evaluation import BLEND_FILE, write_tfidf
from afina.inference import Classifier
from afina.outputs import flush_folder, free_path
from afina.planning import DEFAULT_BUDGET_SECONDS, Allocation, Settings
from afina.recipes.baseline import fit_tfidf_in_time
from afina.recipes.calibrating import Calibration, calibrate
from afina.recipes.clock import Stopwatch
from afina.recipes.fitting import Fitted, Fitting
from afina.recipes.outcome import close_outcome, describe_forecast, describe_outcome, log_outcome
from afina.recipes.preparation import PreparedData, division_seed, prepare_data, without_passwords
from afina.recipes.recording import write_run, writing
from afina.recipes.reporting import Keeping, Reporter, Silent
from afina.recipes.resources import PeakMemory, peak_memory_mb
from afina.recipes.results import Tested, stop_name, test_once
from afina.recipes.sentences import tell_cut, tell_limits, tell_method, tell_plan, tell_stop
from afina.recipes.session import Session, set_up
from afina.recipes.speed import forecast_memory_mb, share_out
from afina.recipes.task import describe_task
from afina.recipes.token_figures import describe_reading
from afina.run_folder import PARTIAL_SUFFIX, RunFolder, write_json
from afina.training import Checkpoint, find_checkpoint

# Weights and checkpoint of a small model; what a large one needs is known only after it is loaded.
_DISK_BYTES = 500_000_000


@dataclass(frozen=True)
class FineTuned:
    """A finished run, and a classifier ready to use."""

    run: RunFolder
    summary: dict[str, Any]
    """The document that `train --json` prints and `metrics.json` holds."""
    classifier: Classifier


@dataclass
class _Job:
    """One fine-tuning, ready to run."""

    config: RunConfig
    origins: Mapping[str, str]
    run: RunFolder
    data: PreparedData
    """Texts as the time allows."""
    all_training: TextDataset
    """Every training text there is, for the baseline."""
    session: Session
    allocation: Allocation
    stopwatch: Stopwatch
    reporter: Keeping
    memory: PeakMemory
    is_inner: bool = False
    """Whether it is a part of another command, which prepared its texts."""

    @property
    def notes(self) -> dict[str, Any]:
        """What a checkpoint holds so that the run can be set up again, and what must then be equal."""
        return {
            "config": self.config.model_dump(),
            "origins": dict(self.origins),
            "settings": self.session.settings.as_dict(),
            "allocation": self.allocation.as_dict(),
            "data": self.data.record,
        }


def fine_tune(
    config: RunConfig | None = None,
    *,
    reporter: Reporter | None = None,
    origins: Mapping[str, str] | None = None,
    force: bool = False,
    track: bool = False,
    started: float | None = None,
    data: PreparedData | None = None,
) -> FineTuned:
    """Fine-tune a pretrained model on labelled texts, test it once, and write a run folder.

    The test set chooses nothing: settings come from the training texts, the best weights from the dev set.

    Args:
        config: Settings; all defaults without it, which is the embedded model on the shipped sample.
        reporter: Told of what happens.
        origins: For each setting that was given, where its value came from.
        force: Replace a run that stands at `config.out`.
        track: Write TensorBoard events too.
        started: When the command started, by `time.monotonic`; the budget counts from there.
        data: The texts that `config.data` names, where they are prepared already.

    Raises:
        DataError: A source cannot be read or learned from.
        ModelError: The pretrained model cannot be loaded.
        OutputError: The run's place is taken or cannot be written.
        MachineLimitError: The budget is too short to train at all.
        TrainingError: The loss became infinite before any weights were kept.
        Interrupted: The user stopped; a checkpoint was written where training had begun.
    """
    config = config or RunConfig()
    run = RunFolder(Path(config.out)) if config.out else _free_run(config)
    check_place(run, force=force, needed_bytes=_DISK_BYTES)
    request = {"config": without_passwords(config).model_dump(), "origins": dict(origins or {})}
    with _interruptible(run), claim(run, request, force=force) as folder:
        job = _prepare(config, run, _keeping(reporter), origins or {}, started, data)
        tuned = _execute(job, folder, track=track)
    log_outcome(tuned.run, tuned.summary)
    return tuned


def resume(partial: Path, *, reporter: Reporter | None = None, track: bool = False) -> FineTuned:
    """Go on with a fine-tuning that was interrupted or killed, with its settings and from its newest whole checkpoint.

    One that was killed before its first checkpoint starts over.

    Args:
        partial: The unfinished run's folder, as the interrupted command named it.
        reporter: Told of what happens.
        track: Write TensorBoard events too.

    Raises:
        ModelError: It is no unfinished run, its checkpoints are all damaged, or they do not fit the data or the model
            any more.
        OutputError: Another command is going on with it, or it cannot be written.
        AfinaError: As `fine_tune`.
    """
    keeping = _keeping(reporter)
    run = RunFolder(partial.with_name(partial.name.removesuffix(PARTIAL_SUFFIX)))
    with _interruptible(run), reclaim(partial) as (run, request):
        tuned = None if run.partial.is_complete else _go_on(run, request, keeping, track=track)
    # Killed between the last written file and its renaming.
    tuned = tuned or FineTuned(run, json.loads(run.metrics.read_text(encoding="utf-8")), Classifier.load(run.root))
    log_outcome(tuned.run, tuned.summary)
    return tuned


def _go_on(run: RunFolder, request: Mapping[str, Any], reporter: Keeping, *, track: bool) -> FineTuned:
    checkpoint = find_checkpoint(run.partial.checkpoints, warn=reporter.warn)
    job = _start_over(run, request, reporter) if checkpoint is None else _restore(run, checkpoint, reporter)
    return _execute(job, run.partial, track=track, checkpoint=checkpoint)


def _keeping(reporter: Reporter | None) -> Keeping:
    """A reporter that keeps warnings, with those it kept before."""
    return reporter if isinstance(reporter, Keeping) else Keeping(reporter or Silent())


def _prepare(
    config: RunConfig,
    run: RunFolder,
    reporter: Keeping,
    origins: Mapping[str, str],
    started: float | None,
    data: PreparedData | None = None,
) -> _Job:
    training, memory = config.training, PeakMemory.from_now()
    # With a step limit and no budget nothing depends on the clock.
    budget = training.budget or (None if training.max_steps else DEFAULT_BUDGET_SECONDS)
    stopwatch, is_inner = Stopwatch(budget, started=started), data is not None
    with stopwatch.stage("load"):
        if data is None:
            reporter.stage("Reading the texts")
            data = prepare_data(
                config.data, seed=training.seed, reporter=reporter,
                seconds_left=None if training.max_steps else stopwatch.seconds_left,
            )  # fmt: skip
        reporter.stage("Loading the model and measuring this machine")
        task = describe_task(data)
        session = set_up(
            config, data.train, seconds_left=None if training.max_steps else stopwatch.seconds_left, task=task
        )  # fmt: skip
        allocation = share_out(session, config, data, stopwatch, place=run.partial.root)
        allocation = replace(allocation, forecast_memory_mb=forecast_memory_mb(session, allocation, task))
    tell_method(session, reporter, was_open=config.modeling.method == "auto" and config.modeling.freeze_layers is None)
    tell_plan(allocation, session, reporter)
    used = _as_time_allows(data, allocation, config)
    tell_limits(data, used, reporter)
    return _Job(
        without_passwords(config), origins, run, used, data.train, session, allocation, stopwatch, reporter, memory,
        is_inner=is_inner,
    )  # fmt: skip


def _start_over(run: RunFolder, request: Mapping[str, Any], reporter: Keeping) -> _Job:
    try:
        config, origins = RunConfig.model_validate(request["config"]), dict(request["origins"])
    except (KeyError, TypeError, ValueError):
        raise ModelError(
            f"The file {run.partial.request} is damaged, and there is no checkpoint", hint="start again with --force"
        ) from None
    reporter.tell("There is no checkpoint yet: the run starts over")
    return _prepare(config, run, reporter, origins, None)


def _restore(run: RunFolder, checkpoint: Checkpoint, reporter: Keeping) -> _Job:
    record, memory = checkpoint.record, PeakMemory.from_now()
    try:
        config = RunConfig.model_validate(record["notes"]["config"])
        settings, allocation = Settings(**record["notes"]["settings"]), Allocation(**record["notes"]["allocation"])
        origins, seconds = record["notes"]["origins"], float(record["command_seconds"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The checkpoint in {run.partial.root} is not one this version wrote: {error}") from None
    budget = None if allocation.training_seconds is None else config.training.budget or DEFAULT_BUDGET_SECONDS
    stopwatch = Stopwatch(budget, elapsed=seconds)
    with stopwatch.stage("load"):
        reporter.stage("Reading the texts again")
        data = prepare_data(
            config.data, seed=config.training.seed, reporter=reporter, pool=record["notes"]["data"].get("pool")
        )
        session = set_up(config, data.train, settings=settings)
    used = _as_time_allows(data, allocation, config)
    return _Job(config, origins, run, used, data.train, session, allocation, stopwatch, reporter, memory)


def _execute(job: _Job, folder: RunFolder, *, track: bool, checkpoint: Checkpoint | None = None) -> FineTuned:
    reporter, stopwatch, seed = job.reporter, job.stopwatch, job.config.training.seed
    reporter.stage("Fitting the TF-IDF baseline")
    with stopwatch.stage("baseline"):
        tfidf = fit_tfidf_in_time(job.all_training, stopwatch.seconds_left, seed=seed)
    reporter.stage("Fine-tuning")
    with stopwatch.stage("train"):
        fitting = Fitting(
            job.session, job.data.train, job.data.dev, config=job.config.training, epochs=job.allocation.epochs,
            folder=folder, notes=job.notes, cache=job.allocation.cache,
        )  # fmt: skip
        tell_cut(fitting.share_truncated, job.session.settings, reporter)
        if checkpoint is not None:
            fitting.resume(checkpoint)
        began = stopwatch.seconds
        fitted = fitting.run(seconds=_training_seconds(job), stopwatch=stopwatch, reporter=reporter, track=track)
        # What frozen layers read beforehand is a part of training.
        fit_seconds = stopwatch.seconds - began if checkpoint is None else fitted.seconds
    timed = stopwatch.budget is not None and job.config.training.max_steps is None
    tell_stop(fitted, len(job.all_training), reporter, timed=timed)
    reporter.stage("Testing")
    with stopwatch.stage("evaluate"):
        with writing(folder):
            calibration = calibrate(
                job.session, job.session.finish(folder.adapter), job.data.dev, tfidf=tfidf,
                may_blend=job.config.blend, error_rate=job.config.evaluation.error_rate, adapter=folder.adapter,
            )  # fmt: skip
        blending = calibration.blending
        tested = test_once(
            job.session.classifier(temperature=calibration.temperature_left), job.data.test, tfidf=tfidf,
            training=job.all_training, samples=job.config.evaluation.bootstrap_samples, blending=blending,
        )  # fmt: skip
        if job.config.blend:
            reporter.tell(blending.sentence)
    if not tested.beats_baseline:
        reporter.warn(tested.verdict)
    reporter.stage("Writing the run")
    summary = _summary(job, fitted, tested, calibration, share_truncated=fitting.share_truncated)
    summary["outcome"] = describe_outcome(
        fitted, summary["forecast"], job.config, seconds=fit_seconds, n_training=len(job.all_training),
        memory_mb=job.memory.of_run(job.session.accelerator.device), epochs=job.session.settings.epochs,
        resumed=checkpoint is not None,
    )  # fmt: skip
    name = job.run.root.name
    with writing(folder):
        if blending.weight:
            write_tfidf(tfidf.as_model(), folder.root / BLEND_FILE)
        write_run(
            folder, job.session, summary, tested, config=job.config, origins=job.origins, data=job.data,
            learned=job.all_training if blending.weight else job.data.train, name=name,
        )  # fmt: skip
        flush_folder(folder.root)
        # Only now is it known how long all of it took.
        summary["seconds"] = stopwatch.as_dict()
        summary |= close_outcome(summary, is_inner=job.is_inner)
        write_json(folder.metrics, summary)
    return FineTuned(job.run, summary, calibration.classifier(job.session, tfidf))


def _summary(
    job: _Job, fitted: Fitted, tested: Tested, calibration: Calibration, *, share_truncated: float
) -> dict[str, Any]:
    state, settings = fitted.state, job.session.settings
    resources, peak = job.session.resources, peak_memory_mb(job.session.accelerator.device)
    return {
        "run": str(job.run.root),
        "model": job.config.modeling.name,
        "method": settings.method,
        "labels": list(job.data.train.labels),
        "steps": state.step,
        "epochs": round(state.texts_seen / len(job.data.train), 2),
        "examples_seen": state.texts_seen,
        "tokens_seen": state.tokens_seen,
        "tokens_per_second": round(state.tokens_seen / max(fitted.seconds, 1e-9), 1),
        "seconds": job.stopwatch.as_dict(),
        "budget_seconds": job.stopwatch.budget,
        "forecast": describe_forecast(job.config, job.origins, job.allocation, is_inner=job.is_inner),
        "stopped_by": stop_name(state.stopped_by, steps_given=job.config.training.max_steps is not None),
        "parameters": {
            "all": resources["all"],
            "trained": resources["trained"],
        },
        "memory_mb": {"peak": None if peak is None else round(peak, 1), "weights": resources["weights_mb"]},
        "checkpoint_mb": resources["checkpoint_mb"],
        "settings": settings.as_dict(),
        "seed": job.config.training.seed,
        "share_truncated_training": share_truncated,
        "tokenization": describe_reading(
            job.session.pretrained, job.data.train, settings, seed=job.config.training.seed
        ),
        "dev": {"n": len(job.data.dev), "accuracy": state.best.accuracy, "log_loss": -state.best.negative_log_loss}
        if state.best
        else None,
        "test": tested.model,
        **calibration.describe(job.data.test, tested.probabilities),
        "blend": {**calibration.blending.as_dict(), "test_alone": tested.model_alone},
        "baseline": tested.baseline,
        "difference": tested.difference,
        "beats_baseline": tested.beats_baseline,
        "verdict": tested.verdict,
        "warnings": job.reporter.warnings,
    }


def _training_seconds(job: _Job) -> float | None:
    """Seconds that training may last from now: what is left, less the reserve for the test and saving."""
    if job.allocation.training_seconds is None:
        return None
    return max(0.0, job.stopwatch.seconds_left - job.allocation.reserve_seconds)


def _as_time_allows(data: PreparedData, allocation: Allocation, config: RunConfig) -> PreparedData:
    seed = config.training.seed
    return replace(
        data,
        train=data.take_training(allocation.train_texts, seed=seed),
        dev=take(data.dev, allocation.dev_texts, seed=seed),
        # Runs that differ in their seed alone are tested on the same texts.
        test=take(data.test, allocation.test_texts, seed=division_seed(config.data, seed)),
    )


def _free_run(config: RunConfig) -> RunFolder:
    stem = f"{source_name(config.data.source)}-{Path(config.modeling.name).name}"
    return RunFolder(free_path(Path("runs"), stem, lambda root: root.exists() or RunFolder(root).partial.root.exists()))


@contextmanager
def _interruptible(run: RunFolder) -> Iterator[None]:
    """A Ctrl-C outside the training loop: say how to go on, where something is left to go on with."""
    try:
        yield
    except KeyboardInterrupt:
        if not run.partial.root.exists():
            raise Interrupted("Interrupted; nothing was written") from None
        raise Interrupted("Interrupted", hint=f"go on with `afina train --resume {run.partial.root}`") from None
