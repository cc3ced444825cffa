"""What is published of a run: enough to answer and to say how good it is, and no text, folder or name of a machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afina.errors import UnknownModelError
from afina.modeling.catalog import known_entry, read_catalog
from afina.recipes.public_facts import base_and_source, last_part, test_scores
from afina.run_folder import RunFolder, write_json

_MANIFEST_KEYS = (
    "afina",
    "created",
    "labels",
    "temperature",
    "calibration",
    "blend",
    "unsure",
    "settings",
    "artifacts",
)


@dataclass(frozen=True)
class Published:
    """What a Space says of its run."""

    name: str
    """Name of the run's folder, and so of the model."""
    labels: tuple[str, ...]
    licence: str | None
    """That of the pretrained model, where the catalog tells it."""
    base_models: tuple[str, ...]
    """Hub ids of the pretrained model, where the catalog knows it."""
    datasets: tuple[str, ...]
    """Hub ids of what it was trained on."""
    test: Mapping[str, Any] | None
    """Test scores; None where the run was not tested."""

    @classmethod
    def of(cls, folder: RunFolder, manifest: Mapping[str, Any]) -> Published:
        """Read it from a run."""
        base, source = base_and_source(manifest)
        try:
            entry = known_entry(base, read_catalog()) if isinstance(base, str) else None
        except UnknownModelError:
            entry = None
        return cls(
            name=re.sub(r"[^A-Za-z0-9._-]+", "-", folder.root.resolve().name).strip("-.") or "model",
            labels=tuple(manifest["labels"]),
            licence=entry.licence if entry else None,
            base_models=(entry.hub,) if entry else (),
            datasets=_hub_datasets(source),
            test=test_scores(folder),
        )


def write_public_run(run: RunFolder, manifest: Mapping[str, Any], public: RunFolder) -> None:
    """Copy what answers, with the parts of the manifest and the scores that may be seen by all.

    Args:
        run: A run that was exported.
        manifest: Its manifest.
        public: Where the copy shall stand.
    """
    public.root.mkdir(parents=True)
    shutil.copytree(run.onnx.root, public.onnx.root)
    if run.blend.is_dir():
        shutil.copytree(run.blend, public.blend)
    base, source = map(last_part, base_and_source(manifest))
    kept = {key: manifest[key] for key in _MANIFEST_KEYS if key in manifest}
    write_json(public.manifest, {**kept, "config": {"modeling": {"name": base}, "data": {"source": source}}})
    if (test := test_scores(run)) is not None:
        write_json(public.metrics, {"test": test})


def _hub_datasets(source: Any) -> tuple[str, ...]:
    """Hub ids in `hub:owner/name[:config][@split]`."""
    sources = source if isinstance(source, list) else [source]
    found = (re.match(r"hub:([\w.-]+/[\w.-]+)", each) for each in sources if isinstance(each, str))
    return tuple(dict.fromkeys(match[1] for match in found if match))
