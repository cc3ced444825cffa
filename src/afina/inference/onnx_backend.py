"""Logits from an exported model in ONNX Runtime; imports neither torch nor transformers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.errors import ModelError, first_line
from afina.extras import require
from afina.inference.threads import usable_cores
from afina.tokenization import Encodings, pad, sorted_batches

INPUT_IDS, MASK, LOGITS = "input_ids", "attention_mask", "logits"
FP32, INT8 = "fp32", "int8"
PRECISIONS = (FP32, INT8)

BATCH_TOKENS = 2048
"""Most tokens in a batch, padding counted. Of larger ones the states no longer fit the cores' caches."""

# Written as one operator each, these take three times as long as apart: they are neither vectorized nor divided well.
_SLOWER_WHEN_FUSED = ["SkipLayerNormFusion", "BiasGeluFusion"]
_ERRORS_ONLY = 3


def import_onnxruntime() -> Any:
    """ONNX Runtime, told to report nothing: since its version 1.29 it sends events to its maker if nobody says no.

    Raises:
        MissingExtraError: It is not installed.
    """
    # Read when the library is loaded; the call after it also holds where another package has loaded it before.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    onnxruntime = require("onnxruntime", extra="export")
    onnxruntime.disable_telemetry_events()
    return onnxruntime


class OnnxBackend:
    """A session of ONNX Runtime on the CPU that answers with logits.

    Args:
        session: An `onnxruntime.InferenceSession` of a graph that `export_graph` wrote.
        precision: `fp32` or `int8`.
        pad_id: Token id that fills gaps.
        padding_side: `right` or `left`.
        batch_tokens: Most tokens in a batch, padding counted.
    """

    def __init__(
        self, session: Any, *, precision: str, pad_id: int, padding_side: str, batch_tokens: int = BATCH_TOKENS
    ) -> None:
        self._session = session
        self._precision = precision
        self._pad_id, self._padding_side = pad_id, padding_side
        self._batch_tokens = batch_tokens
        self._n_labels = int(session.get_outputs()[0].shape[1])

    @classmethod
    def load(
        cls, graph: bytes, *, name: str, precision: str, pad_id: int, padding_side: str, threads: int | None = None
    ) -> OnnxBackend:
        """Make a session of a graph.

        The graph is given as bytes, so that those which were checked are those that run, and so that none can point
        to other files.

        Args:
            graph: A serialized `ModelProto`.
            name: Of its file, for errors.
            precision: `fp32` or `int8`.
            pad_id: Token id that fills gaps.
            padding_side: `right` or `left`.
            threads: Threads of one call; as many as there are cores to use if not given.

        Raises:
            ModelError: The graph is damaged, points to other files, or has operators that ONNX Runtime lacks.
            MissingExtraError: ONNX Runtime is not installed.
        """
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        # Every batch has another shape, so no plan of its memory is used twice.
        options.enable_mem_pattern = False
        # Threads that wait for the next call by spinning would slow the tokenizer, and whatever else runs.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        try:
            session = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER_WHEN_FUSED
            )
        except Exception as error:  # each of its dozen status codes is a class of its own
            raise ModelError(
                f"The exported model {name} cannot be loaded: {first_line(error)}", hint="export it again"
            ) from None
        names = [each.name for each in session.get_inputs()]
        shape = session.get_outputs()[0].shape
        if names != [INPUT_IDS, MASK] or len(shape) != 2 or not isinstance(shape[1], int):
            raise ModelError(f"The exported model {name} is not one that afina wrote", hint="export it again")
        return cls(session, precision=precision, pad_id=pad_id, padding_side=padding_side)

    @property
    def name(self) -> str:
        """`onnx-fp32` or `onnx-int8`."""
        return f"onnx-{self._precision}"

    @property
    def n_labels(self) -> int:
        """Logits that a text gets."""
        return self._n_labels

    def logits(self, encodings: Encodings) -> npt.NDArray[np.float32]:
        """Logits of each text, (n_texts, n_labels); of one that is read in several windows, the mean of theirs."""
        logits = np.zeros((len(encodings), self._n_labels), dtype=np.float32)
        for rows in sorted_batches(encodings.lengths, self._batch_tokens, window_counts=encodings.window_counts):
            batch = pad(encodings, rows, pad_id=self._pad_id, side=self._padding_side)
            (of_windows,) = self._session.run(None, {INPUT_IDS: batch.token_ids, MASK: batch.mask})
            if batch.owners is None:
                logits[rows] = of_windows
                continue
            sums = np.zeros((len(rows), self._n_labels), dtype=np.float32)
            np.add.at(sums, batch.owners, of_windows)
            logits[rows] = sums / np.bincount(batch.owners, minlength=len(rows))[:, None]
        return logits
