"""Where a model's embeddings, layers and head are, whatever its family calls them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from afina.errors import ConfigError

# What a base model does after its last layer; all else outside the layers comes before them. OPT keeps its own inside
# a decoder.
_EXIT_MODULES = ("pooler", "ln_f", "final_layer_norm", "final_norm", "norm", "project_out")
# Families whose states have the tokens as their first dimension, and not the texts.
_TOKENS_FIRST = ("xlnet",)
# Which state of the last layer the classification head reads.
_FIRST_TOKEN = ("albert", "bert", "camembert", "deberta-v2", "distilbert", "electra", "roberta", "xlm-roberta")
_LAST_TOKEN = ("gpt2", "opt", "xlnet")


@dataclass(frozen=True)
class Anatomy:
    """The parts of a classifier's base model.

    Args:
        base: The pretrained model without the classification head.
        layers: Its layers, from the embeddings up. ALBERT's one layer stands here once for each time it is run.
        tokens_first: Whether states are (n_tokens, n_texts, width) and not (n_texts, n_tokens, width).
        pooling: Which state the head reads: `first` or `last` token, `mean` of them, or None where it is not known.
    """

    base: Any
    layers: tuple[nn.Module, ...]
    tokens_first: bool
    pooling: str | None

    @property
    def n_layers(self) -> int:
        """Layers that a text passes through."""
        return len(self.layers)

    @property
    def shares_layers(self) -> bool:
        """Whether a layer is run more than once, so that the first ones cannot be frozen without the others."""
        return len({id(layer) for layer in self.layers}) < len(self.layers)

    @property
    def exit_modules(self) -> set[nn.Module]:
        """Norms, projections and a pooler that follow the last layer."""
        return {module for name, module in self.base.named_modules() if _is_exit(name)}

    def weights(self) -> Iterator[tuple[int, str, nn.Parameter]]:
        """Depth, name and value of each weight of the base model.

        The depth is 0 for embeddings and all that layers share, the number of a layer from 1, and one more than
        `n_layers` for what follows the last.
        """
        depths = {id(weight): number for number, layer in enumerate(self.layers, 1) for weight in layer.parameters()}
        for name, weight in self.base.named_parameters():
            outside = self.n_layers + 1 if _is_exit(name) else 0
            yield depths.get(id(weight), outside), name, weight


def dissect(model: Any) -> Anatomy:
    """Find the parts of a Hugging Face classifier.

    Raises:
        ConfigError: It has no list of layers.
    """
    base, config = model.base_model, model.config
    groups = getattr(getattr(base, "encoder", None), "albert_layer_groups", None)
    if groups is not None:
        n = int(config.num_hidden_layers)
        layers = tuple(groups[i * len(groups) // n] for i in range(n))
    else:
        lists = [m for m in base.modules() if isinstance(m, nn.ModuleList) and len(m) == config.num_hidden_layers]
        if not lists:
            raise ConfigError(
                f"Layers cannot be told apart in a {config.model_type} model", hint="use --method full or head"
            )
        layers = tuple(lists[0])
    return Anatomy(base, layers, config.model_type in _TOKENS_FIRST, _pooling(config))


def try_dissect(model: Any) -> Anatomy | None:
    """As `dissect`; None for a model whose layers cannot be told apart."""
    try:
        return dissect(model)
    except ConfigError:
        return None


def head_modules(model: Any) -> list[str]:
    """Names of the modules of the classification head that have weights, a pooler inside the base model included."""
    prefix = model.base_model_prefix
    names = [name for name, _ in model.named_children() if name != prefix]
    if isinstance(getattr(model.base_model, "pooler", None), nn.Module):
        names.append(f"{prefix}.pooler")
    return [name for name in names if any(True for _ in model.get_submodule(name).parameters())]


def linear_names(model: Any) -> list[str]:
    """Full names of the linear modules inside the layers."""
    inside = {id(module) for layer in dissect(model).layers for module in layer.modules()}
    return [name for name, module in model.named_modules() if id(module) in inside and _is_linear(module)]


def _is_linear(module: nn.Module) -> bool:
    # GPT-2's Conv1D is linear too, and the kinds that bitsandbytes has are subclasses of torch's.
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"


def _is_exit(name: str) -> bool:
    first, _, rest = name.partition(".")
    return (rest.split(".")[0] if first == "decoder" else first) in _EXIT_MODULES


def _pooling(config: Any) -> str | None:
    if config.model_type == "modernbert":
        return "mean" if config.classifier_pooling == "mean" else "first"
    if config.model_type == "xlnet" and config.summary_type != "last":
        return None
    if config.model_type in _FIRST_TOKEN:
        return "first"
    return "last" if config.model_type in _LAST_TOKEN else None
