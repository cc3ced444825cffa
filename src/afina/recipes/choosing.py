"""Which model, which method, which settings, in the time there is: the recipe behind `afina plan`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from afina.config import RunConfig
from afina.data import TextDataset, public_name
from afina.data.languages import detect_languages
from afina.errors import ConfigError, MissingExtraError
from afina.modeling.catalog import CatalogEntry, read_catalog
from afina.outputs import check_file, new_file
from afina.planning import (
    DEFAULT_BUDGET_SECONDS,
    FROZEN,
    HEAD,
    choose_dropout,
    choose_precision,
    has_fast_bf16,
    size_defaults,
)
from afina.planning.choices import (
    METHODS,
    Candidate,
    Choice,
    Limits,
    Rejection,
    Task,
    Wishes,
    enumerate_choices,
    why_no_way,
)
from afina.planning.machine import Machine, measure_machine
from afina.planning.operations import training_operations
from afina.planning.platforms import elsewhere, training_memory_mb
from afina.planning.ranking import best_of_each, cheapest, reasons
from afina.recipes.clock import Stopwatch
from afina.recipes.forecasting import read_corrections
from afina.recipes.known_models import KnownModel, count_tokens, know_entry, know_model
from afina.recipes.pacing import reckoned_pace, time_models
from afina.recipes.plan_file import plan_text
from afina.recipes.preparation import prepare_data
from afina.recipes.reporting import Reporter, Silent
from afina.recipes.speed import some_texts
from afina.recipes.task import describe_task, likely_batch_tokens, wishes_of

MULTILINGUAL = "multilingual"
_MOST_CHOICES = 6
# An estimate from operations alone, and one from timed steps, are off by this factor and less, nine times in ten.
_UNMEASURED_SPREAD = 1.5
_TEXTS_FOR_LANGUAGE = 60


@dataclass(frozen=True)
class Planned:
    """What fits, best first, and where the first of it is written."""

    document: dict[str, Any]
    """The document of `plan --json`."""
    file: Path | None
    """The settings of the first choice that can be trained here, for `afina train --config`."""


@dataclass(frozen=True)
class _Found:
    """All ways to train that were looked at."""

    choices: list[Choice]
    rejected: dict[str, list[Rejection]]
    candidates: dict[str, Candidate]


def plan(
    config: RunConfig | None = None,
    *,
    models: Sequence[str] | None = None,
    catalog: str | Path | None = None,
    out: Path | None = None,
    reporter: Reporter | None = None,
    origins: Mapping[str, str] | None = None,
    force: bool = False,
    started: float | None = None,
) -> Planned:
    """Measure this machine, forecast what each way to train takes, and choose what fits the budget.

    Nothing is downloaded: a model that is not here is timed with random weights of its config.

    Args:
        config: Settings; what is set in it by `origins` is kept, and the plan chooses the rest.
        models: Catalog names, folders or Hub ids; without any, each model of the catalog that reads the texts'
            language.
        catalog: A user's catalog file; that of the settings without it.
        out: TOML file to write the first choice to; `plan.toml` without it.
        reporter: Told of what happens.
        origins: Where the given settings came from.
        force: Replace what stands at `out`.
        started: When the command started, by `time.monotonic`.

    Raises:
        DataError: The source cannot be read or learned from.
        ModelError: A model is unknown, or its config is not here or lacks something.
        ConfigError: None of the models can be trained by the method that was set.
        OutputError: Something stands at `out`.
    """
    config, reporter = config or RunConfig(), reporter or Silent()
    stopwatch = Stopwatch(None, started=started)
    origins, catalog = dict(origins or {}), catalog or config.modeling.catalog
    file = out or Path("plan.toml")
    check_file(file, force=force)
    budget = config.training.budget or DEFAULT_BUDGET_SECONDS
    reporter.stage("Reading the texts")
    data = prepare_data(config.data, seed=config.training.seed, reporter=reporter, seconds_left=budget)
    reporter.stage("Looking at this machine")
    machine = measure_machine(Path(config.out or "runs"))
    names = models or ([config.modeling.name] if "modeling.name" in origins else None)
    known, notes = _find_models(names, data.train, catalog)
    task, wishes = describe_task(data), wishes_of(config, on_cpu=machine.device == "cpu")
    known, left_out = _leave_out(known, wishes)
    limits = Limits(budget, machine.memory_for_training_mb, read_corrections())
    reporter.stage("Timing training steps")
    found, probe_seconds, more = _look_at(known, data.train, task, wishes, limits, machine, config, reporter)
    here = {model.name for model in known if model.is_here}
    everything = best_of_each(found.choices, found.candidates, task, n=len(found.choices))
    ranked = everything[:_MOST_CHOICES]
    if not here & {choice.model for choice, _ in ranked}:
        # What can be trained without a network is told too, however it ranks.
        ranked += [pair for pair in everything if pair[0].model in here][:1]
    chosen = _first_trainable([choice for choice, _ in ranked], here)
    if chosen is not None:
        text = plan_text(
            chosen, config, origins, budget_seconds=budget, corrections=limits.corrections, catalog=catalog
        )
        with new_file(file, force=force) as draft:
            draft.write_text(text, encoding="utf-8")
    document = {
        "machine": {**machine.as_dict(), "training_gflops": round(machine.training_gflops, 1)},
        "source": public_name(config.data.source),
        "texts": task.n_train,
        "budget_seconds": budget,
        "probe_seconds": round(probe_seconds, 1),
        "choices": [
            {**_describe(choice, found.candidates[choice.model], task, wishes, limits), "score": round(points, 2)}
            for choice, points in ranked
        ],
        "rejected": _describe_rejected(found, task),
        "notes": [*notes, *left_out, *more, *_download_notes(ranked, chosen, here, found.candidates)],
        "corrections": limits.corrections.as_dict(),
        "plan": str(file) if chosen is not None else None,
        "planned": next((rank for rank, (choice, _) in enumerate(ranked, 1) if choice is chosen), None),
        "seconds": round(stopwatch.seconds, 1),
    }
    return Planned(document, file if chosen is not None else None)


def estimate_models(
    entries: Mapping[str, CatalogEntry],
    source: str,
    budget_seconds: float,
    *,
    reporter: Reporter | None = None,
) -> dict[str, dict[str, Any]]:
    """What training each model on a source would take here.

    Args:
        entries: Models of the catalog.
        source: Labelled texts.
        budget_seconds: Seconds that the whole command may take.
        reporter: Told of what happens.

    Returns:
        For each name `seconds` of training on all texts as often as their number asks for, by the method that takes
        least (the head alone left out), `memory_mb`, whether it `fits`, and `why` not.

    Raises:
        DataError: The source cannot be read or learned from.
    """
    reporter = reporter or Silent()
    config = RunConfig.model_validate({"data": {"source": source}})
    reporter.stage("Reading the texts")
    data = prepare_data(config.data, seed=config.training.seed, reporter=reporter, seconds_left=budget_seconds)
    machine = measure_machine()
    task = describe_task(data)
    wishes = replace(wishes_of(config, on_cpu=machine.device == "cpu"), methods=(METHODS[0], FROZEN))
    limits = Limits(budget_seconds, machine.memory_for_training_mb, read_corrections())
    known = [know_entry(entry) for entry in entries.values()]
    reporter.stage("Timing training steps")
    found, _, _ = _look_at(known, data.train, task, wishes, limits, machine, config, reporter)
    estimates = {}
    for name in entries:
        fitting = [choice for choice in found.choices if choice.model == name]
        choice = cheapest(fitting or [rejection.choice for rejection in found.rejected[name]])
        estimates[name] = {
            "seconds": round(choice.wished_seconds, 1),
            "memory_mb": round(choice.memory_mb),
            "fits": bool(fitting),
            "why": None if fitting else _why(name, found.rejected[name]),
        }
    return estimates


def _look_at(
    models: Sequence[KnownModel],
    train: TextDataset,
    task: Task,
    wishes: Wishes,
    limits: Limits,
    machine: Machine,
    config: RunConfig,
    reporter: Reporter,
) -> tuple[_Found, float, list[str]]:
    """Every way to train each model: reckoned first, then timed in the order of what looks best."""
    precision = choose_precision(config, fast_bf16=has_fast_bf16(machine.device))
    texts = some_texts(train)
    lengths = {model.name: count_tokens(model, texts) for model in models}

    def candidates(paces: Mapping[str, Any]) -> dict[str, Candidate]:
        return {
            model.name: Candidate(
                model.name, model.outline, paces[model.name], lengths[model.name][0], model.published,
                model.download_mb,
            )
            for model in models
        }  # fmt: skip

    guesses = {model.name: reckoned_pace(model, machine, precision=precision) for model in models}
    first = _enumerate(candidates(guesses), task, wishes, limits)
    order = [choice.model for choice, _ in best_of_each(first.choices, first.candidates, task, n=len(first.choices))]
    place = {name: number for number, name in reversed(list(enumerate(order)))}
    by_promise = sorted(models, key=lambda model: (place.get(model.name, len(order)), model.outline.matrix_weights))
    timed = time_models(
        by_promise, machine, precision=precision, dropout=choose_dropout(config, on_cpu=machine.device == "cpu"),
        batch_tokens=likely_batch_tokens(wishes, task, lengths[models[0].name][0]), reporter=reporter,
    )  # fmt: skip
    found = _enumerate(candidates(timed.paces), task, wishes, limits)
    others = [model.name for model in models if not lengths[model.name][1]]
    notes = []
    if others:
        notes.append(
            f"Texts are counted in the tokens of minilm, for want of a tokenizer on this machine: {', '.join(others)}"
        )
    return found, timed.seconds, notes


def _enumerate(candidates: dict[str, Candidate], task: Task, wishes: Wishes, limits: Limits) -> _Found:
    choices, rejected = [], {}
    for name, candidate in candidates.items():
        fitting, rejected[name] = enumerate_choices(candidate, task, wishes, limits)
        choices += fitting
    return _Found(choices, rejected, candidates)


def _find_models(
    names: Sequence[str] | None, train: TextDataset, catalog: str | Path | None
) -> tuple[list[KnownModel], list[str]]:
    if names:
        # One that is named twice, once by its Hub id, is one.
        return list({model.name: model for model in (know_model(name, catalog=catalog) for name in names)}.values()), []
    entries = read_catalog(catalog)
    language = _main_language(some_texts(train)[:_TEXTS_FOR_LANGUAGE])
    if language is None:
        return [know_entry(entry) for entry in entries.values()], []
    reading = [entry for entry in entries.values() if {language, MULTILINGUAL} & set(entry.languages)]
    left_out = len(entries) - len(reading)
    note = [f"The texts are in {language!r}: models of the catalog that do not read it are left out ({left_out})"]
    return [know_entry(entry) for entry in reading or entries.values()], note if reading and left_out else []


def _leave_out(models: Sequence[KnownModel], wishes: Wishes) -> tuple[list[KnownModel], list[str]]:
    """Models that can be trained as wished, and a note on the others.

    Raises:
        ConfigError: There are none.
    """
    reasons_against = {model.name: why_no_way(model.outline, wishes) for model in models}
    against = ", ".join(f"{name} ({why})" for name, why in reasons_against.items() if why)
    trainable = [model for model in models if reasons_against[model.name] is None]
    if not trainable:
        raise ConfigError(
            f"No model can be trained with --method {FROZEN} as asked: {against}",
            hint="leave out --freeze-layers, or use another --method",
        )
    return trainable, [f"Cannot be trained as asked, and left out: {against}"] if against else []


def _main_language(texts: Sequence[str]) -> str | None:
    try:
        found = Counter(language for language in detect_languages(texts) if language)
    except MissingExtraError:
        return None
    (language, count), *_ = found.most_common(1) or [("", 0)]
    return language if count > len(texts) / 2 else None


def _first_trainable(choices: Iterable[Choice], here: set[str]) -> Choice | None:
    """The best choice; without a network, the best of those whose model is here."""
    choices = list(choices)
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    local = [choice for choice in choices if choice.model in here]
    return next(iter(local if offline and local else choices), None)


def _describe(choice: Choice, candidate: Candidate, task: Task, wishes: Wishes, limits: Limits) -> dict[str, Any]:
    training, corrections = choice.training, limits.corrections
    spread = corrections.seconds_spread * (1 if candidate.pace.is_measured else _UNMEASURED_SPREAD)
    return {
        "model": choice.model,
        "method": choice.method,
        "freeze_layers": training.frozen_layers if choice.method == FROZEN else None,
        "max_tokens": choice.max_tokens,
        "epochs": training.epochs,
        "train_texts": choice.train_texts,
        "share": round(choice.train_texts / task.n_train, 4),
        "batch_tokens": training.batch_tokens,
        "learning_rate": choice.learning_rate,
        "seconds": round(choice.seconds, 1),
        "seconds_low": round(choice.seconds / spread, 1),
        "seconds_high": round(choice.seconds * spread, 1),
        "total_seconds": round(choice.total_seconds, 1),
        "memory_mb": round(choice.memory_mb),
        "download_mb": candidate.download_mb,
        "tokens": round(choice.tokens),
        "measured": candidate.pace.is_measured,
        "reasons": reasons(choice, candidate, task, wishes),
    }


def _describe_rejected(found: _Found, task: Task) -> list[dict[str, Any]]:
    """Models of which nothing but the head, or nothing at all, fits."""
    trained = {choice.model for choice in found.choices if choice.method != HEAD}
    told = []
    for name, rejections in found.rejected.items():
        if name in trained or not rejections:
            continue
        choice, candidate = cheapest([r.choice for r in rejections]), found.candidates[name]
        lengths = np.minimum(candidate.lengths, choice.max_tokens)
        operations = training_operations(
            candidate.outline, lengths, method=choice.method, epochs=size_defaults(task.n_train)[0],
            frozen_layers=choice.training.frozen_layers, keeps_states=choice.training.keeps_states,
        ) * (task.n_train / len(lengths))  # fmt: skip
        memory_mb = training_memory_mb(
            candidate.outline, method=choice.method, frozen_layers=choice.training.frozen_layers,
            batch_tokens=choice.training.batch_tokens,
        )  # fmt: skip
        told.append({
            "model": name,
            "method": choice.method,
            "max_tokens": choice.max_tokens,
            "seconds": round(choice.wished_seconds, 1),
            "memory_mb": round(choice.memory_mb),
            "why": _why(name, rejections),
            "elsewhere": elsewhere(operations, memory_mb=memory_mb, width=candidate.outline.width),
        })  # fmt: skip
    return sorted(told, key=lambda row: row["seconds"])


def _why(name: str, rejections: Sequence[Rejection]) -> str:
    choice = cheapest([rejection.choice for rejection in rejections])
    return f"{name} {next(r.why for r in rejections if r.choice is choice)}"


def _download_notes(
    ranked: Sequence[tuple[Choice, float]], chosen: Choice | None, here: set[str], candidates: Mapping[str, Candidate]
) -> list[str]:
    notes = []
    if chosen is not None and ranked[0][0] is not chosen:
        best = ranked[0][0]
        size = candidates[best.model].download_mb
        notes.append(
            f"{best.model} would come first, and is not on this machine: with a network "
            f"({f'{size:,.0f} MB' if size else 'a download'}), `afina plan --model {best.model}` plans for it"
        )
    elif chosen is not None and chosen.model not in here:
        notes.append(f"{chosen.model} is downloaded from the Hugging Face Hub when it is first trained")
    return notes
