"""Where else a training could run, free of charge, and for how long: the recipe behind `afina platforms`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.config import RunConfig, load_config
from afina.data import SAMPLE, clean_text, public_name, read_texts
from afina.errors import ConfigError, DataError
from afina.modeling import EMBEDDED, read_config
from afina.planning import (
    FROZEN,
    FULL,
    HEAD,
    LORA,
    Settings,
    choose_dropout,
    choose_precision,
    choose_settings,
    default_max_tokens,
    has_fast_bf16,
)
from afina.planning.cost import Texts, Training, training_seconds
from afina.planning.machine import Machine, measure_machine
from afina.planning.operations import training_operations
from afina.planning.pace import measure_pace
from afina.planning.platforms import (
    FP32,
    HALF,
    LOCAL,
    NARROW,
    Platform,
    PlatformMachine,
    estimate_minutes,
    find_platform,
    read_accelerators,
    read_platforms,
    share_of_peak,
    training_memory_mb,
)
from afina.recipes.known_models import KnownModel, count_tokens, know_model
from afina.recipes.reporting import Reporter, Silent

METHODS = (FULL, FROZEN, HEAD, LORA)
# The lengths of so many texts tell those of all.
_MOST_TEXTS = 20_000
# The rates of CPUs were measured with MiniLM, which is so wide.
_VERY_NARROW = 384


@dataclass(frozen=True)
class _Work:
    """A training: what has to be done, whatever the machine."""

    model: KnownModel
    settings: Settings
    lengths: npt.NDArray[np.int64]
    """Tokens of each text that was measured, (n_texts,)."""
    n_texts: int
    """Texts of the source."""

    @property
    def tokens(self) -> float:
        """Tokens of all texts, read once."""
        return float(self.lengths.sum()) * self.n_texts / len(self.lengths)

    @property
    def operations(self) -> float:
        """Floating-point operations of the training."""
        measured = training_operations(
            self.model.outline,
            self.lengths,
            method=self.settings.method,
            epochs=self.settings.epochs,
            frozen_layers=self.settings.freeze_layers,
            keeps_states=self.settings.method in (FROZEN, HEAD),
        )
        return measured * self.n_texts / len(self.lengths)


def compare_platforms(
    source: str = SAMPLE,
    model: str = EMBEDDED,
    *,
    method: str = FULL,
    max_tokens: int | None = None,
    epochs: float | None = None,
    catalog: Path | None = None,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Facts of platforms, and minutes of a training on each beside this machine's; nothing is downloaded.

    Args:
        source: Texts to train on, all of them; labels are not needed.
        model: Catalog name, folder, or a Hub id whose config is in the cache.
        method: `full`, `frozen`, `head` or `lora`.
        max_tokens: Most tokens read of a text; None for the default of training.
        epochs: Passes over the texts; None for the default of training.
        catalog: A user's catalog file.
        reporter: Told of what happens.

    Returns:
        The document of `platforms --json`: `source`, `texts`, `model`, `method`, `max_tokens`, `epochs`, `tokens` (of
        an epoch), `operations`, `memory_mb`, `here` (this machine's minutes), `platforms` (a row a machine, each with
        an `estimate`) and `notes`.

    Raises:
        DataError: The source cannot be read or holds no texts.
        ModelError: The model is unknown, or its config is not here.
        ConfigError: A setting or the catalog file is wrong.
    """
    reporter = reporter or Silent()
    if method not in METHODS:
        near = difflib.get_close_matches(method, METHODS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(METHODS)}"
        raise ConfigError(f"Unknown method: {method!r}", hint=hint)
    known = know_model(model, catalog=catalog)
    reporter.stage(f"Reading {public_name(source)}")
    work, notes = _measure_work(known, source, method=method, max_tokens=max_tokens, epochs=epochs)
    memory_mb = training_memory_mb(
        known.outline,
        method=method,
        frozen_layers=work.settings.freeze_layers,
        batch_tokens=work.settings.batch_tokens,
    )
    reporter.stage("Timing this machine")
    return {
        "source": public_name(source),
        "texts": work.n_texts,
        "model": model,
        "method": method,
        "max_tokens": work.settings.max_tokens,
        "epochs": work.settings.epochs,
        "tokens": round(work.tokens),
        "operations": work.operations,
        "memory_mb": round(memory_mb),
        "here": _time_here(work, memory_mb),
        "platforms": [
            _row(platform, machine, work, memory_mb)
            for platform in read_platforms().values()
            for machine in platform.machines
        ],
        "notes": [*notes, *_notes(work)],
    }


def describe_platform(name: str) -> dict[str, Any]:
    """All facts of a platform, with their sources, and of the accelerators it lends.

    Raises:
        ConfigError: There is no such platform.
    """
    platform = find_platform(name)
    accelerators = read_accelerators().accelerators
    return {
        **platform.model_dump(mode="json"),
        "accelerators": {
            machine.accelerator: accelerators[machine.accelerator].model_dump(mode="json")
            for machine in platform.machines
        },
    }


def _measure_work(
    model: KnownModel, source: str, *, method: str, max_tokens: int | None, epochs: float | None
) -> tuple[_Work, list[str]]:
    """Read the texts and count their tokens; and sentences on what stands for something else."""
    raw = read_texts(_trained_part(source), want_label=False, max_rows=_MOST_TEXTS)
    texts = [text for text in (clean_text(row.text) for row in raw.texts) if text]
    if not texts:
        raise DataError(f"No texts in {public_name(source)}: all are blank", hint=f"columns used: {raw.columns}")
    config, _ = load_config(options={"tokenization.max_tokens": max_tokens, "training.epochs": epochs})
    limit = default_max_tokens(config, model.outline.max_context or 10**9)
    lengths, notes = _lengths(model, texts, limit)
    if raw.is_sample:
        notes.append(f"Lengths are those of {len(texts):,} of {raw.n_rows:,} texts, drawn at random")
    settings = choose_settings(
        config,
        method=method,
        n_texts=raw.n_rows,
        n_layers=model.outline.n_layers,
        max_context=limit,
        mean_tokens=float(lengths.mean()),
        on_cpu=False,
        fast_bf16=False,
    )
    return _Work(model, settings, lengths, raw.n_rows), notes


def _trained_part(source: str) -> str:
    """The source, and of the sample what training takes of it."""
    return f"{SAMPLE}:train" if source == SAMPLE else source


def _lengths(model: KnownModel, texts: list[str], max_tokens: int) -> tuple[npt.NDArray[np.int64], list[str]]:
    lengths, is_own = count_tokens(model, texts)
    note = f"The tokenizer of {model.name} is not on this machine: lengths are counted in the tokens of {EMBEDDED}"
    return np.minimum(lengths, max_tokens), [] if is_own else [note]


def _download_mb(model: KnownModel) -> float | None:
    """What another machine has to download; None where it is not known."""
    return model.entry.download_mb if model.entry else None


def _time_here(work: _Work, memory_mb: float) -> dict[str, Any]:
    """Minutes on this machine, from training steps timed on it with random weights of the model's shape."""
    machine = measure_machine()
    config, _ = load_config()
    precision = choose_precision(config, fast_bf16=has_fast_bf16(machine.device))
    # A few layers of what does not fit may not fit either.
    fits = memory_mb <= machine.memory_for_training_mb
    seconds = _training_seconds(work, config, machine, precision) if fits else None
    return {
        "platform": LOCAL,
        **_here(machine),
        "precision": precision,
        "gflops": None if seconds is None else round(work.operations / seconds / 1e9, 1),
        "minutes": None if seconds is None else seconds / 60,
        "fits": fits,
        "reasons": [] if fits else [f"does not fit: training takes about {memory_mb / 1e3:.1f} GB, and less is free"],
    }


def _training_seconds(work: _Work, config: RunConfig, machine: Machine, precision: str) -> float:
    on_cpu = machine.device == "cpu"
    pace = measure_pace(
        read_config(work.model.fields, name=work.model.name),
        precision=precision,
        dropout=choose_dropout(config, on_cpu=on_cpu),
    )
    settings = work.settings
    training = Training(
        method=settings.method,
        frozen_layers=settings.freeze_layers,
        epochs=settings.epochs,
        batch_tokens=settings.batch_tokens,
        evaluations=0,
        embeddings_trained=settings.method == FULL and not on_cpu,
        keeps_states=settings.method in (FROZEN, HEAD),
    )
    texts = Texts.of(work.n_texts, work.lengths, characters=0.0, batch_tokens=settings.batch_tokens)
    return training_seconds(pace, work.model.outline, training, train=texts, dev=texts._replace(n=0))


def _here(machine: Machine) -> dict[str, Any]:
    return {
        "accelerator": machine.device_name or machine.processor,
        "cpu_cores": machine.cores,
        "ram_gb": round(machine.memory_mb / 1e3, 1),
        "disk_gb": round(machine.free_disk_mb / 1e3, 1),
    }


def _row(platform: Platform, machine: PlatformMachine, work: _Work, memory_mb: float) -> dict[str, Any]:
    accelerator = read_accelerators().accelerators[machine.accelerator]
    estimate = estimate_minutes(
        machine,
        work.operations,
        platform=platform,
        memory_mb=memory_mb,
        download_mb=_download_mb(work.model),
        width=work.model.outline.width,
    )
    limits = platform.limits
    dates = [group.as_of for group in platform.groups()]
    return {
        "platform": platform.name,
        "short": platform.short,
        "title": platform.title,
        "open_to_new": platform.access.open_to_new if platform.access else None,
        "accelerator": machine.accelerator,
        "accelerator_title": accelerator.title,
        "accelerator_short": accelerator.short,
        "kind": accelerator.kind,
        "count": machine.count,
        "memory_gb": accelerator.memory_gb,
        "cpu_cores": machine.cpu_cores,
        "ram_gb": machine.ram_gb,
        "disk_gb": machine.disk_gb,
        "session_hours": platform.session_hours(machine),
        "idle_minutes": limits.idle_minutes if limits else None,
        "gpu_hours_a_week": limits.gpu_hours_a_week if limits else None,
        "hours_a_month": limits.hours_a_month if limits else None,
        "background": limits.background if limits else None,
        "persistence": platform.persistence.short if platform.persistence else None,
        "next_step": platform.price.short if platform.price else None,
        "as_of": min((date for date in dates if date), default=None),
        "checked": min(group.checked for group in platform.groups()).isoformat(),
        "estimate": estimate.as_dict(),
    }


def _notes(work: _Work) -> list[str]:
    facts = read_accelerators()
    fp32, half = share_of_peak("t4", FP32), share_of_peak("t4", HALF)
    notes = [
        f"Minutes are of training alone: {work.n_texts:,} texts, {work.settings.epochs:g} epochs, "
        f"{work.operations:.2g} operations. Here they follow from training steps timed just now, which other work "
        "slows; elsewhere they are estimates: operations over the published peak rate, times the share of it that "
        f"published fine-tunings reached, {fp32.low:.0%} to {fp32.high:.0%} in fp32 and {half.low:.0%} to "
        f"{half.high:.0%} in half precision",
        "Before it a session starts, installs and downloads: about "
        f"{facts.start_up.minutes(_download_mb(work.model)):.0f} minutes, assumed and not measured",
        "A CPU's rate is reckoned from servers measured for afina, a free core being half of one or less",
        "Precision is what `afina train` takes by itself: bf16 where a GPU has it, else fp32. A T4 has none; "
        "--set training.precision=fp16 may make it several times as fast",
    ]
    if work.model.outline.width < NARROW:
        notes.append(
            "The fine-tunings were of models 768 and 1,024 wide; a narrower one keeps a GPU less busy, so its longest "
            "time is doubled as a precaution"
        )
    if work.model.outline.width < _VERY_NARROW:
        notes.append(
            f"{work.model.name} is so narrow that it spends most of its time outside matrix products: take the minutes "
            "elsewhere for the least that it needs"
        )
    return notes
