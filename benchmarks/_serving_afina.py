"""afina's server with a run, or with nothing behind it.

    python benchmarks/_serving_afina.py RUN PORT fp32|int8|instant|no-op

`instant` answers in the server process at once, so that what is left is HTTP; `no-op` has texts tokenized, queued and
sent to a worker whose model does nothing. RUN gives them their labels and tokenizer.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from afina.serving.app import create_app
from afina.serving.computing import make_engine
from afina.serving.engine import Answer, Answered, ModelInfo, Timing
from afina.serving.server import bind, run
from afina.serving.settings import ServingSettings

NO_OP_WORKER = (sys.executable, str(Path(__file__).with_name("_serving_no_op_worker.py")))


class InstantEngine:
    """Gives every text the same answer at once."""

    ready = True

    def __init__(self) -> None:
        info = ModelInfo("run", ("negative", "positive"), "0" * 12, 512, "head", 1.0, None, "instant")
        self.models = {"run": info}

    async def start(self) -> None:
        """Nothing to do."""

    async def drain(self, timeout_s: float) -> None:
        """Nothing to do."""

    def statistics(self) -> dict[str, float]:
        """Nothing to tell."""
        return {}

    async def answer(self, model: str, texts: Sequence[str], **options: Any) -> Answered:
        """The same for all."""
        return Answered(tuple(Answer((0.25, 0.75), 20, False) for _ in texts), Timing(0.0, 0.0, 0.0))

    async def explain(self, model: str, text: str, **options: Any) -> dict[str, Any]:
        """Not measured."""
        raise NotImplementedError


def main(folder: str, port: str, kind: str) -> None:
    """Serve until told to stop."""
    settings = ServingSettings(port=int(port), backend=kind if kind in ("fp32", "int8") else "auto")
    runs = {"run": Path(folder)}
    if kind == "instant":
        engine: Any = InstantEngine()
    elif kind == "no-op":
        engine = make_engine(runs, settings, worker_command=NO_OP_WORKER)
    else:
        engine = make_engine(runs, settings)
    listener = bind(settings)
    run(create_app(settings, engine), engine, settings, listener)


if __name__ == "__main__":
    main(*sys.argv[1:])
