"""Weights as integers that change what a layer computes as little as can be, for states that it was seen to get."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_SCALE = 1e-9
# How much of the difference between channels is moved from states to weights; the middle, as the paper found best.
_SHARE_MOVED = 0.5
_LEAST_SIZE = 1e-5
# Added to the diagonal of the states' products, as a share of its mean, so that they can be inverted.
_DAMPING = 0.01
_ROWS_AT_A_TIME = 64
_TOKENS_AT_A_TIME = 4096


class StatesSeen:
    """What is remembered of the states that go into a layer.

    Args:
        largest: Largest size of each channel, (n_in,).
        products: Sum over tokens of the products of all pairs of channels, (n_in, n_in).
    """

    def __init__(self, largest: Floats, products: Floats) -> None:
        self._largest, self._products = largest, products
        self._waiting: list[npt.NDArray[np.float32]] = []

    @classmethod
    def none(cls, width: int) -> StatesSeen:
        """Of no tokens yet."""
        return cls(np.zeros(width), np.zeros((width, width)))

    def add(self, states: npt.NDArray[np.float32]) -> None:
        """Remember the states of some tokens, (..., n_in)."""
        self._waiting.append(states.reshape(-1, states.shape[-1]))
        # The products of one short text are as large as those of thousands of tokens.
        if sum(map(len, self._waiting)) >= _TOKENS_AT_A_TIME:
            self._settle()

    @property
    def largest(self) -> Floats:
        """As the argument."""
        self._settle()
        return self._largest

    @property
    def products(self) -> Floats:
        """As the argument."""
        self._settle()
        return self._products

    def divided_by(self, factors: Floats) -> StatesSeen:
        """What would have been seen of states divided by (n_in,) factors."""
        return StatesSeen(self.largest / factors, self.products / np.outer(factors, factors))

    def _settle(self) -> None:
        if self._waiting:
            rows = np.concatenate(self._waiting)
            self._waiting.clear()
            self._largest = np.maximum(self._largest, np.abs(rows).max(axis=0))
            self._products += rows.T @ rows


def smoothing_factors(seen: StatesSeen, weights: list[npt.NDArray[np.float32]]) -> Floats:
    """What to divide each channel of the states by, and to multiply the weights that read it with.

    A few channels are often a hundred times larger than the others, and leave them few of the 255 steps. The product
    stays the same when they are made smaller and their weights larger. Method: SmoothQuant (Xiao et al. 2023, arXiv
    2211.10438).

    Args:
        seen: States that go into the layers.
        weights: Of all layers that read these states, (n_in, n_out) each.

    Returns:
        (n_in,), their geometric mean 1.
    """
    of_weights = np.max([np.abs(each).max(axis=1) for each in weights], axis=0)
    sizes = np.maximum(seen.largest, _LEAST_SIZE) ** _SHARE_MOVED
    factors = sizes / np.maximum(of_weights, _LEAST_SIZE) ** (1 - _SHARE_MOVED)
    result: Floats = factors / np.exp(np.log(factors).mean())
    return result


def round_weights(
    weights: npt.NDArray[np.floating], *, steps: int, seen: StatesSeen | None = None
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Weights as integers from -steps to steps, with a scale for each output.

    With states given, each weight makes up for the rounding of those before it, weighed by how the channels go
    together in these states. Method: GPTQ (Frantar et al. 2023, arXiv 2210.17323).

    Args:
        weights: (n_in, n_out).
        steps: Largest integer, at most 127.
        seen: States that the weights are multiplied with; without them each weight is rounded by itself.

    Returns:
        Integers (n_in, n_out) and scales (n_out,): `weights` is about their product.
    """
    scales = np.maximum(np.abs(weights).max(axis=0) / steps, LEAST_SCALE).astype(np.float32)
    if seen is None:
        return np.clip(np.rint(weights / scales), -steps, steps).astype(np.int8), scales
    products = seen.products.copy()
    diagonal = np.arange(len(products))
    products[diagonal, diagonal] += _DAMPING * max(float(products[diagonal, diagonal].mean()), LEAST_SCALE)
    # Rows of this triangle say how the rounding of a weight is made up for by those below it.
    spread = np.linalg.cholesky(np.linalg.inv(products)).T
    left = weights.astype(np.float64)
    integers = np.zeros_like(left)
    for start in range(0, len(left), _ROWS_AT_A_TIME):
        end = min(start + _ROWS_AT_A_TIME, len(left))
        errors = np.zeros((end - start, left.shape[1]))
        for row in range(start, end):
            integers[row] = np.clip(np.rint(left[row] / scales), -steps, steps)
            errors[row - start] = (left[row] - integers[row] * scales) / spread[row, row]
            left[row:end] -= np.outer(spread[row, row:end], errors[row - start])
        left[end:] -= spread[start:end, end:].T @ errors
    return integers.astype(np.int8), scales
