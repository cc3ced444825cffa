"""A finished run on disk: model folder, manifest, predictions, model card."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import afina
from afina.config import RunConfig
from afina.data import TextDataset, write_rejected
from afina.errors import ConfigError, MachineLimitError, UnknownModelError
from afina.evaluation import TrainingTexts, find_mistakes
from afina.modeling import known_entry, quiet, read_catalog
from afina.outputs import system_error
from afina.recipes.leakage import fingerprint
from afina.recipes.model_card import model_card
from afina.recipes.preparation import PreparedData
from afina.recipes.results import Tested
from afina.recipes.session import Session
from afina.run_folder import RunFolder, resume_hint, write_json, write_text

_LIBRARIES = ("torch", "transformers", "tokenizers", "accelerate", "scikit-learn", "numpy")


def write_run(
    folder: RunFolder,
    session: Session,
    summary: Mapping[str, Any],
    tested: Tested,
    *,
    config: RunConfig,
    origins: Mapping[str, str],
    data: PreparedData,
    learned: TextDataset,
    name: str,
) -> None:
    """Write everything but the history, which was written while training, and the metrics, which know the time.

    Args:
        folder: The run in the making.
        session: The model with its best weights, and the settings used.
        summary: The document of `train --json`.
        tested: Test results, for the predictions.
        config: The user's settings.
        origins: Where each given setting came from.
        data: Texts that were used.
        learned: Texts that the run's answers rest on: those it was trained on, and where the baseline is blended in
            all that this was fitted on.
        name: Name of the run.
    """
    card = model_card(name, summary, data.record, base=session.base_name, licence=_licence_of(config))
    _write_model(folder, session, card)
    fingerprint(data, learned).write(folder.fingerprints)
    if len(data.test):
        _write_predictions(folder, data, tested)
        mistakes = find_mistakes(
            data.test, tested.probabilities, tested.baseline_probabilities, training=TrainingTexts(data.train)
        )
        write_json(folder.mistakes, mistakes)
    _write_labelled(data.dev, folder.dev_texts)
    if any(file.rejected for file in data.files):
        write_rejected(data.files, folder.rejected)
    write_json(folder.manifest, _manifest(folder, session, summary, config, origins, data))


@contextmanager
def writing(folder: RunFolder) -> Iterator[None]:
    """Turn a failure to write the run into one sentence, which says how to go on where a checkpoint stands.

    Raises:
        MachineLimitError: The disk is full, or fails.
    """
    try:
        yield
    except Exception as error:  # safetensors and tokenizers raise their own where the disk is full
        cause = error if isinstance(error, MachineLimitError) else system_error(error)
        if cause is None:
            raise
        raise MachineLimitError(
            f"The run cannot be written to {folder.root}: {getattr(cause, 'strerror', None) or cause}",
            hint=f"make room on the disk, then {resume_hint(folder) or 'train again'}",
        ) from None


def _write_model(folder: RunFolder, session: Session, card: str) -> None:
    pretrained = session.pretrained
    # The tokenizer may have come with padding and truncation of its own, which would act behind a user's back.
    pretrained.backend_tokenizer.no_padding()
    pretrained.backend_tokenizer.no_truncation()
    with quiet():
        pretrained.model.save_pretrained(folder.model)
        pretrained.tokenizer.save_pretrained(folder.model)
    write_text(folder.model / "README.md", card)


def _licence_of(config: RunConfig) -> str | None:
    """Licence of the pretrained model, where the catalog tells it."""
    try:
        return known_entry(config.modeling.name, read_catalog(config.modeling.catalog)).licence
    except (UnknownModelError, ConfigError):
        # A user's file that was changed while the model was trained is no reason to lose the run.
        return None


def _write_labelled(dataset: TextDataset, file: Path) -> None:
    names = dataset.labels.names
    columns = {"text": list(dataset.texts), "label": [names[i] for i in dataset.label_ids]}
    pq.write_table(pa.table(columns), file)


def _write_predictions(folder: RunFolder, data: PreparedData, tested: Tested) -> None:
    test = data.test
    names = test.labels.names
    columns = {
        "text": list(test.texts),
        "label": [names[i] for i in test.label_ids],
        "predicted_label": [names[i] for i in tested.probabilities.argmax(axis=1)],
    } | {f"probability_{label}": tested.probabilities[:, i] for i, label in enumerate(names)}
    pq.write_table(pa.table(columns), folder.predictions)


def _manifest(
    folder: RunFolder,
    session: Session,
    summary: Mapping[str, Any],
    config: RunConfig,
    origins: Mapping[str, str],
    data: PreparedData,
) -> dict[str, Any]:
    return {
        "afina": afina.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "labels": list(data.train.labels),
        "temperature": summary["calibration"]["temperature"],
        "calibration": summary["calibration"],
        "unsure": summary["unsure"],
        "blend": {key: value for key, value in summary["blend"].items() if key != "test_alone"},
        "settings": session.settings.as_dict(),
        "config": config.model_dump(),
        "origins": dict(origins),
        "data": data.record,
        "machine": {
            "platform": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "device": str(session.accelerator.device),
            "threads": _torch_threads(),
        },
        "libraries": {
            "python": platform.python_version(),
            **{library: importlib.metadata.version(library) for library in _LIBRARIES},
        },
        "artifacts": folder.artifact_hashes(),
    }


def _torch_threads() -> int:
    import torch

    return torch.get_num_threads()
