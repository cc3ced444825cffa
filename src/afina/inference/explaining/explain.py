"""One text explained: cut into words, weighed by one of two methods, and checked for faithfulness."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from afina.config import DEFAULT_MAX_EVALS
from afina.data import is_blank
from afina.errors import ConfigError, DataError
from afina.inference.classifier import Classifier
from afina.inference.explaining.explanation import GRADIENTS, METHODS, OCCLUSION, Explanation, WeighedWord
from afina.inference.explaining.faithfulness import measure_faithfulness
from afina.inference.explaining.gradients import Completeness, integrate_gradients, share_among_words
from afina.inference.explaining.occlusion import FEWEST_EVALS, occlude
from afina.inference.explaining.probing import Probe, log_odds
from afina.inference.explaining.reading import Reading, read_text
from afina.inference.explaining.words import Words, cut_words
from afina.inference.prediction import NO_TEXT
from afina.protocols import Predictor
from afina.tokenization import Encoder


def explain(
    predictor: Predictor,
    text: str,
    *,
    target: str | None = None,
    method: str = OCCLUSION,
    max_evals: int = DEFAULT_MAX_EVALS,
    encoder: Encoder | None = None,
) -> Explanation:
    """Which words of a text moved the answer, and how far that can be trusted.

    `occlusion` leaves words out and asks again; it explains whatever answers. `ig`, integrated gradients, looks into a
    transformer that runs in PyTorch, and leaves a blended baseline aside.

    Args:
        predictor: What answers; a `Classifier` with the torch backend for `ig`.
        text: The text.
        target: Label whose log-odds are shared out; the most probable one if none is given.
        method: `occlusion` or `ig`.
        max_evals: Most questions that `occlusion` asks to weigh the words.
        encoder: Tells which words are not read of a long text; None where all are.

    Raises:
        DataError: The text is blank, or there is no such label.
        ConfigError: There is no such method, or it cannot explain this predictor.
        MissingExtraError: captum is not installed and the method is `ig`.
    """
    if method not in METHODS:
        raise ConfigError(f"Unknown method: {method!r}", hint=f"known are {', '.join(METHODS)}")
    if max_evals < FEWEST_EVALS:
        raise ConfigError(f"An explanation needs {FEWEST_EVALS} evaluations at least, got {max_evals}")
    names = predictor.labels.names
    target_id = None if target is None else predictor.labels.id_of(target)
    reading = read_text(text)
    if is_blank(reading.text):
        raise DataError(f"Nothing to explain: {NO_TEXT}")
    words = cut_words(reading.text)
    probabilities = predictor.predict_proba([reading.text])
    label_id = int(probabilities[0].argmax())
    target_id = label_id if target_id is None else target_id
    read = _words_read(words, encoder)
    stretches = [stretch for stretch, is_read in zip(words.stretches, read, strict=True) if is_read]
    probe = Probe(predictor, stretches, target_id)
    # Of a text that is cut, what is read stands for the whole: else each word left out would let in another at the cut.
    whole = probabilities if read.all() else probe.without([()])
    weights, evals, words_alone, completeness = np.zeros(len(words)), 1, 0, None
    if method == GRADIENTS:
        weights, completeness, evals = _by_gradients(predictor, words, target_id)
        words_alone = int(read.sum())
    else:
        occlusion = occlude(probe, float(log_odds(whole, target_id)[0]), max_evals=max_evals)
        weights[read], words_alone = occlusion.weights, occlusion.words_alone
    faithfulness = measure_faithfulness(probe, weights[read], float(whole[0, target_id]))
    return Explanation(
        text=reading.text,
        source=reading.source,
        label=names[label_id],
        score=float(probabilities[0, label_id]),
        target=names[target_id],
        target_score=float(probabilities[0, target_id]),
        words=tuple(_weighed(reading, words, weights, read)),
        method=method,
        evals=evals + probe.evals,
        comprehensiveness=faithfulness.comprehensiveness,
        sufficiency=faithfulness.sufficiency,
        completeness=completeness,
        words_alone=words_alone,
    )


def _words_read(words: Words, encoder: Encoder | None) -> npt.NDArray[np.bool_]:
    """Whether some token of each word is read, (n_words,)."""
    if encoder is None or not encoder.encode([words.text]).truncated[0]:
        return np.ones(len(words), dtype=np.bool_)
    places = np.concatenate(encoder.places(words.text))
    places = places[places[:, 0] < places[:, 1]]
    covered = np.zeros(len(words.text) + 1, dtype=np.int64)
    np.add.at(covered, places[:, 0], 1)
    np.add.at(covered, places[:, 1], -1)
    is_read = np.concatenate([[0], np.cumsum(covered.cumsum() > 0)])
    starts, ends = np.array(words.spans).T
    found: npt.NDArray[np.bool_] = is_read[ends] > is_read[starts]
    return found


def _by_gradients(
    predictor: Predictor, words: Words, target_id: int
) -> tuple[npt.NDArray[np.float64], Completeness, int]:
    from afina.inference.torch_backend import TorchBackend

    backend = predictor.backend if isinstance(predictor, Classifier) else None
    if not isinstance(predictor, Classifier) or not isinstance(backend, TorchBackend):
        raise ConfigError(
            "Integrated gradients need the model in PyTorch", hint=f"take the backend torch, or the method {OCCLUSION}"
        )
    tokens = integrate_gradients(backend.pretrained, predictor.encoder, words.text, target_id)
    weights = share_among_words(tokens, predictor.encoder.places(words.text), words.spans)
    return weights, tokens.completeness, tokens.evals + 1


def _weighed(
    reading: Reading, words: Words, weights: npt.NDArray[np.float64], read: npt.NDArray[np.bool_]
) -> list[WeighedWord]:
    weighed = []
    for (first, last), weight, is_read in zip(words.spans, weights.tolist(), read.tolist(), strict=True):
        start, end = reading.place(first, last)
        weighed.append(WeighedWord(reading.source[start:end], start, end, weight, is_read))
    return weighed
