"""Integrated gradients over a model's token embeddings (Sundararajan et al. 2017), computed by captum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from afina.extras import require
from afina.tokenization import Encoder

if TYPE_CHECKING:
    import torch

    from afina.modeling import PretrainedClassifier

FEWEST_STEPS, MOST_STEPS = 50, 400
CONVERGED_WITHIN = 0.05
_TOKENS_AT_ONCE = 4096


@dataclass(frozen=True)
class Completeness:
    """How nearly the attributions add up to what they share out, as by theory they do.

    Args:
        difference: Log-odds of the label for the text, less those for the baseline.
        delta: Sum of the attributions, less that difference.
        n_steps: Steps of the integral.
    """

    difference: float
    delta: float
    n_steps: int

    @property
    def is_converged(self) -> bool:
        """Whether the sum is off by 5 % of the difference at most."""
        return abs(self.delta) <= CONVERGED_WITHIN * abs(self.difference)


@dataclass(frozen=True)
class TokenAttributions:
    """What each token that is read adds to the log-odds of a label.

    Args:
        windows: For each window of the text, the attributions of its tokens, (n_tokens,) float64.
        completeness: What they add up to.
        evals: Passes through the model, one for each step and window.
    """

    windows: tuple[npt.NDArray[np.float64], ...]
    completeness: Completeness
    evals: int


def integrate_gradients(
    pretrained: PretrainedClassifier,
    encoder: Encoder,
    text: str,
    target: int,
    *,
    n_steps: int = FEWEST_STEPS,
    max_steps: int = MOST_STEPS,
) -> TokenAttributions:
    """Integrate the gradients of a label's log-odds from a baseline of pad tokens to the text.

    The special tokens around the text stand in the baseline too, and get nothing. Steps are doubled while the sum is
    off by more than 5 %. A text in several windows has the mean of theirs, as it has of their logits.

    Args:
        pretrained: The model, in fp32.
        encoder: What turns the text into token ids.
        text: A clean text.
        target: Id of the label.
        n_steps: Steps of the integral at first.
        max_steps: Most steps.

    Raises:
        MissingExtraError: captum is not installed.
    """
    evals, steps = 0, n_steps
    while True:
        windows, difference, delta = _integrate(pretrained, encoder, text, target, steps)
        evals += steps * len(windows)
        completeness = Completeness(difference, delta, steps)
        if completeness.is_converged or 2 * steps > max_steps:
            return TokenAttributions(tuple(windows), completeness, evals)
        steps *= 2


def _integrate(
    pretrained: PretrainedClassifier, encoder: Encoder, text: str, target: int, n_steps: int
) -> tuple[list[npt.NDArray[np.float64]], float, float]:
    """Attributions by window, the difference to be shared out, and by how much the attributions miss it."""
    captum = require("captum.attr", extra="explain")
    import torch

    from afina.modeling import quiet

    model = pretrained.model
    encodings, places = encoder.encode([text]), encoder.places(text)
    embed, baseline_id = model.get_input_embeddings(), torch.tensor(pretrained.pad_id, device=model.device)
    attributions, difference, delta = [], 0.0, 0.0
    for window, stands in enumerate(places):
        # One window at a time needs no padding; without token ids some models could not tell it from text.
        inputs = _inputs(pretrained, encodings.window(window))
        token_ids = inputs.pop("input_ids")
        special = torch.from_numpy(stands[:, 0] == stands[:, 1]).to(model.device)
        with torch.no_grad():
            given = embed(token_ids)
            baseline = embed(torch.where(special, token_ids, baseline_id))

        def log_odds(embeddings: torch.Tensor, inputs: dict[str, torch.Tensor] = inputs) -> torch.Tensor:
            repeated = {name: value.expand(len(embeddings), -1) for name, value in inputs.items()}
            logits = model(inputs_embeds=embeddings, **repeated).logits.float()
            others = torch.cat([logits[:, :target], logits[:, target + 1 :]], dim=1)
            found: torch.Tensor = logits[:, target] - others.logsumexp(dim=1)
            return found

        # Decoders warn that they do not see padding in embeddings; there is none.
        with quiet():
            parts, missed = captum.IntegratedGradients(log_odds).attribute(
                given, baselines=baseline, n_steps=n_steps, return_convergence_delta=True,
                internal_batch_size=max(1, _TOKENS_AT_ONCE // len(stands)),
            )  # fmt: skip
        summed = parts.detach().sum(dim=2)[0].double().cpu().numpy() / len(places)
        attributions.append(summed)
        missed_here = float(missed.sum()) / len(places)
        delta += missed_here
        difference += float(summed.sum()) - missed_here
    return attributions, difference, delta


def _inputs(pretrained: PretrainedClassifier, token_ids: npt.NDArray[np.int32]) -> dict[str, Any]:
    import torch

    from afina.modeling.feeding import segment_ids

    ids = torch.from_numpy(token_ids.astype(np.int64))[None].to(pretrained.model.device)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    segments = segment_ids(pretrained.model.config, ids)
    return inputs if segments is None else {**inputs, "token_type_ids": segments}


def share_among_words(
    tokens: TokenAttributions, places: Sequence[npt.NDArray[np.int64]], spans: Sequence[tuple[int, int]]
) -> npt.NDArray[np.float64]:
    """Add tokens up to words.

    Args:
        tokens: Attributions of tokens.
        places: Where the tokens stand, as `Encoder.places` tells.
        spans: Where each word begins and ends, in order, (n_words,).

    Returns:
        (n_words,) float64. A token that stands in no word, as a comma, counts for the word before it, or the first.
    """
    starts = np.array([start for start, _ in spans], dtype=np.int64)
    weights = np.zeros(len(spans))
    for values, stands in zip(tokens.windows, places, strict=True):
        for value, (start, end) in zip(values, stands, strict=True):
            if start < end:
                # The last character: some tokens begin with the blank before a word.
                weights[max(0, int(np.searchsorted(starts, end - 1, side="right")) - 1)] += value
    return weights
