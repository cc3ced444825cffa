"""Matrix products: how fast this machine does them, and how many a training needs and does.

Counted are the products of the encoder layers: the six matrices of a layer and attention's two, forward and backward.
Embeddings, normalisation, softmax, GELU, pooler, head, optimizer and the second forward pass that fused attention makes
inside its backward pass are time without a count: they lower the share of the matrix-product rate.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

# Rows of the product that is timed: the tokens of the usual recipe's batch, 16 texts of 128.
TOKENS = 2048


def matrix_rates(model: Any, *, seconds: float = 0.5) -> dict[str, float]:
    """Operations a second, by arithmetic, of the product TOKENS x width by width x feed-forward width of a model.

    It is the rate of the quickest tenth of the calls: what a neighbour on the machine takes from the measurement must
    not make a share of the rate look better.

    Args:
        model: Its config gives the widths.
        seconds: How long to measure each.
    """
    width, feed_forward = model.config.hidden_size, model.config.intermediate_size
    rates = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        hidden, weight = torch.randn(TOKENS, width).to(dtype), torch.randn(feed_forward, width).to(dtype)
        spent: list[float] = []
        with torch.inference_mode():
            F.linear(hidden, weight)
            while sum(spent) < seconds:
                started = time.perf_counter()
                F.linear(hidden, weight)
                spent.append(time.perf_counter() - started)
        rates[name] = 2 * TOKENS * width * feed_forward / float(np.quantile(spent, 0.1))
    return rates


@dataclass(frozen=True)
class _Layer:
    width: int
    weights: int
    """In the layer's matrices."""
    query_weights: int
    key_value_weights: int
    is_trained: bool
    input_has_gradient: bool
    """Whether anything below the layer is trained."""

    def operations(self, n_tokens: int, n_states: int, *, backward: bool) -> float:
        """Operations on a text of `n_tokens` tokens for which the layer gives `n_states` states.

        A product of a row and a matrix costs 2 operations a weight, and as many again for each of its two gradients.
        Keys and values are needed of all tokens, all else of those whose state is asked for.
        """
        inputs = self.key_value_weights * n_tokens + self.query_weights * n_states
        others = (self.weights - self.key_value_weights - self.query_weights) * n_states
        attention = 4.0 * n_tokens * n_states * self.width
        total = 2.0 * (inputs + others) + attention
        if backward and self.is_trained:
            total += 2.0 * (inputs + others)
        if backward and (self.is_trained or self.input_has_gradient):
            total += 2.0 * others + 2.0 * attention + (2.0 * inputs if self.input_has_gradient else 0.0)
        return total


class _Call(NamedTuple):
    layer: int
    n_texts: int
    n_tokens: int
    n_states: int
    has_gradients: bool


class WorkCounter:
    """Counts the matrix products of a BERT classifier: what the method needs, and what was done.

    Args:
        model: A `BertForSequenceClassification`, with what is not trained frozen; from now on its calls are counted.
    """

    def __init__(self, model: Any) -> None:
        self._layers: list[_Layer] = []
        self._calls: list[_Call] = []
        base = model.base_model
        below = any(parameter.requires_grad for parameter in base.embeddings.parameters())
        for number, module in enumerate(base.encoder.layer):
            attention = module.attention.self
            is_trained = any(parameter.requires_grad for parameter in module.parameters())
            self._layers.append(
                _Layer(
                    width=model.config.hidden_size,
                    weights=sum(p.numel() for p in module.parameters() if p.ndim == 2),
                    query_weights=attention.query.weight.numel(),
                    key_value_weights=attention.key.weight.numel() + attention.value.weight.numel(),
                    is_trained=is_trained,
                    input_has_gradient=below,
                )
            )
            below = below or is_trained
            module.register_forward_hook(self._counting(number), with_kwargs=True)

    def _counting(self, number: int) -> Any:
        def note(module: Any, arguments: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
            states = arguments[0] if arguments else named["hidden_states"]
            given = output[0] if isinstance(output, tuple) else output
            if given is states:
                return  # A layer whose states come from a prefix cache passes on what it is given.
            call = _Call(number, states.shape[0], states.shape[1], given.shape[1], torch.is_grad_enabled())
            self._calls.append(call)

        return note

    def standard(self, lengths: Iterable[int], *, epochs: float) -> float:
        """The usual count: every layer trained and run in full on real tokens, 6 operations a weight and token.

        Args:
            lengths: Tokens of each text, (n_texts,).
            epochs: Passes over the texts.
        """
        layers = [replace(layer, is_trained=True, input_has_gradient=True) for layer in self._layers]
        return epochs * sum(layer.operations(int(n), int(n), backward=True) for layer in layers for n in lengths)

    def needed(self, lengths: Iterable[int], *, epochs: float) -> float:
        """The least that gives the same weights, on real tokens.

        Of the last layer the head reads one state. Gradients are for what is trained and what lies above it; layers
        below everything that is trained see each text once.
        """
        last = len(self._layers) - 1
        return sum(
            layer.operations(int(n), 1 if number == last else int(n), backward=True)
            * (epochs if layer.is_trained or layer.input_has_gradient else 1)
            for number, layer in enumerate(self._layers)
            for n in lengths
        )

    def done(self) -> float:
        """What the calls so far did, padding counted."""
        return sum(
            call.n_texts
            * self._layers[call.layer].operations(call.n_tokens, call.n_states, backward=call.has_gradients)
            for call in self._calls
        )

    def tokens_done(self) -> int:
        """Tokens that the last layer was trained on so far, padding counted."""
        last = len(self._layers) - 1
        return sum(call.n_texts * call.n_tokens for call in self._calls if call.layer == last and call.has_gradients)
