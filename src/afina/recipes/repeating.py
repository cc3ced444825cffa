"""A fine-tuning repeated with other seeds on the same split: the recipe behind `afina train --seeds`.

One run is one draw from a lottery of first weights and orders of batches. Its accuracy may differ from that of the next
by more than a better model would gain (Dodge et al., "Fine-tuning pretrained language models: weight initializations,
data orders, and early stopping", arXiv 2002.06305).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from afina.config import RunConfig
from afina.data import take
from afina.errors import ConfigError, Interrupted
from afina.planning import DEFAULT_BUDGET_SECONDS
from afina.recipes.clock import Stopwatch
from afina.recipes.fine_tuning import fine_tune
from afina.recipes.preparation import PreparedData, division_seed, prepare_data
from afina.recipes.repetition import Repetition
from afina.recipes.reporting import Keeping, Reporter, Silent
from afina.run_folder import RunFolder, write_json

_INTERVALS, _NUMBERS = ("accuracy", "f1"), ("log_loss", "ece")
# A run that has less than this fails at once, and says by how much the budget is too short.
_LEAST_SECONDS = 1.0


@dataclass(frozen=True)
class Repeated:
    """Finished runs that differ in nothing but their seed."""

    runs: tuple[RunFolder, ...]
    summary: dict[str, Any]
    """The document of `train --json` of the first run, and all runs under `seeds`; it is in its `metrics.json` too."""

    @property
    def run(self) -> RunFolder:
        """The run of the first seed, which stands at the place that was asked for."""
        return self.runs[0]


def fine_tune_seeds(
    config: RunConfig | None = None,
    *,
    n_seeds: int,
    reporter: Reporter | None = None,
    origins: Mapping[str, str] | None = None,
    force: bool = False,
    track: bool = False,
    started: float | None = None,
) -> Repeated:
    """Fine-tune with several seeds on the same training, dev and test texts, and tell how far the results differ.

    The first seed, which also divides the texts, is that of the settings, and its run stands at `config.out`; the
    others count on from it, and stand beside it at `OUT-seed1` and so on. Nothing is chosen by the test. The budget
    bounds all of it: texts are read once, and each run gets an equal share of the time left. Where that is too short
    for all training texts, each seed draws its own part of them.

    A repetition that was interrupted goes on when it is called again with the same arguments: finished runs are kept.

    Args:
        config: Settings of all runs.
        n_seeds: How many runs, at least two.
        reporter: Told of what happens.
        origins: For each setting that was given, where its value came from.
        force: Replace what stands at any of the runs' places.
        track: Write TensorBoard events too.
        started: When the command started, by `time.monotonic`; the budget counts from there.

    Raises:
        ConfigError: Fewer than two seeds are asked for.
        OutputError: A place is taken, cannot be written, or holds an interrupted repetition with other settings.
        DataError: A source cannot be read or learned from, or has changed since the interruption.
        Interrupted: The user stopped; finished runs are kept.
        AfinaError: As `fine_tune`.
    """
    if n_seeds < 2:
        raise ConfigError(f"A repetition takes at least two seeds, not {n_seeds}")
    config, reporter = config or RunConfig(), reporter or Silent()
    of_texts = Keeping(reporter)
    training = config.training
    repetition = Repetition.begin(config, n_seeds, force=force)
    stopwatch = Stopwatch(training.budget or (None if training.max_steps else DEFAULT_BUDGET_SECONDS), started=started)
    reporter.stage("Reading the texts")
    data = prepare_data(
        config.data,
        seed=training.seed,
        reporter=of_texts,
        # As many texts as one run of that length could look through.
        seconds_left=None if training.max_steps else stopwatch.seconds_left / n_seeds,
        pool=repetition.pool,
    )
    repetition.note_texts(data)
    try:
        summaries = _train_all(
            repetition,
            data,
            stopwatch,
            reporter,
            warnings=of_texts.warnings,
            origins=origins or {},
            force=force or repetition.goes_on,
            track=track,
        )
    except (Interrupted, KeyboardInterrupt):
        raise repetition.interrupted() from None
    finally:
        if not repetition.is_worth_keeping:
            repetition.end()
    summary = {**summaries[0], "seeds": _describe(repetition, summaries, stopwatch)}
    write_json(repetition.runs[0].metrics, summary)
    repetition.end()
    return Repeated(repetition.runs, summary)


def _train_all(
    repetition: Repetition,
    data: PreparedData,
    stopwatch: Stopwatch,
    reporter: Reporter,
    *,
    warnings: Sequence[str],
    origins: Mapping[str, str],
    force: bool,
    track: bool,
) -> list[dict[str, Any]]:
    """The summary of each run; one that was finished before the repetition was interrupted is read again."""
    summaries: list[dict[str, Any]] = []
    left = len(repetition.seeds) - len(repetition.finished)
    for i, (seed, run) in enumerate(zip(repetition.seeds, repetition.runs, strict=True), 1):
        if seed in repetition.finished:
            reporter.tell(f"Seed {seed}: finished before, in {run.root}")
            summaries.append(json.loads(run.metrics.read_text(encoding="utf-8")))
        else:
            reporter.tell(f"Seed {seed}, run {i} of {len(repetition.seeds)}")
            # What is wrong with the texts is so for each run; what one run is warned of is its own.
            own = Keeping(reporter)
            own.warnings += warnings
            own_config = _config_of(repetition, seed, run, stopwatch, n_left=left)
            tuned = fine_tune(
                own_config, reporter=own, force=force, track=track, data=data,
                origins={**origins, "training.seed": "--seeds", "data.split_seed": "--seeds"},
            )  # fmt: skip
            summaries.append(tuned.summary)
            del tuned  # the next run needs the memory
            repetition.note_finished(seed)
            left -= 1
        if i == 1:
            # As many test texts as the first run had time for, and the same.
            config = repetition.config
            seed_of_test = division_seed(config.data, config.training.seed)
            data = replace(data, test=take(data.test, summaries[0]["test"]["n"], seed=seed_of_test))
    tested_on = sorted({summary["test"]["n"] for summary in summaries})
    if len(tested_on) > 1:
        reporter.warn(
            f"The budget did not allow every seed the same test texts: they were tested on {tested_on[0]:,} to "
            f"{tested_on[-1]:,}, so that a part of the deviation is that of the texts"
        )
    return summaries


def _config_of(repetition: Repetition, seed: int, run: RunFolder, stopwatch: Stopwatch, *, n_left: int) -> RunConfig:
    config = repetition.config
    changed: dict[str, float] = {"seed": seed}
    if stopwatch.budget is not None:
        # What one run leaves goes to the next ones, up to an equal share of the whole.
        share = min(stopwatch.seconds_left / n_left, stopwatch.budget / len(repetition.seeds))
        changed |= {"budget": max(share, _LEAST_SECONDS)}
    training = config.training.model_copy(update=changed)
    # Each run can be resumed, and made again, by itself: it must then divide the texts as the first did.
    data = config.data.model_copy(update={"split_seed": division_seed(config.data, config.training.seed)})
    return config.model_copy(update={"data": data, "training": training, "out": str(run.root)})


def _describe(repetition: Repetition, summaries: Sequence[Mapping[str, Any]], stopwatch: Stopwatch) -> dict[str, Any]:
    """Each run's figures on the test set, and their mean, sample standard deviation and range."""
    runs = [
        {
            "seed": seed,
            "run": str(run.root),
            "n": summary["test"]["n"],
            **{name: summary["test"][name] for name in (*_INTERVALS, *_NUMBERS)},
            "beats_baseline": summary["beats_baseline"],
            "steps": summary["steps"],
            "seconds": summary["seconds"]["total"],
        }
        for seed, run, summary in zip(repetition.seeds, repetition.runs, summaries, strict=True)
    ]
    values = {name: [run[name]["value"] for run in runs] for name in _INTERVALS}
    values |= {name: [run[name] for run in runs] for name in _NUMBERS}
    return {
        "n": len(runs),
        "runs": runs,
        **{name: _spread(numbers) for name, numbers in values.items()},
        "budget_seconds": stopwatch.budget,
        "seconds": round(stopwatch.seconds, 2),
    }


def _spread(numbers: Sequence[float]) -> dict[str, float]:
    return {
        "mean": float(np.mean(numbers)),
        "deviation": float(np.std(numbers, ddof=1)),
        "low": min(numbers),
        "high": max(numbers),
    }
