"""Which weights are trained, and what is said of their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MethodType
from typing import Any

from torch import nn

from afina.errors import ConfigError
from afina.modeling.anatomy import Anatomy, dissect, head_modules, try_dissect


def freeze(model: Any, *, embeddings: bool, layers: int = 0) -> None:
    """Stop training the embeddings, or the embeddings and the first layers.

    Updating MiniLM's embeddings means 11.9 of 22.7 million weights at each step, for the few rows it touches; what a
    frozen layer would receive as a gradient need not be computed. Frozen layers run without dropout, so that what they
    make of a text is the same each time and can be kept (`afina.modeling.prefix`).

    Args:
        model: A Hugging Face classifier.
        embeddings: Freeze token, position and type embeddings.
        layers: Layers to freeze, counted from the embeddings; with one or more, the embeddings are frozen too.

    Raises:
        ConfigError: There are not so many layers, or they share their weights.
    """
    if not layers:
        if embeddings:
            _freeze_up_to(try_dissect(model), model, 0)
        return
    parts = dissect(model)
    check_depth(parts, layers, model.config.model_type)
    _freeze_up_to(parts, model, layers)
    _keep_in_evaluation(_modules_below(parts, layers))


def freeze_all_but_head(model: Any) -> None:
    """Train the classification head alone, a pooler inside the base model included."""
    for weight in model.base_model.parameters():
        weight.requires_grad_(False)
    for name in head_modules(model):
        for weight in model.get_submodule(name).parameters():
            weight.requires_grad_(True)
    parts = try_dissect(model)
    if parts is None:
        _keep_in_evaluation(module for name, module in model.base_model.named_children() if name != "pooler")
    else:
        _keep_in_evaluation(_modules_below(parts, parts.n_layers))


def check_depth(parts: Anatomy, layers: int, family: str) -> None:
    """Refuse to freeze layers that are not there, or that others share.

    Raises:
        ConfigError: In both cases.
    """
    if layers > parts.n_layers:
        raise ConfigError(
            f"The model has {parts.n_layers} layers, so {layers} cannot be frozen",
            hint=f"give --freeze-layers 0 to {parts.n_layers}",
        )
    if parts.shares_layers and layers < parts.n_layers:
        raise ConfigError(
            f"A model of the family {family} runs one layer {parts.n_layers} times, so {layers} of them cannot be "
            "frozen",
            hint="use --method full, head or lora",
        )


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Number of weights, and of those that are trained."""
    parameters = list(model.parameters())
    return sum(p.numel() for p in parameters), sum(p.numel() for p in parameters if p.requires_grad)


def _keep_in_evaluation(modules: Iterable[nn.Module]) -> None:
    """Let frozen modules run without dropout, whatever mode the model around them is put into."""
    for module in modules:
        module.eval()
        module.train = MethodType(lambda self, mode=True: self, module)  # type: ignore[method-assign]


def _freeze_up_to(parts: Anatomy | None, model: Any, depth: int) -> None:
    if parts is None:
        # A model whose layers cannot be told apart still has its table of tokens.
        for weight in model.base_model.get_input_embeddings().parameters():
            weight.requires_grad_(False)
        return
    for weight_depth, _, weight in parts.weights():
        if weight_depth <= depth:
            weight.requires_grad_(False)


def _modules_below(parts: Anatomy, depth: int) -> Iterator[nn.Module]:
    """The largest modules of the base model that hold nothing of a trained layer, nor of what comes after the last."""
    trained = {id(module) for layer in parts.layers[depth:] for module in layer.modules()}
    above = parts.exit_modules

    def walk(module: nn.Module) -> Iterator[nn.Module]:
        for child in module.children():
            if id(child) in trained or child in above:
                continue
            if any(id(inner) in trained or inner in above for inner in child.modules()):
                yield from walk(child)
            else:
                yield child

    yield from walk(parts.base)
