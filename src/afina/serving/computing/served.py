"""A model that is served: what clients may know of it, and how texts are tokenized for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from afina.data import clean_text
from afina.inference.export_record import read_export
from afina.labels import LabelSet
from afina.recipes.public_facts import base_and_source, last_part, test_scores
from afina.run_folder import RunFolder
from afina.serving.engine import ModelInfo
from afina.tokenization import Encoder, Encodings

_REVISION_DIGITS = 12


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
        folder = RunFolder(run)
        details = describe_run(folder)
        info = ModelInfo(
            name=loaded["name"],
            labels=labels.names,
            revision=_revision(folder, details["sha256"]),
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
    base, source = map(last_part, base_and_source(manifest))
    record = read_export(run.onnx)
    hashes = dict(manifest.get("artifacts") or {})
    if record is not None:
        hashes |= {
            run.onnx.graph(name).relative_to(run.root).as_posix(): graph.sha256 for name, graph in record.graphs.items()
        }
    return {
        "created": manifest.get("created"),
        "afina": manifest.get("afina"),
        "base_model": base,
        "method": (manifest.get("settings") or {}).get("method"),
        "training_data": source,
        "test": test_scores(run),
        "sha256": hashes,
        "export": None if record is None else {name: graph.model_dump() for name, graph in record.graphs.items()},
    }


def _revision(run: RunFolder, hashes: Mapping[str, str]) -> str:
    whole = run.weights_sha256(hashes) or hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
    return whole[:_REVISION_DIGITS]
