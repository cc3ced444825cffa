"""AdamW with weight decay on matrices only, and smaller steps for lower layers where wished."""

from __future__ import annotations

from typing import Any

import torch

from afina.modeling import dissect


def make_optimizer(
    model: Any, *, learning_rate: float, weight_decay: float, layer_decay: float = 1.0
) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) over the weights that are trained.

    Biases and normalisation weights, which are vectors, are not decayed, as in BERT's own fine-tuning.

    Args:
        model: A Hugging Face classifier.
        learning_rate: Peak learning rate of the head.
        weight_decay: Decoupled weight decay.
        layer_decay: Factor on the rate for each layer further down ("layer-wise learning-rate decay", Howard and
            Ruder 2018, arXiv 1801.06146); each group of the optimizer holds its own as `rate_factor`.
    """
    depths: dict[int, int] = {}
    if layer_decay < 1:
        parts = dissect(model)
        depths = {id(weight): parts.n_layers + 1 - depth for depth, _, weight in parts.weights()}
    groups: dict[tuple[int, bool], list[torch.nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((depths.get(id(parameter), 0), parameter.ndim >= 2), []).append(parameter)
    described = [
        {
            "params": groups[layers_down, is_matrix],
            "weight_decay": weight_decay if is_matrix else 0.0,
            "rate_factor": layer_decay**layers_down,
        }
        for layers_down, is_matrix in sorted(groups, key=lambda key: (key[0], not key[1]))
    ]
    return torch.optim.AdamW(described, lr=learning_rate, fused=True)
