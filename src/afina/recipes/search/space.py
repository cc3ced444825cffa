"""What a search may change of the settings, within which bounds, and what the defaults are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from afina.config import RunConfig

Params = dict[str, float]

# Within this factor of the default a learning rate is sought, and the size of a batch.
_FACTOR = 4.0
_MOST_EPOCHS, _MOST_SMOOTHING = 8.0, 0.2
# Attention costs the square of the length; beyond this, windows pay more than longer texts.
_LONGEST, _SHORTEST = 512, 32
_WORTH_CUTTING = 64

SETTINGS = {
    "learning_rate": "training.learning_rate",
    "batch_tokens": "tokenization.batch_tokens",
    "epochs": "training.epochs",
    "frozen_layers": "modeling.freeze_layers",
    "max_tokens": "tokenization.max_tokens",
    "label_smoothing": "training.label_smoothing",
}
_WHOLE = ("batch_tokens", "frozen_layers", "max_tokens")
_LINEAR = ("frozen_layers", "label_smoothing")


@dataclass(frozen=True)
class Found:
    """What the defaults come to for these texts and this model."""

    learning_rate: float
    batch_tokens: int
    epochs: float
    max_tokens: int
    method: str
    """`full`, `frozen`, `head` or `lora`, as the ordinary recipe would train."""
    frozen_layers: int
    n_layers: int
    """Layers that can be frozen one by one; 0 where none can."""
    max_context: int
    median_tokens: float
    long_tokens: float
    """Tokens that one text in twenty exceeds."""


@dataclass(frozen=True)
class Parameter:
    """One setting that the search may change."""

    name: str
    low: float
    high: float
    default: float

    @property
    def is_whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return self.name in _WHOLE

    @property
    def is_log(self) -> bool:
        """Whether equal steps multiply."""
        return self.name not in _LINEAR

    def suggest(self, trial: Any) -> float:
        """A value, as an Optuna trial proposes it."""
        if self.is_whole:
            return int(trial.suggest_int(self.name, int(self.low), int(self.high), log=self.is_log))
        return float(trial.suggest_float(self.name, self.low, self.high, log=self.is_log))


@dataclass(frozen=True)
class SearchSpace:
    """The settings that the search may change; all others stay as they are."""

    parameters: tuple[Parameter, ...]
    method: str
    """How trials train; `auto` where it follows from the frozen depth."""

    @property
    def defaults(self) -> Params:
        """The values that an ordinary run would take."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def as_dict(self) -> dict[str, Any]:
        """The JSON form; two searches with the same may share a study."""
        return {
            parameter.name: {**asdict(parameter), "log": parameter.is_log, "whole": parameter.is_whole}
            for parameter in self.parameters
        }

    def suggest(self, trial: Any) -> Params:
        """Values for a trial."""
        return {parameter.name: parameter.suggest(trial) for parameter in self.parameters}

    def apply(self, config: RunConfig, params: Mapping[str, float]) -> RunConfig:
        """The settings with a trial's values in them."""
        changed: dict[str, dict[str, Any]] = {}
        for name, value in params.items():
            section, _, field = SETTINGS[name].partition(".")
            changed.setdefault(section, {})[field] = int(value) if name in _WHOLE else value
        method = self.method
        if method == "auto":
            method = "frozen" if params["frozen_layers"] else "full"
        modeling = changed.setdefault("modeling", {})
        modeling["method"] = method
        if method == "full":
            modeling.pop("freeze_layers", None)
        tokenization = changed.get("tokenization", {})
        if "batch_tokens" in tokenization:
            # A batch holds one text at least.
            longest = tokenization.get("max_tokens", config.tokenization.max_tokens or 0)
            tokenization["batch_tokens"] = max(tokenization["batch_tokens"], longest)
        settings = config.model_dump()
        for section, values in changed.items():
            settings[section] |= values
        return RunConfig.model_validate(settings)


def make_space(config: RunConfig, found: Found, *, pinned: Callable[[str], bool]) -> tuple[SearchSpace, list[str]]:
    """The settings that are worth a search.

    Args:
        config: The user's settings.
        found: What the defaults come to.
        pinned: Whether the user set a setting, by its dotted name; it is then kept as it is.

    Returns:
        The space, and sentences on what is left out of it.
    """
    searches_depth = found.n_layers > 1 and config.modeling.method in ("auto", "frozen")
    searches_depth = searches_depth and found.method in ("full", "frozen") and not pinned("modeling.freeze_layers")
    rate, smoothing = found.learning_rate, config.training.label_smoothing
    bounds: dict[str, tuple[float, float, float]] = {
        "learning_rate": (rate / _FACTOR, min(1.0, rate * _FACTOR), rate),
        "batch_tokens": (
            max(1, round(found.batch_tokens / _FACTOR)), round(found.batch_tokens * _FACTOR),
            found.batch_tokens,
        ),
        "epochs": (min(1.0, found.epochs), max(_MOST_EPOCHS, 2 * found.epochs), found.epochs),
        "label_smoothing": (0.0, max(_MOST_SMOOTHING, smoothing), smoothing),
    }  # fmt: skip
    notes = []
    if found.method == "head":
        # One kept state a text goes into its batches, whatever the texts' lengths.
        del bounds["batch_tokens"]
    if searches_depth:
        bounds["frozen_layers"] = (0, found.n_layers - 1, found.frozen_layers)
    if found.long_tokens > _WORTH_CUTTING and not pinned("tokenization.max_tokens"):
        shortest = min(found.max_tokens, max(_SHORTEST, round(found.median_tokens / 2)))
        longest = min(
            found.max_context, _LONGEST, round(found.long_tokens), config.tokenization.batch_tokens or _LONGEST
        )
        longest = max(found.max_tokens, longest)
        bounds["max_tokens"] = (shortest, longest, found.max_tokens)
    elif not pinned("tokenization.max_tokens"):
        notes.append(
            f"max tokens is left as it is: nineteen texts in twenty have {found.long_tokens:.0f} tokens or fewer"
        )
    parameters = tuple(
        Parameter(name, *bounds[name])
        for name, setting in SETTINGS.items()
        if name in bounds and not pinned(setting) and bounds[name][0] < bounds[name][1]
    )
    kept = [setting for setting in SETTINGS.values() if pinned(setting)]
    if kept:
        notes.append(f"Kept as given, and not sought: {', '.join(kept)}")
    method = config.modeling.method if config.modeling.method != "auto" else found.method
    if config.modeling.method == "auto" and searches_depth:
        method = "auto"
    return SearchSpace(parameters, method), notes
