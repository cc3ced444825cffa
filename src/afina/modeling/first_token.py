"""A last layer that computes the one state the head reads.

A BERT-like head classifies the last layer's state of the first token. What that layer computes for all other tokens
is thrown away: of its 12 width² multiplications a token, only the 2 width² of keys and values are needed. The logits
and the gradients are the same; MiniLM's 6 layers become 14 % cheaper, and 3 trained ones 28 %.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.nn import functional as F

from afina.modeling.anatomy import dissect

_BERT_LIKE = ("bert", "camembert", "electra", "roberta", "xlm-roberta")


def read_first_token_only(model: Any) -> bool:
    """Let the last layer of a classifier compute the first token's state alone, where its family allows.

    Args:
        model: A Hugging Face classifier; its weights and their names stay as they are.

    Returns:
        Whether it does so now.
    """
    config = model.config
    # Other kernels of attention take other masks.
    if config._attn_implementation not in ("sdpa", "eager") or getattr(config, "is_decoder", False):
        return False
    forward: Callable[..., torch.Tensor]
    if config.model_type in _BERT_LIKE and not config.chunk_size_feed_forward:
        forward = _bert_layer
    elif config.model_type == "distilbert":
        forward = _distilbert_layer
    else:
        return False
    layer: Any = dissect(model).layers[-1]
    layer.forward = partial(forward, layer)
    return True


def _bert_layer(
    layer: Any, states: torch.Tensor, attention_mask: torch.Tensor | None = None, *unused: Any, **options: Any
) -> torch.Tensor:
    # states: (n_texts, n_tokens, width); returns (n_texts, 1, width)
    attention, first = layer.attention.self, states[:, :1]
    mixed = _attend(attention, attention.query(first), attention.key(states), attention.value(states), attention_mask)
    output: torch.Tensor = layer.feed_forward_chunk(layer.attention.output(mixed, first))
    return output


def _distilbert_layer(
    layer: Any, states: torch.Tensor, attention_mask: torch.Tensor | None = None, **options: Any
) -> torch.Tensor:
    attention, first = layer.attention, states[:, :1]
    mixed = _attend(attention, attention.q_lin(first), attention.k_lin(states), attention.v_lin(states), attention_mask)
    attended = layer.sa_layer_norm(attention.out_lin(mixed) + first)
    output: torch.Tensor = layer.output_layer_norm(layer.ffn(attended) + attended)
    return output


def _attend(
    attention: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None
) -> torch.Tensor:
    """Attention of the first token over all: (n_texts, 1, width)."""
    query, key, value = (
        states.view(*states.shape[:2], -1, attention.attention_head_size).transpose(1, 2)
        for states in (query, key, value)
    )  # (n_texts, n_heads, 1 or n_tokens, head width)
    mixed = F.scaled_dot_product_attention(
        query, key, value,
        attn_mask=None if mask is None else mask[:, :, :1],
        dropout_p=attention.dropout.p if attention.training else 0.0,
        scale=attention.scaling,
    )  # fmt: skip
    return mixed.transpose(1, 2).flatten(-2)
