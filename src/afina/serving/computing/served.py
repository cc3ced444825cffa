"""A model that is served: what clients may know of it, and how texts are tokenized for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from afina.data import clean_text
from afina.inference.export_record import read_export
from afina.labels import LabelSet
from afina.run_folder import RunFolder
from afina.serving.engine import ModelInfo
from afina.tokenization import Encoder, Encodings

_REVISION_DIGITS = 12
_WEIGHTS = "model/model.safetensors"
_METRICS = ("accuracy", "f1", "precision", "recall", "matthews", "log_loss", "ece")


@dataclass(frozen=True)
class ServedModel:
    """One model, as the server knows it; the model itself is in the workers."""

    info: ModelInfo
    labels: LabelSet
    encoder: Encoder
    baseline_weight: float
    """Share of the TF-IDF baseline in its answers; where there is one, workers are sent the texts too."""
    probe: npt.NDArray[np.float64]
    """What it answers to the probe, (n_labels,)."""

    @classmethod
    def of(cls, run: Path, loaded: Mapping[str, Any]) -> ServedModel:
        """Describe a run.

        Args:
            run: Its folder.
            loaded: What a worker said of it when it had loaded it. The tokenizer is taken from there, so that texts
                are cut by the very one that was verified.

        Raises:
            ModelError: The run's manifest cannot be read.
        """
        labels = LabelSet(tuple(loaded["labels"]))
        encoder = Encoder(
            Tokenizer.from_str(loaded["tokenizer"]), loaded["max_tokens"], long_text=loaded["long_text"],
            max_windows=loaded["max_windows"],
        )  # fmt: skip
        details = describe_run(RunFolder(run))
        info = ModelInfo(
            name=loaded["name"],
            labels=labels.names,
            revision=_revision(details["sha256"]),
            max_tokens=loaded["max_tokens"],
            long_text=loaded["long_text"],
            temperature=loaded["temperature"],
            threshold=loaded["threshold"],
            backend=loaded["backend"],
            # A sentence may name the folder, and where that is on this machine is nobody's business.
            warnings=tuple(each.replace(str(run), run.name) for each in loaded["warnings"]),
            details=details,
        )
        return cls(info, labels, encoder, loaded["blended"], np.array(loaded["probe"], dtype=np.float64))

    def read(self, texts: Sequence[str]) -> tuple[list[str], Encodings]:
        """Clean and tokenize texts."""
        cleaned = [clean_text(text) for text in texts]
        return cleaned, self.encoder.encode(cleaned)


def describe_run(run: RunFolder) -> dict[str, Any]:
    """What clients may know of how a model came to be: nothing of it tells where on this machine anything is.

    Returns:
        `{"created", "afina", "base_model", "method", "training_data", "test", "sha256", "export"}`: `test` holds the
        test set's name, its rows, and its metrics, those with an interval as `{"value", "low", "high"}`; `export`
        what checks of the exported graphs found. What a run does not say is None.

    Raises:
        ModelError: The run's manifest cannot be read.
    """
    manifest = run.read_manifest()
    config = manifest.get("config") or {}
    record = read_export(run.onnx)
    hashes = dict(manifest.get("artifacts") or {})
    if record is not None:
        files = {"fp32": run.onnx.fp32, "int8": run.onnx.int8}
        hashes |= {f"onnx/{files[name].name}": graph.sha256 for name, graph in record.graphs.items()}
    return {
        "created": manifest.get("created"),
        "afina": manifest.get("afina"),
        "base_model": _last_part((config.get("modeling") or {}).get("name")),
        "method": (manifest.get("settings") or {}).get("method"),
        "training_data": _last_part((config.get("data") or {}).get("source")),
        "test": _test_metrics(run),
        "sha256": hashes,
        "export": None if record is None else {name: graph.model_dump() for name, graph in record.graphs.items()},
    }


def _test_metrics(run: RunFolder) -> dict[str, Any] | None:
    try:
        test = json.loads(run.metrics.read_text(encoding="utf-8"))["test"]
        named = {"dataset": _last_part(test.get("dataset")), "n": test.get("n")}
        return named | {name: test[name] for name in _METRICS if name in test}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a light run has no metrics


def _revision(hashes: Mapping[str, str]) -> str:
    whole = hashes.get(_WEIGHTS) or hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
    return whole[:_REVISION_DIGITS]


def _last_part(name: Any) -> Any:
    """A file's name without its folders; a name on a hub as it is."""
    if isinstance(name, list):
        return [_last_part(each) for each in name]
    if not isinstance(name, str):
        return None
    is_path = name.startswith(("/", ".", "~")) or "\\" in name or bool(PurePath(name).suffix)
    return name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] if is_path else name
