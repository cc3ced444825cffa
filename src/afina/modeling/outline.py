"""What a model's config alone tells: its weights, layers and sizes, without its weights being read or downloaded."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from afina.errors import ModelError, first_line
from afina.modeling.anatomy import dissect
from afina.modeling.feeding import position_limit

# Without any of these a config would be filled up with the numbers of another model.
_NEEDED = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")


@dataclass(frozen=True)
class Outline:
    """Sizes of a classifier."""

    family: str
    """`model_type` of its config."""
    n_layers: int
    """Layers that a text passes through."""
    width: int
    """Numbers in a state."""
    vocabulary: int
    """Rows of the table of tokens."""
    max_context: int | None
    """Most tokens of a text by its positions; None where positions are relative and take any number."""
    weights: int
    """All weights, with a classification head of two labels."""
    embedding_weights: int
    """Weights before the first layer: tables of tokens, positions and types, and what they share."""
    layer_weights: int
    """Weights of all layers; of layers that share theirs, once."""
    matrix_weights: int
    """Weights that each token is multiplied with on its way through all layers, shared ones as often as they are."""
    head_weights: int
    """Weights after the last layer."""
    shares_layers: bool
    """Whether one layer is run many times."""

    def as_dict(self) -> dict[str, Any]:
        """Names and values."""
        return asdict(self)


def outline_of(config: Mapping[str, Any] | Any, *, name: str = "config.json") -> Outline:
    """Sizes of a model, from its config; nothing is allocated.

    Args:
        config: What its config.json holds, or transformers' own form of it.
        name: What to call it in errors.

    Raises:
        ModelError: The family is unknown, or a field is missing or wrong.
        ConfigError: Its layers cannot be told apart.
    """
    parsed = read_config(config, name=name) if isinstance(config, Mapping) else config
    try:
        model = empty_model(parsed)
    except Exception as error:  # each family has its own ways to find a number wrong
        raise ModelError(f"No model can be made of the config of {name!r}: {first_line(error)}") from error
    parts = dissect(model)
    if not parts.n_layers:
        raise ModelError(f"The config of {name!r} has no layers", hint="num_hidden_layers should be 1 or more")
    depths: dict[int, int] = {}
    for depth, _, weight in parts.weights():
        depths[id(weight)] = min(depths.get(id(weight), depth), depth)
    embedding = sum(w.numel() for w in model.parameters() if depths.get(id(w)) == 0)
    layers = sum(w.numel() for w in model.parameters() if 0 < depths.get(id(w), 0) <= parts.n_layers)
    weights = sum(w.numel() for w in model.parameters())
    return Outline(
        family=str(parsed.model_type),
        n_layers=parts.n_layers,
        width=int(parsed.hidden_size),
        vocabulary=int(parsed.vocab_size),
        max_context=position_limit(parsed),
        weights=weights,
        embedding_weights=embedding,
        layer_weights=layers,
        matrix_weights=sum(w.numel() for layer in parts.layers for w in layer.parameters() if w.dim() > 1),
        head_weights=weights - embedding - layers,
        shares_layers=parts.shares_layers,
    )


def read_config(fields: Mapping[str, Any], *, name: str = "config.json") -> Any:
    """The config, in the form of transformers, of what a config.json holds.

    Raises:
        ModelError: The family is unknown, or a field is missing or wrong.
    """
    family = fields.get("model_type")
    if not isinstance(family, str) or family not in CONFIG_MAPPING:
        raise ModelError(
            f"The config of {name!r} names no family" if family is None else f"Unknown family of models: {family!r}",
            hint="its model_type should be one that transformers knows, such as bert, roberta, distilbert or gpt2",
        )
    other_names = CONFIG_MAPPING[family].attribute_map
    missing = [field for field in _NEEDED if not {field, other_names.get(field)} & set(fields)]
    if missing:
        raise ModelError(
            f"The config of {name!r} lacks {', '.join(other_names.get(field, field) for field in missing)}",
            hint="take the config.json that was published with the model",
        )
    try:
        return AutoConfig.for_model(**fields)
    except Exception as error:  # transformers' checks raise errors of several kinds
        raise ModelError(f"The config of {name!r} cannot be understood: {first_line(error)}") from error


def empty_model(config: Any) -> Any:
    """A classifier of this config without any numbers in its weights."""
    with torch.device("meta"):
        # A copy, for transformers writes the dtype into it.
        return AutoModelForSequenceClassification.from_config(copy.deepcopy(config), dtype=torch.float32)
