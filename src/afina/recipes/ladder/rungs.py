"""The rungs, from cheap to dear: how each is fitted, and where it does not fit."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from afina.config import RunConfig
from afina.data import TextDataset
from afina.data.languages import detect_languages
from afina.evaluation import LexiconBaseline, MajorityBaseline, NbSvmBaseline, TfidfBaseline
from afina.protocols import Predictor
from afina.recipes.fine_tuning import fine_tune
from afina.recipes.ladder.measuring import Fitted, Size, folder_bytes
from afina.recipes.preparation import PreparedData
from afina.recipes.reporting import Reporter

# Texts by which the language is told.
_TEXTS_TO_DETECT = 200


@dataclass(frozen=True)
class Baseline:
    """A rung that is fitted in seconds and only measured.

    Args:
        name: Short name, for `--rungs` and `ladder.json`.
        title: Name in tables.
        fit: Makes the classifier from training texts.
        size: What must be kept of it.
        unfit: Why it cannot classify such texts; None where it can.
        is_trained: Whether it learns from the texts.
    """

    name: str
    title: str
    fit: Callable[[TextDataset], Predictor]
    size: Callable[[Any], Size]
    unfit: Callable[[TextDataset], str | None] = lambda training: None
    is_trained: bool = True
    is_transformer = False

    def fit_on(self, training: TextDataset) -> Fitted:
        """Fit it, and count the seconds."""
        began = time.perf_counter()
        classifier = self.fit(training)
        seconds = time.perf_counter() - began if self.is_trained else 0.0
        return Fitted(classifier, seconds, len(training) if self.is_trained else 0, self.size(classifier))


@dataclass(frozen=True)
class Transformer:
    """A rung that fine-tunes the pretrained model: one ordinary run.

    Args:
        name: Short name, for `--rungs`, `ladder.json` and the run's folder.
        title: Name in tables.
        modeling: Settings of `modeling` that make it what it is.
    """

    name: str
    title: str
    modeling: Mapping[str, Any] = field(default_factory=dict)
    is_transformer = True

    def fit_on(
        self,
        data: PreparedData,
        *,
        config: RunConfig,
        origins: Mapping[str, str],
        seconds: float,
        out: Path,
        reporter: Reporter,
    ) -> Fitted:
        """Fine-tune within some seconds, and write the run.

        Args:
            data: The texts of all rungs.
            config: The user's settings.
            origins: For each of them that was given, where its value came from.
            seconds: Budget of the run.
            out: Where the run shall stand.
            reporter: Told of what happens.

        Raises:
            AfinaError: As `fine_tune`.
        """
        # Which layers are frozen is a question to one rung only, and its own default answers it.
        modeling = config.modeling.model_copy(update=dict(self.modeling))
        training = config.training.model_copy(update={"budget": seconds})
        config = config.model_copy(update={"modeling": modeling, "training": training, "out": str(out)})
        decided = ("out", "training.budget", *(f"modeling.{name}" for name in self.modeling))
        origins = {**origins, **dict.fromkeys(decided, "afina ladder")}
        tuned = fine_tune(config, reporter=reporter, origins=origins, started=time.monotonic(), data=data)
        summary = tuned.summary
        details = {
            "budget_seconds": seconds,
            "seconds": summary["seconds"],
            "epochs": summary["epochs"],
            "stopped_by": summary["stopped_by"],
            "parameters_trained": summary["parameters"]["trained"],
            "settings": summary["settings"],
            "warnings": [warning for warning in summary["warnings"] if warning != summary["verdict"]],
        }
        size = Size(summary["parameters"]["all"], folder_bytes(tuned.run.model))
        return Fitted(
            tuned.classifier, summary["seconds"]["train"], _texts_read(summary, data), size, tuned.run.root, details
        )


Rung = Baseline | Transformer


def _texts_read(summary: Mapping[str, Any], data: PreparedData) -> int:
    """Different training texts that a run read; to the hundredth, as epochs are told."""
    return min(len(data.train), round(float(summary["examples_seen"]) / max(1.0, float(summary["epochs"]))))


def _majority_size(majority: MajorityBaseline) -> Size:
    return Size(len(majority.labels), 8 * len(majority.labels))


def _tfidf_size(tfidf: TfidfBaseline) -> Size:
    model = tfidf.as_model()
    arrays = (model.keys, model.idf, model.coefficients, model.intercepts)
    words = sum(len(word.encode()) for word in model.words)
    parameters = model.idf.size + model.coefficients.size + model.intercepts.size
    return Size(int(parameters), int(sum(array.nbytes for array in arrays) + words))


def _no_lexicon(training: TextDataset) -> str | None:
    """Why a lexicon of English sentiment says nothing about these texts."""
    if not training.labels.is_sentiment:
        return f"it tells negative, neutral and positive, and the labels are {', '.join(training.labels)}"
    found = Counter(detect_languages(training.texts[:_TEXTS_TO_DETECT]))
    told = {language: n for language, n in found.items() if language is not None}
    language = max(told, key=told.__getitem__, default="en")
    return None if language == "en" else f"its words are English, and most texts are written in {language!r}"


RUNGS: tuple[Rung, ...] = (
    Baseline("majority", "majority class", MajorityBaseline, _majority_size),
    Baseline(
        "lexicon", "VADER lexicon", lambda training: LexiconBaseline(training.labels),
        lambda lexicon: Size(lexicon.n_words, lexicon.n_bytes), unfit=_no_lexicon, is_trained=False,
    ),
    Baseline("nb-svm", "NB-SVM", NbSvmBaseline, lambda model: Size(model.n_parameters, model.n_bytes)),
    Baseline("tfidf", "TF-IDF + LR", TfidfBaseline, _tfidf_size),
    Transformer("head", "head on frozen embeddings", {"method": "head", "freeze_layers": None}),
    Transformer("frozen", "frozen layers", {"method": "frozen"}),
    Transformer("lora", "LoRA", {"method": "lora", "freeze_layers": None}),
    Transformer("full", "full fine-tuning", {"method": "full", "freeze_layers": None}),
)  # fmt: skip
"""From cheap to dear; the order in which they are climbed, and by which the cheapest is found."""
