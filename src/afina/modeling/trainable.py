"""Which weights are trained."""

from __future__ import annotations

from typing import Any

from torch import nn


def freeze_embeddings(model: Any) -> int:
    """Stop training the token, position and type embeddings.

    On MiniLM they are 11.9 of 22.7 million weights; each step would update them all for the few rows it touches.

    Args:
        model: A Hugging Face model.

    Returns:
        The number of weights frozen.
    """
    base = model.base_model
    embeddings = getattr(base, "embeddings", None)
    if not isinstance(embeddings, nn.Module):
        embeddings = base.get_input_embeddings()
    frozen = 0
    for parameter in embeddings.parameters():
        parameter.requires_grad_(False)
        frozen += parameter.numel()
    return frozen


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Number of weights, and of those that are trained."""
    parameters = list(model.parameters())
    return sum(p.numel() for p in parameters), sum(p.numel() for p in parameters if p.requires_grad)
