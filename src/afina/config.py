"""Settings of a run: one frozen model per room, and the reading of TOML, `--set` and options into them.

A value of None means "chosen from the data and the machine"; the run's manifest holds what was chosen. Settings
stop at the recipes: the rooms below take plain values.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from afina.errors import ConfigError

DEFAULT_MAX_ROWS = 250_000
DEFAULT_CASES = 300
"""Cases of each test of behaviour."""
DEFAULT_MAX_EVALS = 128
"""Most questions by which an explanation weighs the words of a text."""
STATE_VARIABLE = "AFINA_STATE"
"""Environment variable that names the folder where afina notes things down for itself."""
Capability = Literal[
    "vocabulary",
    "negation",
    "contrast",
    "temporal",
    "typos",
    "names",
    "numbers",
    "urls",
    "emoji",
    "additions",
    "fairness",
]
"""What a model of sentiment must be able to do: `afina check` tests it, `data.augment` teaches it."""
_UNIT_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: object) -> object:
    """Seconds from `900`, `"900s"`, `"15m"` or `"1h"`; anything else is returned as it is for pydantic to refuse."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*([smh]?)\s*", value.lower())):
        return float(match[1]) * _UNIT_SECONDS[match[2]]
    return value


Seconds = Annotated[float, BeforeValidator(parse_duration), Field(gt=0, allow_inf_nan=False)]


def parse_depth(value: object) -> object:
    """A number of layers, or `auto`; a number may come as text."""
    depth = int(value) if isinstance(value, str) and value.isdigit() else value
    if depth != "auto" and (not isinstance(depth, int) or isinstance(depth, bool) or depth < 0):
        raise ValueError("give a number of layers, or auto")
    return depth


Depth = Annotated[int | str, AfterValidator(parse_depth)]


def parse_list(value: object) -> object:
    """Names from `"a,b"` or a list of them; anything else is returned as it is for pydantic to refuse."""
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


class Section(BaseModel):
    """Base of all settings: frozen, no unknown keys, field docs from the strings beneath them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DataConfig(Section):
    """Where the texts come from and how they are divided."""

    source: str = "sample"
    """Labelled texts: files, a folder, `hub:owner/name`, a database URL, or `sample`."""
    dev: str | None = None
    """Labelled texts that choose the best weights; without it a share of the training texts does."""
    test: str | None = None
    """Held-out labelled texts; without it a share of the source is held out."""
    add: str | None = None
    """Labelled texts to train on besides, such as corrected answers; never among those that choose or test."""
    text_column: str | None = None
    """Column with the text; found by name and content when not given."""
    title_column: str | None = None
    """Column put before the text; found by name when not given, `none` for no title."""
    label_column: str | None = None
    """Column with the label; found by name and content when not given."""
    keep_labels: bool = False
    """Use label values as they stand, without mapping stars and 0/1 to sentiment."""
    max_rows: int | None = Field(DEFAULT_MAX_ROWS, ge=100)
    """Rows to hold of a source; of more, a random part with the label mix of the whole."""
    dev_share: float = Field(0.1, gt=0, lt=0.5)
    """Share of the training texts used to choose the best weights."""
    test_share: float = Field(0.1, gt=0, lt=0.5)
    """Share of the source held out as the test set when no test is given."""
    split_seed: int | None = Field(None, ge=0, lt=2**32)
    """Seed of the division, and of the texts drawn from larger sources; that of training when not given."""
    train_texts: int | None = Field(None, ge=1)
    """Training texts to use; of more, a random part with the label mix of the whole."""
    augment: Annotated[tuple[Capability, ...], BeforeValidator(parse_list)] = ()
    """Capabilities that made-up sentences teach beside the training texts, such as `negation,typos`; for sentiment in
    English."""


class TokenizationConfig(Section):
    """How texts become batches of token ids."""

    max_tokens: int | None = Field(None, ge=8, le=8192)
    """Tokens kept of a text, special tokens counted."""
    long_text: Literal["head", "head-tail", "windows"] | None = None
    """Of a text longer than `max_tokens`: its `head`; a quarter from its head and the rest from its tail (`head-tail`);
    or `windows` of `max_tokens`, whose logits are averaged."""
    max_windows: int = Field(8, ge=1, le=64)
    """Most windows read of a text, spread evenly over it."""
    batch_tokens: int | None = Field(None, ge=1)
    """Most tokens in a training batch, padding counted."""


class ModelingConfig(Section):
    """Which pretrained model, and what of it is trained."""

    name: str = "minilm"
    """Catalog name, local folder, or Hub id of the pretrained model."""
    catalog: str | None = None
    """TOML file with models of your own, by names that `name` can then be; laid over the shipped catalog."""
    method: Literal["auto", "full", "frozen", "head", "lora"] = "auto"
    """`full` trains all layers, `frozen` those above `freeze_layers`, `head` the classification head alone, `lora`
    low-rank updates of all layers; `auto` chooses by the time and the texts there are."""
    freeze_embeddings: bool | None = None
    """Leave the token embeddings as they are; saves time and memory, on by default on a CPU."""
    freeze_layers: Depth | None = None
    """Layers, counted from the embeddings, that `frozen` leaves as they are; half of them by default."""
    dropout: float | None = Field(None, ge=0, lt=1)
    """Dropout in hidden layers and attention while training; 0 by default on a CPU."""
    lora_rank: int = Field(8, ge=1, le=1024)
    """Rank of the updates that `lora` learns."""
    lora_alpha: float = Field(16, gt=0)
    """Updates of `lora` are scaled by this over the rank."""
    lora_dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout on the input of the updates of `lora`."""
    lora_targets: Annotated[tuple[str, ...] | None, BeforeValidator(parse_list)] = None
    """Names of the linear modules that `lora` updates; attention and feed-forward of the architecture by default."""
    load_in_8bit: bool = False
    """Hold the pretrained weights in 8 bits (bitsandbytes); for `lora` and `head`."""
    load_in_4bit: bool = False
    """Hold the pretrained weights in 4 bits (bitsandbytes, NF4); for `lora` and `head`."""
    gradient_checkpointing: bool = False
    """Compute activations twice rather than keep them: less memory, about a third more time."""
    prefix_cache: Literal["auto", "off", "fp16", "fp32"] = "auto"
    """Keep what the frozen layers make of each text, computed once, in this precision; `auto` where epochs repeat and
    memory or disk has room."""


class TrainingConfig(Section):
    """How the weights are fitted, and for how long."""

    budget: Seconds | None = None
    """Wall-clock limit on the whole command, in seconds (also `15m`, `1h`); 15 minutes unless steps are given."""
    epochs: float | None = Field(None, gt=0, le=1000)
    """Passes over the training texts."""
    max_steps: int | None = Field(None, gt=0)
    """Optimizer steps; the run is then the same on every call with the same seed."""
    learning_rate: float | None = Field(None, gt=0, le=1)
    """Peak learning rate of AdamW."""
    layer_decay: float = Field(1.0, gt=0, le=1)
    """Factor on the learning rate for each layer down from the head."""
    probe_first: bool = False
    """Fit the head on the frozen model first, then all that the method trains (Kumar et al. 2022)."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of each target spread evenly over all labels."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced` weighs each label by the inverse of its frequency."""
    accumulation: int = Field(1, ge=1, le=1024)
    """Batches whose gradients are added up for one optimizer step."""
    warmup_share: float = Field(0.1, ge=0, lt=1)
    """Share of training during which the learning rate rises to its peak."""
    weight_decay: float = Field(0.01, ge=0, le=1)
    """Decoupled weight decay of AdamW, on matrices only."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    evaluations: int | None = Field(None, ge=1, le=1000)
    """Evaluations on the dev set, spread evenly over training."""
    patience: int | None = Field(None, ge=1)
    """Evaluations without a higher dev accuracy before training ends early; as many as there are by default."""
    cooldown_share: float = Field(0.15, ge=0, lt=1)
    """Share of the steps done over which the learning rate falls to 0 when training ends early; 0 stops at once."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic of the forward and backward pass; `auto` takes bf16 where the hardware multiplies it."""
    checkpoint_seconds: float = Field(60.0, ge=0, allow_inf_nan=False)
    """Seconds of training between two checkpoints."""
    seed: int = Field(0, ge=0, lt=2**32)
    """Seed of the split, the new head, the order of batches and dropout."""


class EvaluationConfig(Section):
    """How the result is measured."""

    bootstrap_samples: int = Field(2000, ge=100, le=1_000_000)
    """Resamples behind each confidence interval."""
    error_rate: float = Field(0.05, gt=0, lt=0.5)
    """Share of wrong answers wished for among those that are sure; less confident ones are called "not sure"."""


class ForecastConfig(Section):
    """What `afina plan` forecast for this run; it changes nothing, and is compared with the outcome."""

    seconds: float | None = Field(None, gt=0)
    """Seconds of training, dev evaluations counted."""
    total_seconds: float | None = Field(None, gt=0)
    """Seconds of the whole command."""
    memory_mb: float | None = Field(None, gt=0)
    """Most memory of the process, in MB."""
    seconds_factor: float | None = Field(None, gt=0)
    """By what past runs on this machine corrected the seconds."""
    memory_factor: float | None = Field(None, gt=0)
    """By what they corrected the memory."""


class RunConfig(Section):
    """All settings of one run, in the order of its life."""

    data: DataConfig = DataConfig()
    """Where the texts come from and how they are divided."""
    tokenization: TokenizationConfig = TokenizationConfig()
    """How texts become batches of token ids."""
    modeling: ModelingConfig = ModelingConfig()
    """Which pretrained model, and what of it is trained."""
    training: TrainingConfig = TrainingConfig()
    """How the weights are fitted, and for how long."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """How the result is measured."""
    forecast: ForecastConfig = ForecastConfig()
    """What `afina plan` forecast for this run; it changes nothing, and is compared with the outcome."""
    blend: bool = False
    """Average the log-probabilities with those of the TF-IDF baseline, where that helps on the dev set."""
    out: str | None = None
    """Folder of the run; `runs/SOURCE-MODEL` with a free number when not given."""


OPTIONS = {
    "data.source": "source",
    "data.dev": "dev",
    "data.test": "test",
    "data.add": "add",
    "data.text_column": "text_column",
    "data.title_column": "title_column",
    "data.label_column": "label_column",
    "data.keep_labels": "keep_labels",
    "data.max_rows": "max_rows",
    "data.augment": "augment",
    "tokenization.max_tokens": "max_tokens",
    "tokenization.long_text": "long_text",
    "tokenization.batch_tokens": "batch_tokens",
    "modeling.name": "model",
    "modeling.catalog": "catalog",
    "modeling.method": "method",
    "modeling.freeze_layers": "freeze_layers",
    "modeling.lora_rank": "lora_rank",
    "modeling.lora_alpha": "lora_alpha",
    "modeling.lora_dropout": "lora_dropout",
    "modeling.lora_targets": "lora_targets",
    "modeling.load_in_8bit": "load_in_8bit",
    "modeling.load_in_4bit": "load_in_4bit",
    "training.budget": "budget",
    "training.epochs": "epochs",
    "training.max_steps": "max_steps",
    "training.learning_rate": "learning_rate",
    "training.precision": "precision",
    "training.seed": "seed",
    "blend": "blend",
    "out": "out",
}
"""Settings that commands take as options of their own, and what these are called; all others are given by `--set`."""


def load_config(
    file: Path | None = None, assignments: Sequence[str] = (), options: Mapping[str, Any] | None = None
) -> tuple[RunConfig, dict[str, str]]:
    """Settings from a TOML file, `a.b=c` assignments and command-line options, the later winning.

    Args:
        file: TOML file with the sections of `RunConfig`.
        assignments: `section.field=value` strings; the value is read as TOML, or else as a plain string.
        options: Dotted names and values; None values are ignored.

    Returns:
        The settings, and for each dotted name that was given where its value came from.

    Raises:
        ConfigError: Something is unknown or out of range; the message names every problem found.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems: list[str] = []
    if file is not None:
        for name, value in _flatten(_read_toml(file)).items():
            values[name], origins[name] = value, str(file)
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            problems.append(f"--set takes section.field=value, got {assignment!r}")
            continue
        values[name.strip()], origins[name.strip()] = _toml_value(text.strip()), "--set"
    for name, value in (options or {}).items():
        if value is not None:
            values[name], origins[name] = value, "command line"
    nested, clashes = _nest(values)
    problems += clashes
    try:
        config = RunConfig.model_validate(nested)
    except ValidationError as error:
        problems += [_describe(problem) for problem in error.errors()]
        raise ConfigError(_join(problems), hint="docs/reference/settings.md lists every setting") from None
    if problems:
        raise ConfigError(_join(problems))
    return config, origins


def setting_names(section: type[BaseModel] = RunConfig, prefix: str = "") -> list[str]:
    """Dotted names of all settings, in order."""
    names: list[str] = []
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            names += setting_names(inner, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"No such config file: {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The config file {file} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The config file {file} is not valid TOML: {error}") from None


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _nest(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    tree: dict[str, Any] = {}
    clashes: list[str] = []
    for name, value in values.items():
        *sections, field = name.split(".")
        node = tree
        for section in sections:
            child = node.setdefault(section, {})
            if not isinstance(child, dict):
                clashes.append(f"{name}: {section} is a value, not a section")
                break
            node = child
        else:
            node[field] = value
    return tree, clashes


def _describe(problem: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = setting_names()
        leaf = name.rsplit(".", 1)[-1]
        near = difflib.get_close_matches(name, known, n=1) or [
            other
            for close in difflib.get_close_matches(leaf, [other.rsplit(".", 1)[-1] for other in known], n=1)
            for other in known
            if other.rsplit(".", 1)[-1] == close
        ]
        return f"{name}: no such setting" + (f", did you mean {near[0]}?" if near else "")
    message = problem["msg"][0].lower() + problem["msg"][1:]
    return f"{name}: {message}, got {problem['input']!r}"


def _join(problems: Sequence[str]) -> str:
    if len(problems) == 1:
        return f"Setting {problems[0]}"
    return f"{len(problems)} settings are wrong:\n" + "\n".join(f"  {problem}" for problem in problems)
