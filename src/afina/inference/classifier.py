"""A fine-tuned classifier, ready to use."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from afina.data import clean_text, is_blank
from afina.errors import DataError, ModelError
from afina.evaluation import at_temperature, blend
from afina.inference.loading import AUTO, load_parts
from afina.inference.prediction import NO_TEXT, Prediction, predictions_of
from afina.labels import LabelSet
from afina.protocols import Predictor
from afina.tokenization import Encoder, Encodings


class Backend(Protocol):
    """What turns token ids into logits."""

    @property
    def name(self) -> str:
        """What computes: `torch`, `onnx-fp32` or `onnx-int8`."""
        ...

    def logits(self, encodings: Encodings) -> npt.NDArray[np.float32]:
        """Logits of each text, (n_texts, n_labels)."""
        ...


class Classifier:
    """Texts in, label probabilities out.

    Args:
        backend: What computes logits.
        encoder: What turns texts into token ids.
        labels: Labels, in the order of the logits.
        temperature: Logits are divided by it before the softmax; 1 leaves them as they are.
        baseline: A second classifier whose probabilities are blended in, see `afina.evaluation.blending`.
        baseline_weight: Its share, 0 to 1.
        blend_temperature: That of the mixture of both.
        threshold: Answers with a lower probability are not sure, see `afina.evaluation.choose_threshold`; None where
            no threshold can promise anything.

    Raises:
        ModelError: The baseline has other labels, or a number is out of range.
    """

    def __init__(
        self,
        backend: Backend,
        encoder: Encoder,
        labels: LabelSet,
        *,
        temperature: float = 1.0,
        baseline: Predictor | None = None,
        baseline_weight: float = 0.0,
        blend_temperature: float = 1.0,
        threshold: float | None = None,
    ) -> None:
        if not 0 <= baseline_weight <= 1:
            raise ModelError(f"The weight of the baseline is out of range: {baseline_weight}", hint="between 0 and 1")
        for given in (temperature, blend_temperature):
            if not 0 < given < float("inf"):
                raise ModelError(f"A temperature is out of range: {given}", hint="it is a number above 0")
        if threshold is not None and not 0 <= threshold <= 1:
            raise ModelError(f"The threshold of sure answers is out of range: {threshold}", hint="between 0 and 1")
        if baseline is not None and baseline.labels != labels:
            raise ModelError(
                f"The baseline has other labels than the model: {', '.join(baseline.labels)} and {', '.join(labels)}"
            )
        self._backend = backend
        self._encoder = encoder
        self._labels = labels
        self._temperature = temperature
        self._baseline, self._baseline_weight = baseline, baseline_weight
        self._blend_temperature = blend_temperature
        self._threshold = threshold
        self._last_read: tuple[tuple[str, ...], npt.NDArray[np.bool_]] = ((), np.zeros(0, dtype=np.bool_))

    @classmethod
    def load(
        cls,
        run: str | os.PathLike[str],
        *,
        backend: str = AUTO,
        threads: int | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> Classifier:
        """Load a run folder, after checking its files against the hashes in its manifest.

        An exported model (`afina export`) is preferred: it answers faster, needs no torch, and is there in a second.

        Args:
            run: The run's folder.
            backend: `int8` or `fp32` for an exported model, or `torch`; `auto` takes the first of these that is there
                and answers on this machine as it did where it was exported.
            threads: Threads of one call, at most one for each core of the machine; as many as there are cores to use
                if not given.
            warn: Told, in a sentence, why an exported model that is there is not used; a Python warning if not given.

        Raises:
            ModelError: There is no such run, a file of it is missing or changed, or the backend asked for is not there.
            ConfigError: The backend is unknown, or `threads` is no whole number above 0.
            MissingExtraError: What the backend needs is not installed.
        """
        parts = load_parts(Path(run), backend=backend, threads=threads, warn=warn or _warn)
        return cls(
            parts.backend, parts.encoder, parts.labels, temperature=parts.temperature, baseline=parts.baseline,
            baseline_weight=parts.baseline_weight, blend_temperature=parts.blend_temperature,
            threshold=parts.threshold,
        )  # fmt: skip

    @property
    def labels(self) -> LabelSet:
        """The labels, in the order of the columns of `predict_proba`."""
        return self._labels

    @property
    def backend(self) -> Backend:
        """What computes its logits."""
        return self._backend

    @property
    def encoder(self) -> Encoder:
        """What turns its texts into token ids."""
        return self._encoder

    @property
    def temperature(self) -> float:
        """What logits are divided by before the softmax."""
        return self._temperature

    @property
    def baseline_weight(self) -> float:
        """Share of the baseline in an answer; 0 where none is blended in."""
        return 0.0 if self._baseline is None else self._baseline_weight

    @property
    def threshold(self) -> float | None:
        """The probability from which on an answer is sure, 0 where all are; None where no such promise can be made."""
        return self._threshold

    def predict_proba(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Probability of each label for each text: (n_texts, n_labels) float64, rows summing to 1.

        Texts are cleaned as those were that the model learned from. The answer for a text does not depend on the
        texts beside it, but for rounding in the seventh digit. A blank text has the model's answer to no text at all,
        which says what it leans to and nothing else; `classify` refuses it.

        Raises:
            DataError: `texts` is a single string, or holds something that is no string.
        """
        return self._read(_cleaned(texts))[0]

    def _read(self, texts: list[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Probabilities of clean texts, and whether some part of each was not read."""
        encodings = self._encoder.encode(texts)
        self._last_read = (tuple(texts), encodings.truncated)
        return self.probabilities_of(encodings, texts), encodings.truncated

    def probabilities_of(self, encodings: Encodings, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Probabilities, as `predict_proba` gives them, of texts that are cleaned and tokenized already.

        Args:
            encodings: What `encoder` made of the texts.
            texts: The texts, cleaned; read only where a baseline is blended in (`baseline_weight`).
        """
        probabilities = at_temperature(self._backend.logits(encodings).astype(np.float64), self._temperature)
        if self._baseline is None or not self._baseline_weight:
            return probabilities
        return blend(
            probabilities, self._baseline.predict_proba(texts), self._baseline_weight,
            temperature=self._blend_temperature,
        )  # fmt: skip

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """What a user is told of each text; a blank one has an error instead of an answer.

        The command line, files and the web page answer with this.

        Raises:
            DataError: As `predict_proba`.
        """
        texts = _cleaned(texts)
        answers = [Prediction(error=NO_TEXT)] * len(texts)
        readable = [i for i, text in enumerate(texts) if not is_blank(text)]
        probabilities, truncated = self._read([texts[i] for i in readable])
        found = predictions_of(probabilities, truncated, self._labels, threshold=self._threshold)
        for i, answer in zip(readable, found, strict=True):
            answers[i] = answer
        return answers

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each text; errors as `predict_proba`."""
        return [self._labels.names[i] for i in self.predict_proba(texts).argmax(axis=1)]

    def truncated(self, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether some part of each text is not read, (n_texts,); known already for those that were classified last."""
        texts = _cleaned(texts)
        # Taken once, since another thread may ask meanwhile.
        last_texts, truncated = self._last_read
        return truncated if last_texts == tuple(texts) else self._encoder.encode(texts).truncated

    def share_truncated(self, texts: Sequence[str]) -> float:
        """Share of texts of which some part is not read."""
        truncated = self.truncated(texts)
        return float(truncated.mean()) if len(truncated) else 0.0


def _cleaned(texts: Sequence[str]) -> list[str]:
    # A list, since an iterator could be looked through only once.
    given = list(texts) if isinstance(texts, Iterable) and not isinstance(texts, str) else None
    if given is None or not all(isinstance(text, str) for text in given):
        raise DataError("Texts are given as a list of strings", hint="wrap a single text: [text]")
    return [clean_text(text) for text in given]


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=3)
