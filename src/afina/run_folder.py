"""The map of a run folder: every file name inside a run is written here and nowhere else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.errors import ModelError
from afina.model_files import check_labels, refuse_adapters, refuse_unsafe_files
from afina.utf8 import as_utf8

PARTIAL_SUFFIX = ".partial"


@dataclass(frozen=True)
class RunFolder:
    """Paths inside one run.

    `model/` is a standard Hugging Face folder; everything else is afina's own record of how it came to be.
    """

    root: Path

    @property
    def model(self) -> Path:
        """Folder with config.json, model.safetensors, the tokenizer and the model card."""
        return self.root / "model"

    @property
    def weights(self) -> Path:
        """The model's weights, from which exported models are made."""
        return self.model / "model.safetensors"

    @property
    def manifest(self) -> Path:
        """run.json: versions, data, resolved settings, labels, temperature, sha256 of each artifact."""
        return self.root / "run.json"

    @property
    def history(self) -> Path:
        """history.jsonl: one line per logged step."""
        return self.root / "history.jsonl"

    @property
    def metrics(self) -> Path:
        """metrics.json: what `train --json` printed."""
        return self.root / "metrics.json"

    @property
    def predictions(self) -> Path:
        """predictions.parquet: the test set with labels and probabilities."""
        return self.root / "predictions.parquet"

    @property
    def rejected(self) -> Path:
        """rejected.jsonl: rows of the sources that could not be understood; only where there are any."""
        return self.root / "rejected.jsonl"

    @property
    def request(self) -> Path:
        """request.json: what an unfinished run was asked for, from which it can start over; the file it locks."""
        return self.root / "request.json"

    @property
    def replaced(self) -> Path:
        """The run that this one replaces, for the moment between two renames."""
        return self.root / "replaced"

    @property
    def checkpoints(self) -> Path:
        """Where an unfinished run keeps what it needs to go on."""
        return self.root / "checkpoints"

    @property
    def states(self) -> Path:
        """Where states of frozen layers are kept while training, when memory has no room for them."""
        return self.root / "states"

    @property
    def adapter(self) -> Path:
        """The low-rank updates and the head alone, as peft loads them; only where they were trained."""
        return self.root / "adapter"

    @property
    def blend(self) -> Path:
        """The TF-IDF baseline that is blended in; only where it is."""
        return self.root / "blend"

    @property
    def onnx(self) -> OnnxFolder:
        """The model as ONNX Runtime takes it; only where `afina export` was run."""
        return OnnxFolder(self.root / "onnx")

    @property
    def dev_texts(self) -> Path:
        """dev.parquet: the texts that chose weights, temperature and threshold, with their labels."""
        return self.root / "dev.parquet"

    @property
    def fingerprints(self) -> Path:
        """fingerprints.parquet: hashed words of the texts it learned from, by which leaks are found later."""
        return self.root / "fingerprints.parquet"

    @property
    def mistakes(self) -> Path:
        """mistakes.json: test texts it got wrong, and the training texts nearest to them."""
        return self.root / "mistakes.json"

    @property
    def behaviour(self) -> Path:
        """behaviour.json: what `afina check` found; only where it was run."""
        return self.root / "behaviour.json"

    @property
    def evaluations(self) -> Path:
        """What `afina evaluate` found, one JSON file a data set; only where it was run."""
        return self.root / "evaluations"

    @property
    def report(self) -> Path:
        """report.html: all that is known about the run, on one page."""
        return self.root / "report.html"

    @property
    def figures(self) -> Path:
        """The figures of the report, each as an SVG file."""
        return self.root / "figures"

    @property
    def tensorboard(self) -> Path:
        """Event files of `--track`."""
        return self.root / "tensorboard"

    @property
    def partial(self) -> RunFolder:
        """The sibling folder in which this run is written until it is complete."""
        return RunFolder(self.root.with_name(self.root.name + PARTIAL_SUFFIX))

    @property
    def has_checkpoint(self) -> bool:
        """Whether an unfinished run holds a checkpoint to go on from."""
        return any(self.checkpoints.glob("step-*/state.json"))

    @property
    def is_complete(self) -> bool:
        """Whether all of the run is written, and whole; the metrics are written last."""
        try:
            self.verify()
        except ModelError:
            return False
        return self.metrics.is_file()

    def read_manifest(self) -> dict[str, Any]:
        """The manifest as a dictionary.

        Raises:
            ModelError: This is not a finished run.
        """
        if not self.root.is_dir():
            raise ModelError(f"No such run: {self.root}", hint="`afina train` prints the folder it wrote")
        try:
            manifest = json.loads(self.manifest.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ModelError(
                f"Not a run folder: {self.root} (it has no {self.manifest.name})",
                hint=f"go on with `afina train --resume {self.root}`"
                if self.root.name.endswith(PARTIAL_SUFFIX)
                else None,
            ) from None
        except (OSError, ValueError) as error:
            raise ModelError(f"The manifest of {self.root} cannot be read: {error}") from None
        if not isinstance(manifest, dict) or "labels" not in manifest:
            raise ModelError(f"The manifest of {self.root} is not one that afina wrote")
        return manifest

    def weights_sha256(self, artifacts: Mapping[str, str]) -> str | None:
        """sha256 of the weights, also where they are not here, by the artifacts of the manifest; None if not listed."""
        return artifacts.get(self.weights.relative_to(self.root).as_posix())

    def verify(self) -> dict[str, Any]:
        """See that the run is safe to load and as it was written, before a library opens any of it.

        No file may be of a kind that can run code or name anything outside the run, each artifact must have the sha256
        that the manifest lists, the model's folder must hold no other file, and the model must have the run's labels.

        Returns:
            The manifest.

        Raises:
            ModelError: Something of this is not so; the file or the field is named.
        """
        manifest = self.read_manifest()
        artifacts = manifest.get("artifacts", {})
        if not isinstance(artifacts, dict):
            raise ModelError(f"The manifest of {self.root} does not list the run's files")
        for folder in (self.model, self.adapter, self.blend, self.onnx.root):
            refuse_unsafe_files(folder)
        refuse_adapters(self.model)
        self._check_artifacts(artifacts)
        if (config := self.model / "config.json").is_file():
            check_labels(config, manifest["labels"])
        return manifest

    def _check_artifacts(self, artifacts: Mapping[str, Any]) -> None:
        # An exported model answers without the one it was made of.
        is_light = self.onnx.record.is_file() and not self.model.exists()
        for name, expected in artifacts.items():
            if is_light and not (self.root / name).exists() and not name.startswith(f"{self.blend.name}/"):
                continue
            if not (self.root / name).resolve().is_relative_to(self.root.resolve()):
                raise ModelError(
                    f"The manifest of {self.root} lists a file outside the run: {name}",
                    hint="afina never writes such a manifest",
                )
            path = self.root / name
            if not path.is_file():
                raise ModelError(f"The run {self.root} misses the file {name}", hint="copy the run folder again, whole")
            if sha256_of(path) != expected:
                raise ModelError(
                    f"The file {name} of run {self.root} has changed since it was written",
                    hint="restore it, or train again; its sha256 stands in run.json",
                )
        for path in sorted(self.model.rglob("*")):
            # What a desktop leaves behind, such as .DS_Store, no library reads.
            is_read = path.is_file() and not path.name.startswith(".")
            if is_read and path.relative_to(self.root).as_posix() not in artifacts:
                raise ModelError(
                    f"The file {path.relative_to(self.root).as_posix()} of run {self.root} is not one of the run's own",
                    hint="remove it; run.json lists all files of the model",
                )

    def artifact_hashes(self) -> dict[str, str]:
        """sha256 of all that answers and checks rest on, by path relative to the run."""
        folders = (self.model, self.adapter, self.blend)
        files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
        files += [file for file in (self.fingerprints, self.dev_texts) if file.is_file()]
        return {path.relative_to(self.root).as_posix(): sha256_of(path) for path in files}


@dataclass(frozen=True)
class OnnxFolder:
    """Paths of an exported model, which answers without the rest of its run but for the manifest and the blend."""

    root: Path

    @property
    def record(self) -> Path:
        """export.json: sha256 of each file, what a graph is fed with, and what the checks found; written last."""
        return self.root / "export.json"

    @property
    def fp32(self) -> Path:
        """The graph with its weights in 32-bit numbers."""
        return self.root / "model.onnx"

    @property
    def int8(self) -> Path:
        """The graph that multiplies in 8-bit integers; only where it was asked for and found good."""
        return self.root / "model_int8.onnx"

    def graph(self, precision: str) -> Path:
        """The graph of a precision, `fp32` or `int8`."""
        return {"fp32": self.fp32, "int8": self.int8}[precision]

    @property
    def tokenizer(self) -> Path:
        """tokenizer.json, as in `model/`."""
        return self.root / "tokenizer.json"

    @property
    def self_test(self) -> Path:
        """self_test.json: texts, their token ids, and the logits that each graph gave them."""
        return self.root / "self_test.json"


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a file beside its place and rename it there, so that it is never seen half written.

    What a kill leaves beside it is overwritten by the next attempt, so that only one command may write it at a time.
    """
    beside = path.with_name(path.name + ".tmp")
    with beside.open("w", encoding="utf-8") as file:
        file.write(as_utf8(text))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document atomically, indented for readers."""
    write_text(path, as_json(document))


def as_json(document: Any) -> str:
    """A JSON document as a file holds it."""
    return as_utf8(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def resume_hint(partial: RunFolder) -> str | None:
    """How to go on with an unfinished run; None where it has no checkpoint to go on from."""
    return f"go on with `afina train --resume {partial.root}`" if partial.has_checkpoint else None
