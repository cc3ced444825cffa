"""Which model answers: kept answers of another one must not be used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from afina.run_folder import RunFolder, sha256_of

_ANSWERS_REST_ON = ("labels", "temperature", "calibration", "settings", "artifacts", "blend", "unsure")


def fingerprint_of(run: Path, backend: str) -> str:
    """What tells a run, as it answers with a backend, from any other.

    Args:
        run: The run folder.
        backend: Name of the backend, as `Classifier.backend.name`.

    Raises:
        ModelError: It is no run folder.
    """
    folder = RunFolder(run)
    manifest, exported = folder.read_manifest(), folder.onnx.record
    parts = {
        "backend": backend,
        "export": sha256_of(exported) if backend != "torch" and exported.is_file() else None,
        **{name: manifest.get(name) for name in _ANSWERS_REST_ON},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
