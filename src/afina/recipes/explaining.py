"""Explain the answers of a run: which words moved them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from afina.data import clean_text, is_blank
from afina.errors import DataError
from afina.inference.classifier import Classifier
from afina.inference.explaining import DEFAULT_MAX_EVALS, GRADIENTS, OCCLUSION, Explanation, explain
from afina.protocols import Predictor
from afina.recipes.reporting import Reporter, Silent
from afina.tokenization import Encoder


def explain_texts(
    run: str | os.PathLike[str],
    texts: Sequence[str],
    *,
    method: str = OCCLUSION,
    target: str | None = None,
    max_evals: int = DEFAULT_MAX_EVALS,
    backend: str = "auto",
    threads: int | None = None,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Explain what a run answers to texts.

    Args:
        run: Run folder.
        texts: The texts.
        method: `occlusion` or `ig`, see `afina.inference.explaining.explain`; the latter runs in PyTorch.
        target: Label to explain; the most probable one if none is given.
        max_evals: Most questions by which `occlusion` weighs the words of a text.
        backend: What computes the answers, see `Classifier.load`.
        threads: Threads to compute with.
        reporter: Told of the texts that are done, and why an exported model that is there is not used.

    Returns:
        `{"run", "explanations": [...]}`, one for each text.

    Raises:
        DataError: A text is blank, or there is no such label.
        ConfigError: There is no such method or backend, or `ig` is asked of a backend without gradients.
        ModelError: There is no such run, or a file of it is missing or changed.
        MissingExtraError: captum is not installed and the method is `ig`.
    """
    reporter = reporter or Silent()
    for i, text in enumerate(texts, 1):
        if is_blank(clean_text(text)):
            raise DataError(f"Text {i} has nothing to explain: it is blank" if len(texts) > 1 else "The text is blank")
    if method == GRADIENTS and backend == "auto":
        backend = "torch"
    classifier = Classifier.load(run, backend=backend, threads=threads, warn=reporter.warn)
    reporter.stage("Leaving words out" if method == OCCLUSION else "Integrating gradients")
    explanations = []
    for done, text in enumerate(texts, 1):
        explanations.append(
            explain_one(
                classifier, text, encoder=classifier.encoder, backend=classifier.backend.name,
                blended=classifier.baseline_weight, target=target, method=method, max_evals=max_evals,
            )
        )  # fmt: skip
        reporter.advance(done, len(texts))
    return {"run": str(run), "explanations": explanations}


def explain_one(
    predictor: Predictor,
    text: str,
    *,
    encoder: Encoder,
    backend: str,
    blended: float,
    target: str | None = None,
    method: str = OCCLUSION,
    max_evals: int = DEFAULT_MAX_EVALS,
) -> dict[str, Any]:
    """An explanation as JSON, with what computed it, how long that took, and what is to be known when reading it.

    Args:
        predictor: What answers.
        text: The text.
        encoder: What cuts texts for the model behind it.
        backend: Name of what computes the answers.
        blended: Share of the TF-IDF baseline in the answers.
        target: As `afina.inference.explaining.explain` takes it, which also says what is raised.
        method: So too.
        max_evals: So too.
    """
    started = time.perf_counter()
    # The baseline of a blended run reads every word.
    reads_all = method == OCCLUSION and blended
    explanation = explain(
        predictor, text, target=target, method=method, max_evals=max_evals, encoder=None if reads_all else encoder
    )
    seconds = time.perf_counter() - started
    notes = _notes(explanation, encoder.max_tokens, blended)
    return {**explanation.to_document(), "backend": backend, "seconds": seconds, "notes": notes}


def _notes(explanation: Explanation, max_tokens: int, blended: float) -> list[str]:
    """Sentences without which the explanation could be misread."""
    notes = []
    words = explanation.words
    n_read = sum(word.read for word in words)
    if explanation.truncated:
        notes.append(f"The model reads at most {max_tokens} tokens of a text: {n_read:,} of these {len(words):,} words")
    if explanation.words_alone < n_read:
        notes.append(
            f"{explanation.words_alone:,} of {n_read:,} words were left out one by one; the others share the weight of "
            "their phrase, and more evaluations cut it finer"
        )
    if explanation.method == GRADIENTS and blended:
        notes.append(
            f"Integrated gradients explain the transformer alone; the answer is a mixture with {blended:.0%} TF-IDF"
        )
    completeness = explanation.completeness
    if completeness is not None and not completeness.is_converged:
        notes.append(
            f"The attributions miss what they share out by {completeness.delta:+.3f} of {completeness.difference:.3f}, "
            f"after {completeness.n_steps} steps: do not rely on small differences"
        )
    return notes
