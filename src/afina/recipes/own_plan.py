"""What a run plans for itself where the method is left open: how to train its model in the time that is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from afina.config import RunConfig
from afina.data import TextDataset
from afina.errors import AfinaError, MachineLimitError
from afina.modeling import PretrainedClassifier, outline_of
from afina.planning import FROZEN, HEAD, choose_dropout
from afina.planning.choices import Candidate, Choice, Limits, Task, Wishes, enumerate_choices
from afina.planning.cost import Texts, Training
from afina.planning.history import MADE_BY_RUN
from afina.planning.machine import free_memory_mb
from afina.planning.memory import peak_memory_mb
from afina.planning.pace import measure_pace
from afina.planning.ranking import best_of_each
from afina.recipes.forecasting import read_corrections
from afina.recipes.known_models import know_model
from afina.recipes.plan_file import chosen_settings
from afina.recipes.speed import some_texts
from afina.recipes.task import likely_batch_tokens, wishes_of
from afina.tokenization import Encoder

_NO_LIMIT = 1_000_000
# Of the memory that is free, what a run may be forecast to take.
_MEMORY_SHARE = 0.95
# A batch of no plan has fewer tokens.
_FEWEST_TOKENS = 256


def is_open(config: RunConfig) -> bool:
    """Whether the settings leave the method to be chosen by the time there is."""
    modeling = config.modeling
    return (
        modeling.method == "auto"
        and modeling.freeze_layers is None
        and not (modeling.load_in_8bit or modeling.load_in_4bit)
    )


def plan_own(
    config: RunConfig,
    pretrained: PretrainedClassifier,
    train: TextDataset,
    task: Task,
    *,
    seconds_left: float,
    precision: str,
    on_cpu: bool,
) -> Choice | None:
    """The best way to train a loaded model in the time that is left; None where memory holds none.

    The head alone is never chosen: it is for a first look.

    Args:
        config: The user's settings.
        pretrained: The model.
        train: Training texts.
        task: How much there is to train, score and test on.
        seconds_left: Seconds that the rest of the command may take.
        precision: Arithmetic of training.
        on_cpu: Whether training is on a CPU.
    """
    model_config, wishes = pretrained.model.config, wishes_of(config, on_cpu=on_cpu)
    encoder = Encoder(pretrained.backend_tokenizer, _NO_LIMIT)
    lengths = encoder.encode(some_texts(train)).lengths
    pace = measure_pace(
        model_config, precision=precision, dropout=choose_dropout(config, on_cpu=on_cpu),
        batch_tokens=likely_batch_tokens(wishes, task, lengths),
    )  # fmt: skip
    candidate = Candidate(config.modeling.name, outline_of(model_config), pace, lengths)
    wishes = replace(wishes, methods=_methods(config, wishes))
    limits = Limits(seconds_left, free_memory_mb(), read_corrections(made_by=MADE_BY_RUN), has_begun=True)
    fitting, rejected = enumerate_choices(candidate, task, wishes, limits)
    # A run that was asked for is made, on however few texts there is time for.
    fewer = [r.choice for r in rejected if r.choice.memory_mb <= _MEMORY_SHARE * limits.memory_mb]
    ranked = best_of_each([*fitting, *fewer], {candidate.name: candidate}, task, n=1)
    return ranked[0][0] if ranked else None


def with_choice(config: RunConfig, choice: Choice) -> RunConfig:
    """The settings with what was left open filled in from a choice.

    Texts and epochs are left as wished for: what of them fits is measured once more on the loaded model, and the clock
    ends what proves slower.
    """
    chosen = chosen_settings(choice)
    for name in ("modeling.name", "data.train_texts", "training.epochs", "training.learning_rate"):
        chosen.pop(name)
    return _filled(config, chosen)


def _filled(config: RunConfig, chosen: Mapping[str, Any]) -> RunConfig:
    settings = config.model_dump()
    for name, value in chosen.items():
        section, _, field = name.partition(".")
        if settings[section][field] in (None, "auto"):
            settings[section][field] = value
    return RunConfig.model_validate(settings)


def _methods(config: RunConfig, wishes: Wishes) -> tuple[str, ...]:
    """Methods that a run may take: the head alone only where it is wished for."""
    return tuple(method for method in wishes.methods if method != HEAD or not is_open(config))


def check_memory(config: RunConfig, task: Task) -> None:
    """Refuse, before anything is loaded, a model whose training cannot fit in memory.

    A model whose config is not here is let pass.

    Raises:
        MachineLimitError: It would take more than is free.
    """
    try:
        known = know_model(config.modeling.name, catalog=config.modeling.catalog)
    except AfinaError:
        # Loading tells what is wrong with it.
        return
    wishes, modeling = wishes_of(config, on_cpu=True), config.modeling
    depth = wishes.freeze_layers if wishes.freeze_layers is not None else known.outline.n_layers // 2
    texts = Texts(task.n_train, 1.0, 1.0, task.characters)

    def least(method: str) -> float:
        training = Training(
            method, depth if method == FROZEN else 0, 1.0, wishes.batch_tokens or _FEWEST_TOKENS, 1,
            recomputes=wishes.recomputes, lora_rank=wishes.lora_rank,
        )  # fmt: skip
        return peak_memory_mb(known.outline, training, train=texts, source_characters=task.source_characters)

    needed = min(least(method) for method in _methods(config, wishes))
    free = free_memory_mb()
    if (modeling.load_in_8bit or modeling.load_in_4bit) or needed <= _MEMORY_SHARE * free:
        return
    raise MachineLimitError(
        f"The model {modeling.name!r} does not fit: training it takes at least {needed / 1e3:,.1f} GB of memory, and "
        f"{free / 1e3:,.1f} GB are free",
        hint="take a smaller one; `afina models --max-params 100M` lists some, `afina plan` tells what fits",
    )
