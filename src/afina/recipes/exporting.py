"""A finished run as ONNX, checked against itself: the recipe behind `afina export`."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

import afina
from afina.claims import locked
from afina.data import TextDataset
from afina.errors import ExportError, ModelError
from afina.inference.export_record import DevCheck, ExportRecord, GraphRecord
from afina.inference.exporting import MOST_IN_FP32, OPSET, export_graph, largest_differences, quantize
from afina.inference.loading import TORCH, Parts, load_parts
from afina.inference.onnx_backend import FP32, INT8, OnnxBackend, import_onnxruntime
from afina.inference.self_test import SelfTest
from afina.inference.torch_backend import TorchBackend
from afina.modeling.anatomy import head_modules
from afina.outputs import as_one_sentence, check_folder, new_folder, remove_leftovers
from afina.recipes.integer_checks import (
    FEWEST_TEXTS,
    Fitted,
    check_integers,
    is_good,
    promised_error_rate,
    read_dev_texts,
)
from afina.recipes.labelled import ReadOptions
from afina.recipes.reporting import Reporter, Silent
from afina.run_folder import OnnxFolder, RunFolder, sha256_of, write_json

_TEXTS_WATCHED = 256
_TEXTS_COMPARED = 64
# Protocol buffers, and so ONNX files, end there.
_MOST_BYTES = 2**31 - 1


def export_run(
    run: str | os.PathLike[str],
    *,
    int8: bool = False,
    on: str | None = None,
    reading: ReadOptions | None = None,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Write a run's model as ONNX into the run, where `Classifier.load` finds it; an export that stands there goes.

    Args:
        run: A finished run.
        int8: Also in 8-bit integers, if that keeps the answers to the dev texts.
        on: Labelled texts to check and calibrate the integers on; the run's own dev texts if not given.
        reading: How these are read.
        reporter: Told of what happens.

    Returns:
        The document of `export --json`: `{"run", "onnx", "opset", "onnxruntime", "fp32", "int8", "refused",
        "seconds"}`.

    Raises:
        ModelError: There is no such run, or it has changed.
        ExportError: The graph does not give PyTorch's logits, or ONNX cannot hold the model.
        ConfigError: Integers are asked for, and there are no texts to check them on.
        OutputError: The run cannot be written into, or another command is exporting it.
        MissingExtraError: The extra `export` is not installed.
    """
    reporter, started = reporter or Silent(), time.monotonic()
    onnxruntime = import_onnxruntime()
    folder = RunFolder(Path(run))
    reporter.stage("Loading the run")
    parts = load_parts(folder.root, backend=TORCH)
    with _held(folder):
        dev = read_dev_texts(folder, parts, on, reading, reporter) if int8 else None
        made = _Making(folder, parts, reporter)
        made.add_fp32()
        if dev is not None:
            made.add_int8(dev)
        record = made.write(onnxruntime.__version__)
    return export_document(run, record, seconds=time.monotonic() - started)


def export_document(run: str | os.PathLike[str], record: ExportRecord, *, seconds: float) -> dict[str, Any]:
    """The document of `export --json`; see `export_run`."""
    graphs = {precision: record.graphs.get(precision) for precision in (FP32, INT8)}
    return {
        "run": str(run),
        "onnx": str(RunFolder(Path(run)).onnx.root),
        "opset": record.opset,
        "onnxruntime": record.onnxruntime,
        **{precision: None if graph is None else graph.model_dump() for precision, graph in graphs.items()},
        "refused": record.refused,
        "seconds": seconds,
    }


@contextmanager
def _held(folder: RunFolder) -> Iterator[None]:
    """Keep other exports of the run away, and what killed ones left; refuse before any work what cannot be written.

    Raises:
        OutputError: The run cannot be written into, or another command is exporting it.
    """
    place = folder.onnx.root
    check_folder(place, mark=folder.onnx.record.name, force=True)
    with ExitStack() as stack:
        with as_one_sentence(folder.manifest):
            stack.enter_context(locked(folder.manifest, place, hint="wait for it to end"))
            remove_leftovers(place)
        yield


class _Making:
    """An export in the making: graphs, and what the checks found of them."""

    def __init__(self, folder: RunFolder, parts: Parts, reporter: Reporter) -> None:
        if not isinstance(parts.backend, TorchBackend):
            raise ModelError("A run is exported from its PyTorch model")
        self._folder, self._parts, self._reporter = folder, parts, reporter
        self._torch = parts.backend
        self._pretrained = parts.backend.pretrained
        self._graph: Any = None
        self._files: dict[str, bytes] = {}
        self._backends: dict[str, OnnxBackend] = {}
        self._records: dict[str, GraphRecord] = {}
        self._refused: dict[str, Any] | None = None

    def add_fp32(self) -> None:
        """Write the graph, and see that it gives PyTorch's logits."""
        self._reporter.stage("Writing the graph")
        self._graph = export_graph(self._pretrained)
        self._load(FP32, self._graph)
        self._reporter.stage("Comparing it with PyTorch")
        differences = self._differences(FP32)
        worst = max(differences, key=differences.__getitem__)
        if not differences[worst] <= MOST_IN_FP32:
            raise ExportError(
                f"The ONNX model does not give PyTorch's logits: off by {differences[worst]:.2g} on {worst} batches, "
                f"where rounding explains {MOST_IN_FP32:g}",
                hint="nothing was written; the run answers with PyTorch as before",
            )
        parts = self._parts
        self._record(FP32, differences, parts.temperature, parts.blend_temperature, parts.threshold, None)

    def add_int8(self, dev: TextDataset) -> None:
        """Write the graph in integers, unless it answers the dev texts otherwise."""
        if len(dev) < FEWEST_TEXTS:
            self._reporter.warn(
                f"Only {len(dev):,} texts check the integers, and 1 in 100 may change its label: "
                f"{FEWEST_TEXTS} or more would show it; --on SOURCE gives others"
            )
        self._reporter.stage("Rounding to 8-bit integers")
        encodings = self._parts.encoder.encode(dev.texts)
        watched = range(min(_TEXTS_WATCHED, len(encodings)))
        head = head_modules(self._pretrained.model)
        graph = quantize(self._graph, [encodings.window(i).astype(np.int64) for i in watched], kept=head)
        self._load(INT8, graph)
        self._reporter.stage("Checking it on the dev texts")
        before, after = self._torch.logits(encodings), self._backends[INT8].logits(encodings)
        fitted = Fitted.on(dev, after, self._parts, error_rate=promised_error_rate(self._folder))
        check = check_integers(dev, before, after, self._parts, fitted)
        differences = self._differences(INT8)
        if not is_good(check):
            self._refused = {**check.model_dump(), "largest_difference": differences}
            del self._files[INT8], self._backends[INT8]
            return
        self._record(INT8, differences, fitted.temperature, fitted.blend_temperature, fitted.threshold, check)

    def write(self, onnxruntime_version: str) -> ExportRecord:
        """Put everything into the run's folder."""
        self._reporter.stage("Writing")
        self_test = SelfTest.record(self._parts.encoder, self._backends)
        with new_folder(self._folder.onnx.root, mark=self._folder.onnx.record.name, force=True) as beside:
            files = OnnxFolder(beside)
            files.fp32.write_bytes(self._files[FP32])
            if INT8 in self._files:
                files.int8.write_bytes(self._files[INT8])
            # As the model's own, without the padding and truncation that it may carry.
            self._pretrained.backend_tokenizer.save(str(files.tokenizer))
            write_json(files.self_test, self_test.as_dict())
            record = ExportRecord(
                afina=afina.__version__,
                onnxruntime=onnxruntime_version,
                opset=OPSET,
                weights_sha256=sha256_of(self._folder.weights),
                labels=self._parts.labels.names,
                pad_id=self._pretrained.pad_id,
                padding_side=self._pretrained.padding_side,
                n_embedded=int(self._pretrained.model.config.get_text_config().vocab_size),
                tokenizer_sha256=sha256_of(files.tokenizer),
                self_test_sha256=sha256_of(files.self_test),
                graphs=self._records,
                refused=self._refused,
            )
            write_json(files.record, record.model_dump())
        return record

    def _load(self, precision: str, graph: Any) -> None:
        if graph.ByteSize() > _MOST_BYTES:
            raise ExportError(
                f"The {precision} graph is larger than the 2 GB that one ONNX file can hold",
                hint="the run answers with PyTorch as before",
            )
        self._files[precision] = graph.SerializeToString()
        self._backends[precision] = OnnxBackend.load(
            self._files[precision], name=f"in {precision}", precision=precision, pad_id=self._pretrained.pad_id,
            padding_side=self._pretrained.padding_side,
        )  # fmt: skip

    def _differences(self, precision: str) -> dict[str, float]:
        texts = _texts_of(self._folder.predictions)[:_TEXTS_COMPARED]
        return largest_differences(self._torch, self._backends[precision], self._parts.encoder, texts)

    def _record(
        self,
        precision: str,
        differences: dict[str, float],
        temperature: float,
        blend_temperature: float,
        threshold: float | None,
        dev: DevCheck | None,
    ) -> None:
        content = self._files[precision]
        self._records[precision] = GraphRecord(
            sha256=hashlib.sha256(content).hexdigest(),
            mb=len(content) / 1e6,
            largest_difference=differences,
            temperature=temperature,
            blend_temperature=blend_temperature,
            threshold=threshold,
            dev=dev,
        )


def _texts_of(predictions: Path) -> list[str]:
    if not predictions.is_file():
        return []
    texts: list[str] = pq.read_table(predictions, columns=["text"]).column("text").to_pylist()
    return texts
