"""A worker process: it holds all models and answers batches, one after the other, until its pipe is closed.

Started by `python -m afina.serving.computing.worker`: frames come in on standard input and go out on standard output.
A new interpreter is started rather than this one forked, since a process with threads cannot be forked safely.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from afina.errors import AfinaError, first_line
from afina.inference import Classifier
from afina.inference.explaining import GRADIENTS
from afina.recipes.explaining import explain_one
from afina.serving.computing.frames import BROKEN, EXPLAIN, MEMORY, NO_PROBABILITY, PROBE, REFUSED, Frame, read_frame
from afina.tokenization import Encodings

# Libraries wrap failed allocations in errors of their own.
_NO_MEMORY = ("bad_alloc", "bad allocation", "failed to allocate memory", "can't allocate memory", "out of memory")

Load = Callable[..., Classifier]


class Worker:
    """Answers batches from one pipe into another.

    Args:
        requests: Where frames come from.
        replies: Where frames go.
        load: Makes a classifier of a run's folder, with the arguments of `Classifier.load`.
    """

    def __init__(self, requests: BinaryIO, replies: BinaryIO, *, load: Load = Classifier.load) -> None:
        self._requests, self._replies, self._load = requests, replies, load
        self._writing = threading.Lock()
        self._classifiers: dict[str, Classifier] = {}

    def run(self) -> None:
        """Load the models that the first frame names, then answer until the pipe is closed."""
        first = read_frame(self._requests)
        if first is None:
            return
        self._start_heartbeat(float(first.message["heartbeat_s"]))
        try:
            models = [self._loaded(name, Path(run), first.message) for name, run in first.message["runs"].items()]
        except (AfinaError, MemoryError) as error:
            hint = error.hint if isinstance(error, AfinaError) else None
            self._send({"say": "refused", "message": first_line(error), "hint": hint})
            return
        self._send({"say": "loaded", "models": models})
        while (frame := read_frame(self._requests)) is not None:
            self._reply(frame)

    def _start_heartbeat(self, interval_s: float) -> None:
        def beat() -> None:
            while True:
                time.sleep(interval_s)
                self._send({"say": "alive"})

        threading.Thread(target=beat, daemon=True, name="heartbeat").start()

    def _loaded(self, name: str, run: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
        warnings: list[str] = []
        classifier = self._load(run, backend=asked["backend"], threads=asked["threads"], warn=warnings.append)
        self._classifiers[name] = classifier
        encoder = classifier.encoder
        return {
            "name": name,
            "backend": classifier.backend.name,
            "labels": list(classifier.labels),
            "temperature": classifier.temperature,
            "threshold": classifier.threshold,
            "blended": classifier.baseline_weight,
            "max_tokens": encoder.max_tokens,
            "long_text": encoder.long_text,
            "max_windows": encoder.max_windows,
            "tokenizer": encoder.tokenizer_json() if asked["tokenizers"] else None,
            "warnings": warnings,
            "probe": classifier.predict_proba([PROBE])[0].tolist(),
        }

    def _reply(self, frame: Frame) -> None:
        message = frame.message
        started = time.perf_counter()
        answer = self._explained if message["do"] == EXPLAIN else self._answered
        try:
            said, payload = answer(frame)
        except AfinaError as error:
            said, payload = {"say": "failed", "why": REFUSED, "message": first_line(error), "hint": error.hint}, b""
        except Exception as error:  # whatever it is, the next batch may be well
            why = MEMORY if _is_out_of_memory(error) else BROKEN
            if why == BROKEN:
                traceback.print_exc()
            said, payload = {"say": "failed", "why": why, "message": type(error).__name__}, b""
        self._send({**said, "batch": message["batch"], "seconds": time.perf_counter() - started}, payload)

    def _answered(self, frame: Frame) -> tuple[dict[str, Any], bytes]:
        message = frame.message
        classifier = self._classifiers[message["model"]]
        n_texts, first_windows = message["n_texts"], message["first_windows"]
        encodings = Encodings(
            np.frombuffer(frame.payload, dtype=np.int32),
            np.array(message["offsets"], dtype=np.int64),
            np.zeros(n_texts, dtype=np.bool_),
            None if first_windows is None else np.array(first_windows, dtype=np.int64),
        )
        probabilities = classifier.probabilities_of(encodings, message["texts"])
        if not np.isfinite(probabilities).all():
            return {"say": "failed", "why": NO_PROBABILITY, "message": "the model gave what is no probability"}, b""
        return {"say": "answered"}, probabilities.tobytes()

    def _explained(self, frame: Frame) -> tuple[dict[str, Any], bytes]:
        message = frame.message
        classifier = self._classifiers[message["model"]]
        document = explain_one(
            classifier, message["text"], encoder=classifier.encoder, backend=classifier.backend.name,
            blended=classifier.baseline_weight, target=message["target"], method=GRADIENTS,
        )  # fmt: skip
        return {"say": "explained", "document": document}, b""

    def _send(self, message: Mapping[str, Any], payload: bytes = b"") -> None:
        try:
            with self._writing:
                self._replies.write(Frame(message, payload).to_bytes())
                self._replies.flush()
        except (OSError, ValueError):
            os._exit(0)  # the server is gone, and whatever is being computed is for nobody


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(each in str(error).lower() for each in _NO_MEMORY)


def main(*, load: Load = Classifier.load) -> None:
    """Run a worker on this process' standard streams."""
    # The server alone says when a worker ends, also where a terminal or a service manager signals the whole group.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    # What a library prints must not end up among the frames.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    Worker(sys.stdin.buffer, replies, load=load).run()


if __name__ == "__main__":
    main()
