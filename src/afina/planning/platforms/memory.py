"""Memory that training takes, by a formula; for machines that cannot be measured from here."""

from __future__ import annotations

from afina.modeling import Outline
from afina.planning.settings import DEFAULT_BATCH_TOKENS, FROZEN, FULL, HEAD

# A weight and its gradient of 4 bytes, and two moments of the optimizer.
_BYTES_A_TRAINED_WEIGHT, _BYTES_A_FROZEN_WEIGHT = 16, 4
# Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models" (2022, arXiv 2205.05198): 34 bytes
# in half precision for each number of a state, each token and each layer, twice as many in fp32. What they add for
# attention's table of pairs is left out, as fused attention does not keep it.
_BYTES_OF_ACTIVATIONS = 68


def training_memory_mb(
    outline: Outline, *, method: str = FULL, frozen_layers: int = 0, batch_tokens: int = DEFAULT_BATCH_TOKENS
) -> float:
    """Memory for weights, gradients, moments and activations in fp32, in MB.

    Args:
        outline: The model's sizes.
        method: `full`, `frozen`, `head` or `lora`.
        frozen_layers: Layers that `frozen` leaves as they are.
        batch_tokens: Tokens in a batch.
    """
    depth = max(outline.n_layers, 1)
    trained_layers = {FULL: depth, FROZEN: depth - frozen_layers, HEAD: 0}.get(method, depth)
    if method == FULL:
        trained = outline.weights
    elif method == FROZEN:
        trained = outline.head_weights + round(outline.layer_weights * trained_layers / depth)
    else:
        # Low-rank updates are about a hundredth of the weights, and lost in the rest.
        trained = outline.head_weights
    weights = _BYTES_A_TRAINED_WEIGHT * trained + _BYTES_A_FROZEN_WEIGHT * (outline.weights - trained)
    activations = _BYTES_OF_ACTIVATIONS * outline.width * batch_tokens * max(trained_layers, 1)
    return (weights + activations) / 1e6
