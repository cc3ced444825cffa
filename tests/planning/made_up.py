"""Sizes, paces and tasks with round numbers, to reckon with by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from afina.modeling import Outline
from afina.planning.choices import Candidate, Task
from afina.planning.cost import Texts, Training
from afina.planning.pace import Line, Pace

OUTLINE = Outline(
    family="bert", n_layers=4, width=100, vocabulary=1_000, max_context=512, weights=700_000, embedding_weights=150_000,
    layer_weights=500_000, matrix_weights=480_000, head_weights=50_000, shares_layers=False,
)  # fmt: skip

PACE = Pace(
    read_layer=Line(1e-6, 0), read_ends=Line(2e-6, 0), train_layer=Line(3e-6, 0), train_ends=Line(7e-6, 0), update=0.0,
    precision="fp32",
)  # fmt: skip

TASK = Task(
    n_train=10_000, n_dev=500, n_test=1_000, characters=300.0, test_characters=300.0, source_characters=3_450_000.0
)


def texts(n: int = 1_000, tokens: float = 100.0, weighted_length: float | None = None) -> Texts:
    """So many texts of one length."""
    return Texts(n, tokens, tokens if weighted_length is None else weighted_length, 5 * tokens)


def way(method: str = "full", **changes: Any) -> Training:
    """A way to train, without dev evaluations, for two epochs."""
    kept = {"method": method, "frozen_layers": 0, "epochs": 2.0, "batch_tokens": 1_000, "evaluations": 0}
    return Training(**{**kept, **changes})


def candidate(name: str = "model", *, pace: Pace = PACE, outline: Outline = OUTLINE, **changes: Any) -> Candidate:
    """A model whose texts are 60 tokens long, all of them."""
    lengths = changes.pop("lengths", 60)
    lengths = np.full(200, lengths) if isinstance(lengths, int) else np.asarray(lengths)
    return Candidate(name, outline, pace, lengths, **changes)
