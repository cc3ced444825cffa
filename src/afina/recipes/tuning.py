"""A search for better settings within a budget of time: the recipe behind `afina tune`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from afina import pages
from afina.config import RunConfig
from afina.data import take
from afina.errors import ConfigError
from afina.inference import Classifier
from afina.pages import require_drawing
from afina.planning import DEFAULT_BUDGET_SECONDS, size_defaults
from afina.recipes.clock import Stopwatch
from afina.recipes.fine_tuning import FineTuned, fine_tune
from afina.recipes.preparation import PreparedData, prepare_data
from afina.recipes.reporting import Keeping, Reporter, Silent
from afina.recipes.search.costs import describe_defaults, measure_costs
from afina.recipes.search.place import SearchPlace, find_place
from afina.recipes.search.plan import SearchPlan, TrialSize, plan_search
from afina.recipes.search.report import Winner, choose_winner, describe_search
from afina.recipes.search.searching import Search
from afina.recipes.search.space import SETTINGS, SearchSpace, make_space
from afina.recipes.search.study import FINGERPRINT, POOL, SIZE, SearchStudy, quiet_optuna
from afina.recipes.search.trial import TrialTexts
from afina.recipes.session import set_up
from afina.recipes.task import describe_task
from afina.run_folder import RunFolder, write_json

_TEMPLATE = "tuning.html.j2"
# Seconds that the page is given beside what drawing it before the final training took.
_LAST_SECONDS = 1.0


@dataclass(frozen=True)
class Tuned:
    """A finished run with the best settings found, and how they were found."""

    run: RunFolder
    document: dict[str, Any]
    """The document that `tune --json` prints and `tuning.json` holds: that of `train --json`, and the search."""
    classifier: Classifier


def tune(
    config: RunConfig | None = None,
    *,
    trials: int | None = None,
    storage: str | None = None,
    study: str | None = None,
    reporter: Reporter | None = None,
    origins: Mapping[str, str] | None = None,
    force: bool = False,
    started: float | None = None,
) -> Tuned:
    """Search for better settings than the defaults, train with the best of them, and test the result once.

    Trials are trainings in small, scored on the dev set; the first has the default settings. Half of the budget goes
    into them, and more where the final training does not need the other half. The test set chooses nothing.

    Args:
        config: Settings; what is set there is kept as it is and not sought.
        trials: Most finished trials of the study, those of other workers counted; None for as many as the time allows.
        storage: Database URL where trials are kept and shared; None for a file that ends up in the run.
        study: Name of the study there.
        reporter: Told of what happens.
        origins: For each setting that was given, where its value came from.
        force: Replace a run that stands at `config.out`, and an unfinished search.
        started: When the command started, by `time.monotonic`; the budget counts from there.

    Raises:
        ConfigError: A setting or the URL is wrong, or the study is of other texts, another model or other settings.
        DataError: A source cannot be read or learned from.
        ModelError: The pretrained model cannot be loaded.
        OutputError: The run's place is taken, or the study cannot be read or written.
        MachineLimitError: The budget is too short for two trials and the final training.
        TrainingError: No trial was completed.
        MissingExtraError: Optuna, or what draws pages, is not installed.
        Interrupted: The user stopped; the trials are kept.
    """
    config, origins, keeping = config or RunConfig(), origins or {}, Keeping(reporter or Silent())
    started = time.monotonic() if started is None else started
    _check(config, trials)
    stopwatch = Stopwatch(config.training.budget or DEFAULT_BUDGET_SECONDS, started=started)
    with quiet_optuna() as optuna:
        place = find_place(config, storage, study, force=force)
        with place.open_study(optuna) as opened:
            with stopwatch.stage("load"):
                ready = _prepare(config, origins, opened, stopwatch, keeping)
            with stopwatch.stage("search"):
                search = Search(
                    opened, ready.space, ready.plan, config=config, texts=ready.texts, stopwatch=stopwatch,
                    reporter=keeping,
                )  # fmt: skip
                winner = choose_winner(search.run(trials), ready.space)
            keeping.tell(winner.verdict)
            with stopwatch.stage("report"):
                keeping.stage("Drawing the page")
                document = {
                    "source": ready.data.record["source"],
                    "model": config.modeling.name,
                    "trial_size": {**ready.plan.trial.as_dict(), "of_texts": len(ready.data.train)},
                    **describe_search(opened, ready.space, winner),
                }
                page_seconds = _time_page(document)
            with stopwatch.stage("train"):
                budget = (stopwatch.budget or DEFAULT_BUDGET_SECONDS) - page_seconds - _LAST_SECONDS
                tuned = fine_tune(
                    _with_winner(config, ready.space, winner, place, budget=budget), reporter=keeping,
                    origins={**origins, **{SETTINGS[name]: "afina tune" for name in winner.params}}, force=force,
                    started=started, data=ready.data,
                )  # fmt: skip
            _write(place, opened, tuned, document, stopwatch)
    return Tuned(tuned.run, document, tuned.classifier)


@dataclass(frozen=True)
class _Ready:
    """All that trials need."""

    data: PreparedData
    space: SearchSpace
    plan: SearchPlan
    texts: TrialTexts


def _check(config: RunConfig, trials: int | None) -> None:
    """Refuse what cannot be, before anything is read."""
    if trials is not None and trials < 1:
        raise ConfigError(f"--trials must be at least 1, not {trials}")
    if config.training.max_steps is not None:
        raise ConfigError(
            "A search spends a budget of time, and takes no number of steps", hint="leave training.max_steps out"
        )
    require_drawing()


def _prepare(
    config: RunConfig, origins: Mapping[str, str], study: SearchStudy, stopwatch: Stopwatch, reporter: Keeping
) -> _Ready:
    """Read the texts, measure this machine, share out the time, and begin or join the study."""
    seed = config.training.seed
    reporter.stage("Reading the texts")
    data = prepare_data(
        config.data, seed=seed, reporter=reporter, seconds_left=stopwatch.seconds_left, pool=study.attribute(POOL)
    )
    reporter.stage("Loading the model and measuring this machine")
    # A search changes the epochs: its first trial has those that the number of texts asks for.
    epochs = config.training.epochs or size_defaults(len(data.train))[0]
    session = set_up(
        config.model_copy(update={"training": config.training.model_copy(update={"epochs": epochs})}), data.train,
        seconds_left=stopwatch.seconds_left, task=describe_task(data),
    )  # fmt: skip
    found, evaluations = describe_defaults(session, data.train), session.settings.evaluations
    del session
    space, notes = make_space(config, found, pinned=_pinned(config, origins))
    if not space.parameters:
        raise ConfigError("There is nothing to search for: every setting is given", hint="leave some of them out")
    for note in notes:
        reporter.tell(note)
    costs = measure_costs(space.apply(config, space.defaults), data.train)
    plan = plan_search(
        stopwatch.seconds_left, costs, n_train=len(data.train), n_dev=len(data.dev), n_test=len(data.test),
        epochs=found.epochs, evaluations=evaluations,
    )  # fmt: skip
    fingerprint = {
        "training texts": data.train.fingerprint(),
        "dev texts": data.dev.fingerprint(),
        "model": config.modeling.name,
        "method": space.method,
        "settings to search": space.as_dict(),
        "seed": seed,
    }
    study.begin({FINGERPRINT: fingerprint, POOL: data.record.get("pool"), SIZE: plan.trial.as_dict()}, seed=seed)
    if study.is_joined:
        finished = len(study.trials("complete", "pruned", "fail"))
        reporter.tell(f"Going on with the study {study.name!r}, which has {finished:,} finished trials")
        plan = plan.with_trial(TrialSize(**study.attribute(SIZE)), costs)
    size = plan.trial
    texts = TrialTexts(take(data.train, size.texts, seed=seed), take(data.dev, size.dev_texts, seed=seed))
    reporter.tell(
        f"Trials train on {len(texts.train):,} of {len(data.train):,} texts for {size.seconds:.0f} s at most, and are "
        f"scored on {len(texts.dev):,} dev texts; {plan.kept_seconds(None):.0f} s are kept for the final training"
    )
    return _Ready(data, space, plan, texts)


def _pinned(config: RunConfig, origins: Mapping[str, str]) -> Callable[[str], bool]:
    """Whether the user gave a setting, by its dotted name."""
    plain = RunConfig()

    def is_pinned(name: str) -> bool:
        section, _, field = name.partition(".")
        given, default = (getattr(getattr(settings, section), field) for settings in (config, plain))
        return name in origins or given != default

    return is_pinned


def _with_winner(
    config: RunConfig, space: SearchSpace, winner: Winner, place: SearchPlace, *, budget: float
) -> RunConfig:
    settings = space.apply(config, winner.params)
    training = settings.training.model_copy(update={"budget": budget})
    return settings.model_copy(update={"training": training, "out": str(place.run.root)})


def _time_page(document: dict[str, Any]) -> float:
    """Seconds that drawing the page takes; what is loaded for it is loaded afterwards."""
    pages.render(_TEMPLATE, document)
    began = time.monotonic()
    pages.render(_TEMPLATE, document)
    return time.monotonic() - began


def _write(
    place: SearchPlace, study: SearchStudy, tuned: FineTuned, document: dict[str, Any], stopwatch: Stopwatch
) -> None:
    """Put the search beside the run it led to."""
    run = tuned.run
    document |= {**tuned.summary, "budget_seconds": stopwatch.budget}
    pages.write_page(run.root / "tuning.html", pages.render(_TEMPLATE, document), force=True)
    if place.own_file is not None:
        study.close()
        place.own_file.replace(run.root / "study.db")
    document["seconds"] = _add_up(tuned.summary["seconds"], stopwatch.as_dict())
    write_json(run.root / "tuning.json", document)


def _add_up(training: Mapping[str, float], whole: Mapping[str, float]) -> dict[str, float]:
    """Seconds by stage: those of the search, and those of the final training inside them."""
    stages = {name: seconds for name, seconds in whole.items() if name != "train"}
    for name, seconds in training.items():
        if name != "total":
            stages[name] = round(stages.get(name, 0.0) + seconds, 2)
    return stages
