"""An engine that computes nothing: for what the protocol does with answers and with failures."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from afina.errors import DataError
from afina.serving.engine import Answer, Answered, ModelInfo, Timing

LABELS = ("negative", "positive")
MAX_TOKENS = 64


def model_info(name: str, labels: tuple[str, ...] = LABELS, **changed: Any) -> ModelInfo:
    known: dict[str, Any] = {
        "revision": "0123456789ab", "max_tokens": MAX_TOKENS, "long_text": "head", "temperature": 1.0,
        "threshold": 0.8, "backend": "onnx-fp32",
    }  # fmt: skip
    return ModelInfo(name=name, labels=labels, **{**known, **changed})


@dataclass
class FakeEngine:
    """Finds texts with `good` in them positive; fails with `failure` if there is one, and waits `delay_s`."""

    models: dict[str, ModelInfo] = field(
        default_factory=lambda: {
            "reviews": model_info("reviews"),
            "tweets": model_info("tweets", long_text="windows", threshold=None),
            "stars": model_info("stars", ("one", "two", "three")),
        }
    )
    ready: bool = True
    failure: Exception | None = None
    delay_s: float = 0.0
    asked: list[tuple[str, list[str], float]] = field(default_factory=list)
    cancelled: int = 0
    drained_s: float | None = None

    async def answer(
        self, model: str, texts: Sequence[str], *, timeout_s: float, error_if_truncated: bool = False
    ) -> Answered:
        info = self.models[model]
        self.asked.append((model, list(texts), timeout_s))
        if self.failure is not None:
            raise self.failure
        try:
            await asyncio.sleep(self.delay_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        answers = []
        for text in texts:
            tokens = len(text.split()) + 2
            if tokens > info.max_tokens and error_if_truncated:
                raise DataError("A text is too long")
            good = 0.9 if "good" in text else 0.3
            rest = (1 - good) / (len(info.labels) - 1)
            answers.append(Answer((*[rest] * (len(info.labels) - 1), good), tokens, tokens > info.max_tokens))
        return Answered(tuple(answers), Timing(0.1, 0.2, 0.3))

    async def explain(
        self, model: str, text: str, *, target: str | None, method: str, timeout_s: float, max_evals: int = 256
    ) -> dict[str, Any]:
        await self.answer(model, [text], timeout_s=timeout_s)
        word = {"text": text.split()[0], "start": 0, "end": len(text.split()[0]), "weight": 1.5, "read": True}
        label = self.models[model].labels[-1]
        return {
            "text": text, "label": label, "score": 0.9, "target": target or label, "words": [word], "method": method,
            "evals": 2, "completeness": None, "comprehensiveness": 0.5, "sufficiency": 0.1,
        }  # fmt: skip

    def statistics(self) -> dict[str, float]:
        return {"queued_tokens": 0.0, "dropped_total": 3.0}

    async def start(self) -> None:
        await asyncio.sleep(0)

    async def drain(self, timeout_s: float) -> None:
        self.ready, self.drained_s = False, timeout_s
