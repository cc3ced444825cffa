"""What the server counts, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from afina.serving.engine import Engine

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})


class Metrics:
    """Counts of one server.

    Args:
        engine: Asked for its own numbers whenever somebody reads these.
    """

    def __init__(self, engine: Engine) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "afina_requests", "Requests by method, route and status; 499: the client left.",
            ("method", "route", "status"), registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "afina_request_seconds", "Time from a request's first line to the end of its answer.", ("route",),
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self._texts = Counter(
            "afina_texts", "Texts that were classified, by model.", ("model",), registry=self._registry
        )
        self._tokens = Counter("afina_tokens", "Tokens of those texts, by model.", ("model",), registry=self._registry)
        self._truncated = Counter(
            "afina_truncated_texts", "Texts of which some part was not read, by model.", ("model",),
            registry=self._registry,
        )  # fmt: skip
        self._registry.register(_EngineNumbers(engine))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def classified(self, model: str, *, texts: int, tokens: int, truncated: int) -> None:
        """Count texts that a model answered."""
        self._texts.labels(model).inc(texts)
        self._tokens.labels(model).inc(tokens)
        self._truncated.labels(model).inc(truncated)

    def text(self) -> bytes:
        """All numbers, in the format of Prometheus."""
        return generate_latest(self._registry)


class _EngineNumbers(Collector):
    """Numbers of an engine: those named `..._total` only grow."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        """The numbers as they are now."""
        ready = GaugeMetricFamily("afina_ready", "Whether the server answers, 0 or 1.", value=float(self._engine.ready))
        yield ready
        for name, value in self._engine.statistics().items():
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            yield family(f"afina_engine_{name}", f"{name.replace('_', ' ')} of what computes.", value=value)
