"""Ways to train within a time: what each would read, take and need."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from afina.modeling import Outline
from afina.planning.allocation import DEV_SHARE, MIN_DEV, TEST_SHARE
from afina.planning.cost import Texts, Training, training_seconds
from afina.planning.history import Corrections
from afina.planning.memory import peak_memory_mb
from afina.planning.method import PAYS_FROM_EPOCHS, plan_cache
from afina.planning.pace import Pace
from afina.planning.settings import (
    DEFAULT_EVALUATIONS,
    FROZEN,
    FULL,
    HEAD,
    HEAD_EPOCHS,
    LORA,
    batch_tokens_for,
    learning_rate_for,
    size_defaults,
)

METHODS = (FULL, FROZEN, LORA, HEAD)
_MAX_TOKENS = (64, 128, 256, 512)
_READS_ALL = 0.95
# Fewer texts teach too little to be called a plan: this many, or this share of all.
_FEWEST_TEXTS, _LEAST_SHARE = 200, 0.05
# Of the time for training, what a forecast may use up; the clock ends what takes longer.
_FILL = 0.97
_MEMORY_SHARE = 0.9


@dataclass(frozen=True)
class Candidate:
    """A model that may be trained."""

    name: str
    outline: Outline
    pace: Pace
    lengths: npt.NDArray[np.int64]
    """Tokens of some training texts, uncut, (n_some,)."""
    published: float | None = None
    """Published accuracy on SST-2, in percent."""
    download_mb: float | None = None
    """What is to be downloaded before it can be trained; None where nothing is."""


class Task(NamedTuple):
    """The texts to train on."""

    n_train: int
    n_dev: int
    n_test: int
    characters: float
    """Mean characters of a text."""
    test_characters: float
    source_characters: float
    """Of all texts that are read."""


@dataclass(frozen=True)
class Wishes:
    """What the user has settled; None leaves it to the plan."""

    methods: tuple[str, ...] = METHODS
    freeze_layers: int | None = None
    max_tokens: int | None = None
    epochs: float | None = None
    batch_tokens: int | None = None
    learning_rate: float | None = None
    evaluations: int | None = None
    train_texts: int | None = None
    embeddings_trained: bool = False
    recomputes: bool = False
    keeps_states: bool = True
    """Whether states of frozen layers may be kept."""
    lora_rank: int = 8


@dataclass(frozen=True)
class Choice:
    """A way to train, with what it takes."""

    model: str
    training: Training
    max_tokens: int
    train_texts: int
    learning_rate: float
    seconds: float
    """Of training, dev evaluations counted."""
    total_seconds: float
    """Of the whole command."""
    memory_mb: float
    tokens: float
    """Tokens read in training."""
    share_read: float
    """Share of the tokens of a text that is read of it."""
    wished_seconds: float
    """Of training on all texts, as often as their number asks for."""

    @property
    def method(self) -> str:
        """`full`, `frozen`, `lora` or `head`."""
        return self.training.method


@dataclass(frozen=True)
class Rejection:
    """A way to train that does not fit, and why."""

    choice: Choice
    why: str


class Limits(NamedTuple):
    """What a plan has to fit."""

    budget_seconds: float
    memory_mb: float
    """Free memory."""
    corrections: Corrections = Corrections()
    """What past runs on this machine teach about forecasts."""
    has_begun: bool = False
    """Whether the model is loaded and the texts are read, so that only what comes after counts."""


def enumerate_choices(
    candidate: Candidate, task: Task, wishes: Wishes, limits: Limits
) -> tuple[list[Choice], list[Rejection]]:
    """Every way to train a model that is worth a thought, within the limits or with why it is not.

    Args:
        candidate: The model.
        task: The texts.
        wishes: What the user has settled.
        limits: Time and memory.
    """
    fitting, rejected = [], []
    for max_tokens in _token_limits(candidate, wishes):
        reading = _Reading.of(candidate, task, wishes, max_tokens)
        for training in _ways(candidate.outline, wishes, reading):
            found = _fit(candidate, training, reading, task, wishes, limits)
            if isinstance(found, Rejection):
                rejected.append(found)
            else:
                fitting.append(found)
    return fitting, rejected


def why_no_way(outline: Outline, wishes: Wishes) -> str | None:
    """Why a model cannot be trained by the methods wished for, whatever the time; None where it can.

    Args:
        outline: The model's sizes.
        wishes: What the user has settled.
    """
    n_layers, depth = outline.n_layers, wishes.freeze_layers
    if set(wishes.methods) != {FROZEN} or _frozen_depths(outline, wishes):
        return None
    if depth is not None and depth > n_layers:
        return f"it has {n_layers} layer{'s' * (n_layers != 1)}, so that {depth} cannot be frozen"
    if outline.shares_layers:
        return f"it runs one layer {n_layers} times, so that {depth or 'some'} of them cannot be frozen"
    return "with its only layer frozen nothing but the head would be trained"


def n_wished(task: Task, wishes: Wishes) -> int:
    """Texts to train on where there is time for all: all there are, or as many as the user has settled."""
    return min(task.n_train, wishes.train_texts or task.n_train)


def seconds_before(candidate: Candidate, task: Task) -> float:
    """Seconds of the command before training: starting, reading and comparing the texts, loading, measuring."""
    loading = 4 * candidate.outline.weights / _WEIGHT_BYTES_PER_SECOND
    return _START_SECONDS + loading + task.source_characters / _READ_CHARACTERS_PER_SECOND


def seconds_after(
    candidate: Candidate, task: Task, read_seconds_a_token: float, max_tokens: int, *, budget_seconds: float = math.inf
) -> float:
    """Seconds of the command that are neither training nor before it: the baseline, the test, the run and its report.

    Args:
        candidate: The model.
        task: The texts.
        read_seconds_a_token: Of reading with all layers.
        max_tokens: Tokens read of a text.
        budget_seconds: Where it is short, the baseline is fitted, and the model tested, on a part of the texts.
    """
    tokens = float(np.minimum(candidate.lengths, max_tokens).mean()) * task.test_characters / max(task.characters, 1e-9)
    testing = min((task.n_test + task.n_dev) * tokens * read_seconds_a_token, TEST_SHARE * budget_seconds)
    fitting = min(task.source_characters / _FIT_CHARACTERS_PER_SECOND, _BASELINE_SHARE * budget_seconds)
    saving = 4 * candidate.outline.weights / _WEIGHT_BYTES_PER_SECOND
    return _END_SECONDS + saving + fitting + testing


# Starting Python with its libraries and looking at the machine; writing a run and drawing its report.
_START_SECONDS, _END_SECONDS = 8.0, 8.0
# Loading weights, saving and hashing them.
_WEIGHT_BYTES_PER_SECOND = 160e6
# Reading, cleaning and comparing texts; tokenizing them and fitting the baseline.
_READ_CHARACTERS_PER_SECOND, _FIT_CHARACTERS_PER_SECOND = 4e6, 1e6
_BASELINE_SHARE = 0.15


class _Reading(NamedTuple):
    """Training texts, as far as they are read."""

    max_tokens: int
    batch_tokens: int
    train: Texts
    share_read: float
    """Share of their tokens."""

    @classmethod
    def of(cls, candidate: Candidate, task: Task, wishes: Wishes, max_tokens: int) -> _Reading:
        n_texts, cut = n_wished(task, wishes), np.minimum(candidate.lengths, max_tokens)
        batch_tokens = wishes.batch_tokens or max(batch_tokens_for(n_texts * float(cut.mean())), max_tokens)
        train = Texts.of(n_texts, cut, characters=task.characters, batch_tokens=batch_tokens)
        return cls(max_tokens, batch_tokens, train, float(cut.sum() / max(candidate.lengths.sum(), 1)))


def _ways(outline: Outline, wishes: Wishes, reading: _Reading) -> Iterator[Training]:
    """What could be trained, at the epochs that the number of texts asks for."""
    epochs = wishes.epochs or size_defaults(reading.train.n)[0]
    make = partial(
        Training, batch_tokens=reading.batch_tokens, evaluations=wishes.evaluations or DEFAULT_EVALUATIONS,
        recomputes=wishes.recomputes, lora_rank=wishes.lora_rank,
    )  # fmt: skip
    for method in wishes.methods:
        if method == FROZEN:
            yield from (make(FROZEN, depth, epochs) for depth in _frozen_depths(outline, wishes))
        elif method == HEAD:
            yield make(HEAD, outline.n_layers, wishes.epochs or HEAD_EPOCHS, keeps_states=True)
        else:
            yield make(method, 0, epochs, embeddings_trained=method == FULL and wishes.embeddings_trained)


def _frozen_depths(outline: Outline, wishes: Wishes) -> list[int]:
    """How many layers could be frozen: as wished, or half and two thirds of them; of shared layers, none or all."""
    n_layers, depth = outline.n_layers, wishes.freeze_layers
    if depth is None:
        return [] if outline.shares_layers or n_layers < 2 else sorted({n_layers // 2, round(2 * n_layers / 3)})
    if depth == 0 and FULL in wishes.methods:
        # The very same, by another name.
        return []
    return [depth] if depth in ((0, n_layers) if outline.shares_layers else range(n_layers + 1)) else []


def _token_limits(candidate: Candidate, wishes: Wishes) -> Sequence[int]:
    """How many tokens of a text could be read: as wished, or each limit that cuts some texts and one that cuts none."""
    context = candidate.outline.max_context or _MAX_TOKENS[-1]
    if wishes.max_tokens is not None:
        return (min(wishes.max_tokens, context),)
    longest = int(np.quantile(candidate.lengths, 0.99))
    limits = sorted({min(limit, context) for limit in _MAX_TOKENS})
    enough = next((i for i, limit in enumerate(limits) if limit >= longest), len(limits) - 1)
    # A higher limit costs nothing where no text reaches it, and texts to come may be longer.
    default = max(enough, next((i for i, limit in enumerate(limits) if limit >= 256), len(limits) - 1))
    worth_a_thought = [limits[default]] if enough <= 1 else limits[1 : default + 1]
    # A lower limit that cuts hardly anything saves as little.
    read = [float(np.minimum(candidate.lengths, limit).sum() / candidate.lengths.sum()) for limit in worth_a_thought]
    return [
        limit for limit, share in zip(worth_a_thought, read, strict=True)
        if limit == worth_a_thought[-1] or share < _READS_ALL
    ]  # fmt: skip


def _fit(
    candidate: Candidate, training: Training, reading: _Reading, task: Task, wishes: Wishes, limits: Limits
) -> Choice | Rejection:
    train, n_all = reading.train, reading.train.n
    read = candidate.pace.read_seconds(candidate.outline, train.weighted_length)
    # In a short time fewer dev texts are scored, as `allocate` does.
    n_dev = int(DEV_SHARE * limits.budget_seconds / max(training.evaluations * train.tokens * read, 1e-12))
    dev = train._replace(n=min(task.n_dev, max(MIN_DEV, n_dev)))
    before = 0.0 if limits.has_begun else seconds_before(candidate, task)
    overhead = before + seconds_after(
        candidate, task, read, reading.max_tokens, budget_seconds=limits.budget_seconds
    )  # fmt: skip
    available = _FILL * (limits.budget_seconds - overhead)

    def seconds_of(way: Training, n_texts: int) -> float:
        seconds = training_seconds(candidate.pace, candidate.outline, way, train=train._replace(n=n_texts), dev=dev)
        return limits.corrections.seconds_factor(way.method) * seconds

    wished = seconds_of(_with_epochs(training, training.epochs, may_keep=wishes.keeps_states), n_all)
    way, n_texts = _fill(
        training, n_all, available, seconds_of, is_settled=wishes.epochs is not None, may_keep=wishes.keeps_states
    )
    seconds = seconds_of(way, n_texts)
    rate = wishes.learning_rate or learning_rate_for(way.method, n_texts)
    kept_tokens = (n_texts + task.n_dev) * train.tokens if way.keeps_states and way.method == FROZEN else 0.0
    choice = Choice(
        model=candidate.name,
        training=way,
        max_tokens=reading.max_tokens,
        train_texts=n_texts,
        learning_rate=rate,
        seconds=seconds,
        total_seconds=overhead + seconds,
        memory_mb=limits.corrections.memory * peak_memory_mb(
            candidate.outline, way, train=train, source_characters=task.source_characters,
            cache_mb=_cache_mb(kept_tokens * candidate.outline.width, limits.memory_mb),
        ),
        tokens=way.epochs * n_texts * train.tokens,
        share_read=reading.share_read,
        wished_seconds=wished,
    )  # fmt: skip
    if choice.memory_mb > _MEMORY_SHARE * limits.memory_mb:
        return Rejection(
            choice,
            f"takes {choice.memory_mb / 1e3:,.1f} GB of memory, and {limits.memory_mb / 1e3:,.1f} GB are free",
        )
    if n_texts < min(n_all, max(_FEWEST_TEXTS, _LEAST_SHARE * n_all)) or seconds > available:
        share = 0.0 if seconds > available else n_texts / n_all
        why = f"would need {_minutes(choice.wished_seconds)} minutes here for all {n_all:,} texts, "
        if available > 0:
            return Rejection(choice, f"{why}and there is time for {share:.0%} of them")
        return Rejection(choice, f"{why}besides {overhead:,.0f} seconds to start, test and write the run")
    return choice


def _fill(
    training: Training, n_all: int, available: float, seconds_of: Any, *, is_settled: bool, may_keep: bool
) -> tuple[Training, int]:
    """All texts as often as pays, or as there is time for; where there is none to read them once, a part of them.

    More readings than `size_defaults` has were measured to make a model worse, so that time to spare is left unused.
    """
    with_epochs = partial(_with_epochs, training, may_keep=may_keep)
    most = training.epochs
    fewest = most if is_settled or training.method == HEAD else min(1.0, most)
    if seconds_of(with_epochs(fewest), n_all) > available:
        way = with_epochs(fewest)
        texts = _largest(lambda n: seconds_of(way, round(n)) <= available, 1.0, float(n_all))
        return way, max(1, int(texts))
    epochs = _largest(lambda e: seconds_of(with_epochs(e), n_all) <= available, fewest, most)
    return with_epochs(epochs if epochs == most else math.floor(100 * epochs) / 100), n_all


def _with_epochs(training: Training, epochs: float, *, may_keep: bool) -> Training:
    keeps = training.method == HEAD or (training.method == FROZEN and may_keep and epochs >= PAYS_FROM_EPOCHS)
    return replace(training, epochs=epochs, keeps_states=keeps)


def _cache_mb(n_numbers: float, memory_mb: float) -> float:
    """What kept states take of the memory: nothing where only the disk has room for them."""
    plan = plan_cache(
        "auto", n_numbers=int(n_numbers), repeats=n_numbers > 0, free_memory=int(1e6 * memory_mb), free_disk=sys.maxsize
    )
    return 0.0 if plan.on_disk else plan.n_bytes / 1e6


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:,.0f}" if seconds >= 600 else f"{seconds / 60:.2g}"


def _largest(fits: Any, low: float, high: float) -> float:
    """The largest number between two that fits, by halving; the lower one where none does."""
    if fits(high):
        return high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
