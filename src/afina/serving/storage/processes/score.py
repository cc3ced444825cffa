"""Classifies a file, and goes on where a process that was killed stopped.

Started in the job's folder. The first line of standard input is the order; when that ends, the server is gone, and so
is this process. Each line of standard output is a JSON document: how far it is, and at last how it ended.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afina.errors import AfinaError, MachineLimitError
from afina.serving.storage.mending import mended
from afina.serving.storage.uploads import MOST_ROWS, MOST_UNPACKED_BYTES, too_many_rows

if TYPE_CHECKING:
    from afina.inference import Classifier, Prediction, ScoredFile
    from afina.inference.scoring import Progress
    from afina.labels import LabelSet

SUMMARY = "summary.json"
# What the command line can be told to do otherwise, and the web cannot.
_OPTION = "; --"
_NICENESS = 5
# Fewer than on the command line: people look at the progress, and a cancelled job is to end soon.
_ROWS_PER_CHUNK = 1024
# Of a result: its rows with some columns more. A file that repeats long cells may grow beyond what was looked at.
_MOST_RESULT_BYTES = 3 * MOST_UNPACKED_BYTES


class _Counting:
    """A classifier that counts the texts without an answer."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.failed = 0

    @property
    def labels(self) -> LabelSet:
        return self._classifier.labels

    @property
    def threshold(self) -> float | None:
        return self._classifier.threshold

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        predictions = self._classifier.classify(texts)
        self.failed += sum(prediction.label is None for prediction in predictions)
        return predictions


def main() -> None:
    """Read the order, do it, and say how it ended."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    try:
        _say(done=_score(order))
    except MachineLimitError as error:
        _say(failed=str(error))
    except AfinaError as error:
        _say(failed=mended(f"{error}; {error.hint}" if error.hint else str(error)))
    except MemoryError:
        _say(failed="There is not enough memory for this file")
    except Exception as error:
        # Not its message, which may quote a text.
        _say(failed="The server failed at this file", error=type(error).__name__)


def _end_with_the_server() -> None:
    sys.stdin.read()
    os._exit(1)


def _say(**document: Any) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _score(order: dict[str, Any]) -> dict[str, Any]:
    out, summary = Path(order["out"]), Path(SUMMARY)
    if out.exists() and summary.exists():
        finished: dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
        return finished  # all was done but to note it
    import afina
    from afina.inference import Classifier
    from afina.inference.scoring import fingerprint_of, score_file

    run = Path(order["run"])
    classifier = Classifier.load(run, backend=order["backend"], threads=1, warn=lambda message: None)
    counting = _Counting(classifier)

    def tell(progress: Progress) -> None:
        _check_size(out, progress)
        _say(rows=progress.rows, total=progress.total_rows, failed=counting.failed, seconds_left=progress.seconds_left)

    result = score_file(
        counting, order["source"], out, text_column=order["text_column"], title_column=order["title_column"],
        model=f"{afina.__version__} {fingerprint_of(run, classifier.backend.name)}", force=True,
        rows_per_chunk=_ROWS_PER_CHUNK, on_progress=tell,
    )  # fmt: skip
    finished = _summary(result)
    summary.write_text(json.dumps(finished), encoding="utf-8")
    return finished


def _check_size(out: Path, progress: Progress) -> None:
    if progress.rows > MOST_ROWS:
        raise too_many_rows()
    written = sum(path.stat().st_size for path in out.with_name(out.name + ".partial").glob("rows*"))
    if written > _MOST_RESULT_BYTES:
        raise MachineLimitError("The result is too large")


def _summary(result: ScoredFile) -> dict[str, Any]:
    return {
        "rows": result.rows,
        "failed": result.errors,
        "labels": result.labels,
        "uncertain": result.uncertain,
        "messages": [mended(message.partition(_OPTION)[0]) for message in result.messages],
    }


if __name__ == "__main__":
    main()
