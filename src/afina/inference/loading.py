"""A run folder as the parts of a classifier: from the exported model where there is one, or else with PyTorch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from afina.errors import ConfigError, MissingExtraError, ModelError, first_line
from afina.evaluation import read_tfidf
from afina.inference.export_record import ExportRecord, GraphRecord, read_export
from afina.inference.onnx_backend import FP32, INT8, OnnxBackend
from afina.inference.self_test import SelfTest
from afina.inference.threads import threads_to_use
from afina.labels import LabelSet
from afina.protocols import Predictor
from afina.run_folder import RunFolder
from afina.tokenization import DEFAULT_MAX_WINDOWS, HEAD, Encoder

if TYPE_CHECKING:
    from afina.inference.classifier import Backend

AUTO, TORCH = "auto", "torch"
BACKENDS = (AUTO, INT8, FP32, TORCH)

_AGAIN = "export it again: `afina export RUN`"


@dataclass(frozen=True)
class RunSettings:
    """What the manifest of a run says of how it answers."""

    labels: LabelSet
    temperature: float
    """What the logits of `model/` are still to be divided by."""
    max_tokens: int
    long_text: str
    max_windows: int
    blend_weight: float
    blend_temperature: float
    blend_file: Path | None
    threshold: float | None

    @classmethod
    def of(cls, folder: RunFolder, manifest: Mapping[str, Any]) -> RunSettings:
        """Read a manifest.

        Raises:
            ModelError: Something is missing in it, or is not what it should be, or the file it blends in has no hash.
        """
        try:
            settings = manifest["settings"]
            blended = manifest.get("blend") or {"weight": 0}
            weight = float(blended["weight"])
            file = str(blended["file"]) if weight else None
            chosen = (manifest.get("unsure") or {}).get("threshold")
            found = cls(
                labels=LabelSet(tuple(manifest["labels"])),
                temperature=_temperature_left(manifest),
                max_tokens=int(settings["max_tokens"]),
                long_text=str(settings.get("long_text", HEAD)),
                max_windows=int(settings.get("max_windows", DEFAULT_MAX_WINDOWS)),
                blend_weight=weight,
                blend_temperature=float(blended.get("temperature", 1.0)),
                blend_file=folder.root / file if file is not None else None,
                threshold=None if chosen is None else float(chosen),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"The manifest of {folder.root} is incomplete: {error}") from None
        # Only what it lists was checked, to be the run's own and as it was written.
        if file is not None and file not in manifest.get("artifacts", {}):
            raise ModelError(
                f"The manifest of {folder.root} blends in a file that it does not list: {file}",
                hint="afina never writes such a manifest",
            )
        return found

    def encoder(self, tokenizer: Tokenizer, *, name: str) -> Encoder:
        """What cuts texts as the run was trained to read them.

        Raises:
            ModelError: The settings contradict the tokenizer.
        """
        try:
            return Encoder(tokenizer, self.max_tokens, long_text=self.long_text, max_windows=self.max_windows)
        except ConfigError as error:
            raise ModelError(f"The manifest of {name} asks for what cannot be: {error}") from None


@dataclass(frozen=True)
class Parts:
    """What a classifier is made of; names as the arguments of `Classifier`."""

    backend: Backend
    encoder: Encoder
    labels: LabelSet
    temperature: float
    baseline: Predictor | None
    baseline_weight: float
    blend_temperature: float
    threshold: float | None


def load_parts(
    run: Path, *, backend: str = AUTO, threads: int | None = None, warn: Callable[[str], None] = lambda message: None
) -> Parts:
    """Load a run.

    Args:
        run: The run's folder; of one that was exported, `run.json`, `onnx/` and `blend/` are enough.
        backend: `int8`, `fp32` or `torch`; `auto` takes the first of these that is there and passes its self-test.
        threads: Threads of one call, as `threads_to_use` takes them.
        warn: Told why an exported model is not used.

    Raises:
        ModelError: There is no such run, a file of it is missing or changed, or the backend asked for is not there.
        ConfigError: The backend is unknown, or `threads` is no whole number above 0.
        MissingExtraError: What the backend needs is not installed.
    """
    if backend not in BACKENDS:
        raise ConfigError(f"Unknown backend: {backend!r}", hint=f"known are {', '.join(BACKENDS)}")
    threads = threads_to_use(threads)
    folder = RunFolder(run)
    manifest = folder.verify()
    settings = RunSettings.of(folder, manifest)
    baseline = read_tfidf(settings.blend_file) if settings.blend_file else None

    def parts(loaded: Backend, encoder: Encoder, fitted: RunSettings | GraphRecord) -> Parts:
        return Parts(
            loaded, encoder, settings.labels, fitted.temperature, baseline, settings.blend_weight,
            fitted.blend_temperature, fitted.threshold,
        )  # fmt: skip

    if backend != TORCH:
        for found in _exported(folder, manifest, settings, backend=backend, threads=threads, warn=warn):
            return parts(found.backend, found.encoder, found.graph)
    return parts(*_with_torch(folder, settings, threads=threads), settings)


@dataclass(frozen=True)
class _Exported:
    backend: OnnxBackend
    encoder: Encoder
    graph: GraphRecord


def _exported(
    folder: RunFolder,
    manifest: Mapping[str, Any],
    settings: RunSettings,
    *,
    backend: str,
    threads: int | None,
    warn: Callable[[str], None],
) -> Iterator[_Exported]:
    """Exported models that may answer, the best first; none where PyTorch shall."""
    record = read_export(folder.onnx)
    if record is None:
        if backend != AUTO:
            raise ModelError(f"The run {folder.root} has no exported model", hint=f"afina export {folder.root}")
        return
    if record.weights_sha256 != folder.weights_sha256(manifest.get("artifacts", {})):
        if backend != AUTO:
            raise ModelError(f"The exported model of {folder.root} was made of other weights", hint=_AGAIN)
        warn(f"The exported model of {folder.root} was made of other weights and is not used: {_AGAIN}")
        return
    if backend not in (AUTO, *record.graphs):
        raise ModelError(
            f"The run {folder.root} was not exported in {backend}",
            hint=f"afina export {folder.root}" + (" --int8" if backend == INT8 else ""),
        )
    try:
        yield from _tested(folder, record, settings, backend=backend, threads=threads, warn=warn)
    except MissingExtraError as error:
        if backend != AUTO or not folder.model.is_dir():
            raise
        warn(f"The exported model of {folder.root} is not used: {first_line(error)}")


def _tested(
    folder: RunFolder,
    record: ExportRecord,
    settings: RunSettings,
    *,
    backend: str,
    threads: int | None,
    warn: Callable[[str], None],
) -> Iterator[_Exported]:
    """Exported models that answer as they did where they were made."""
    files = folder.onnx
    if list(record.labels) != list(settings.labels):
        raise ModelError(
            f"The exported model of {folder.root} has other labels: {', '.join(record.labels)} instead of "
            f"{', '.join(settings.labels)}",
            hint=_AGAIN,
        )
    self_test = SelfTest.read(_checked(files.self_test, record.self_test_sha256, folder), name=str(files.self_test))
    encoder = settings.encoder(_tokenizer(files.tokenizer, record, folder), name=str(folder.root))
    encodings = self_test.check_tokenizer(encoder, name=str(files.tokenizer))
    wanted = [each for each in (INT8, FP32) if each in record.graphs] if backend == AUTO else [backend]
    for precision in wanted:
        path, graph = files.graph(precision), record.graphs[precision]
        loaded = OnnxBackend.load(
            _checked(path, graph.sha256, folder), name=str(path), precision=precision, pad_id=record.pad_id,
            padding_side=record.padding_side, threads=threads,
        )  # fmt: skip
        if loaded.n_labels != len(settings.labels):
            raise ModelError(
                f"The exported model {path} gives {loaded.n_labels} logits, and the run has {len(settings.labels)} "
                "labels",
                hint=_AGAIN,
            )
        difference = self_test.difference(loaded, precision, encodings)
        if difference <= 1:
            yield _Exported(loaded, encoder, graph)
        elif backend != AUTO:
            raise ModelError(_computes_otherwise(precision), hint="take another backend, or --backend auto")
        else:
            warn(f"{_computes_otherwise(precision)}, so it is not used")


def _computes_otherwise(precision: str) -> str:
    return f"The exported {precision} model does not answer on this machine as it did where it was exported"


def _checked(path: Path, sha256: str, folder: RunFolder) -> bytes:
    """What a file holds, if that is what was written."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        name = path.relative_to(folder.root)
        raise ModelError(f"The run {folder.root} misses the file {name}", hint=_AGAIN) from None
    except OSError as error:
        raise ModelError(f"The file {path} cannot be read: {error.strerror or error}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(
            f"The file {path.relative_to(folder.root)} of run {folder.root} has changed since it was written",
            hint=_AGAIN,
        )
    return content


def _tokenizer(path: Path, record: ExportRecord, folder: RunFolder) -> Tokenizer:
    content = _checked(path, record.tokenizer_sha256, folder)
    try:
        tokenizer = Tokenizer.from_buffer(content)
    except Exception as error:  # tokenizers raises plain Exception
        raise ModelError(f"The tokenizer {path} cannot be read: {first_line(error)}") from None
    if max(tokenizer.get_vocab(with_added_tokens=False).values(), default=0) >= record.n_embedded:
        raise ModelError(
            f"The tokenizer {path} is not that of its model: it has ids from {record.n_embedded:,} on, for which the "
            "model has no embedding",
            hint=_AGAIN,
        )
    return tokenizer


def _with_torch(folder: RunFolder, settings: RunSettings, *, threads: int | None) -> tuple[Backend, Encoder]:
    if not folder.model.is_dir():
        raise ModelError(
            f"The run {folder.root} has no folder {folder.model.name}, and no exported model that can be used",
            hint="copy the run folder again, whole",
        )
    from afina.inference.torch_backend import TorchBackend

    backend = TorchBackend.load(folder.model, settings.labels, threads=threads)
    return backend, settings.encoder(backend.pretrained.backend_tokenizer, name=str(folder.root))


def _temperature_left(manifest: Mapping[str, Any]) -> float:
    """What logits are still to be divided by: the fitted temperature, where the model's weights do not hold it yet."""
    calibration = manifest.get("calibration") or {"folded": False}
    temperature = float(manifest["temperature"])
    return 1.0 if calibration["folded"] else temperature
