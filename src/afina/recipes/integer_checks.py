"""Whether a graph in integers answers the dev texts as the run does, and the temperatures that its answers need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from afina.data import TextDataset
from afina.errors import ConfigError, DataError
from afina.evaluation import (
    at_temperature,
    blend,
    choose_threshold,
    expected_calibration_error,
    log_probabilities,
)
from afina.inference.export_record import DevCheck
from afina.inference.loading import Parts
from afina.recipes.calibrating import CONFIDENCE, choose_temperature
from afina.recipes.labelled import ReadOptions, load_labelled
from afina.recipes.leakage import Leakage, read_fingerprints
from afina.recipes.reporting import Reporter
from afina.run_folder import RunFolder

LEAST_LABELS_KEPT = 0.99
"""Share of dev texts that a graph in integers must give the same label as PyTorch."""
MOST_ACCURACY_LOST = 0.003
"""Dev accuracy that it may lose."""
FEWEST_TEXTS = 100
"""Of fewer, a share of `LEAST_LABELS_KEPT` is all of them, and a change in one of the next hundred is not seen."""
# Half a text of a million: shares of as many texts must not differ by rounding.
_ROUNDING = 5e-7


def is_good(check: DevCheck) -> bool:
    """Whether a graph may answer in place of PyTorch."""
    lost = check.accuracy_before - check.accuracy
    return check.labels_kept >= LEAST_LABELS_KEPT and lost <= MOST_ACCURACY_LOST + _ROUNDING


def read_dev_texts(
    folder: RunFolder, parts: Parts, on: str | None, reading: ReadOptions | None, reporter: Reporter
) -> TextDataset:
    """Labelled texts that no weight was fitted to.

    Args:
        folder: The run.
        parts: What was loaded of it.
        on: A source of such texts; the run's own dev texts if None.
        reading: How it is read.
        reporter: Told of what happens.

    Raises:
        ConfigError: None are given, and the run kept none.
        DataError: The source cannot be read, or the run was trained on all of it.
    """
    if on is not None:
        (given,) = load_labelled([on], reading or ReadOptions(), labels=parts.labels, reporter=reporter)
        leakage = Leakage.look(given.dataset, read_fingerprints(folder))
        learned = leakage.rows_with(["train"])
        if len(learned):
            reporter.warn(f"{len(learned):,} texts of {given.source} are left out: the run was trained on them")
        left = np.setdiff1d(np.arange(len(given.dataset)), learned)
        if not len(left):
            raise DataError(
                f"The run was trained on all texts of {given.source}", hint="give texts that it has not seen"
            )
        return given.dataset.select(left)
    if not folder.dev_texts.is_file():
        raise ConfigError(
            f"The run {folder.root} kept no dev texts to check 8-bit integers on",
            hint="give labelled texts that it was not trained on: --on SOURCE",
        )
    table = pq.read_table(folder.dev_texts)
    names = table.column("label").to_pylist()
    return TextDataset(
        texts=tuple(table.column("text").to_pylist()),
        label_ids=np.array([parts.labels.id_of(name) for name in names], dtype=np.int64),
        labels=parts.labels,
        name="dev texts",
    )


def promised_error_rate(folder: RunFolder) -> float | None:
    """Share of wrong answers that a run promises among its sure ones; None where it promises nothing."""
    unsure: Mapping[str, Any] = folder.read_manifest().get("unsure") or {}
    rate = unsure.get("error_rate")
    return None if rate is None else float(rate)


@dataclass(frozen=True)
class Fitted:
    """Temperatures and threshold for the logits of a graph, by the dev texts."""

    temperature: float
    blend_temperature: float
    threshold: float | None
    answers: npt.NDArray[np.float64]
    """Probabilities that come out, (n_texts, n_labels)."""

    @classmethod
    def on(cls, dev: TextDataset, logits: npt.NDArray[np.float32], parts: Parts, *, error_rate: float | None) -> Fitted:
        """Fit them.

        Args:
            dev: Labelled texts.
            logits: What the graph gives them, (n_texts, n_labels).
            parts: The run with PyTorch.
            error_rate: Share of wrong answers that is promised among the sure ones; None where nothing is.
        """
        left = logits.astype(np.float64) / parts.temperature
        temperature = choose_temperature(dev.label_ids, left)
        answers = at_temperature(left, temperature)
        blend_temperature = 1.0
        if parts.baseline is not None:
            mixture = blend(answers, parts.baseline.predict_proba(dev.texts), parts.baseline_weight)
            logs = log_probabilities(mixture)
            blend_temperature = choose_temperature(dev.label_ids, logs)
            answers = at_temperature(logs, blend_temperature)
        chosen = (
            None
            if error_rate is None
            else choose_threshold(dev.label_ids, answers, error_rate=error_rate, confidence=CONFIDENCE)
        )
        return cls(
            parts.temperature * temperature, blend_temperature, None if chosen is None else chosen.value, answers
        )


def check_integers(
    dev: TextDataset,
    before: npt.NDArray[np.float32],
    after: npt.NDArray[np.float32],
    parts: Parts,
    fitted: Fitted,
) -> DevCheck:
    """Compare a graph's answers to labelled texts with PyTorch's.

    Labels and accuracy are those of the model alone, since a blend would hide what it does.

    Args:
        dev: Labelled texts.
        before: PyTorch's logits for them, (n_texts, n_labels).
        after: The graph's.
        parts: The run with PyTorch.
        fitted: What was fitted to the graph's.
    """
    were, are = before.argmax(axis=1), after.argmax(axis=1)
    answered = at_temperature(before.astype(np.float64), parts.temperature)
    if parts.baseline is not None:
        answered = blend(
            answered, parts.baseline.predict_proba(dev.texts), parts.baseline_weight,
            temperature=parts.blend_temperature,
        )  # fmt: skip
    return DevCheck(
        texts=len(dev),
        labels_kept=float((were == are).mean()),
        accuracy=float((are == dev.label_ids).mean()),
        accuracy_before=float((were == dev.label_ids).mean()),
        ece=expected_calibration_error(dev.label_ids, fitted.answers),
        ece_before=expected_calibration_error(dev.label_ids, answered),
    )
