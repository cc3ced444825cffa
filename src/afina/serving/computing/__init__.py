"""Answers from worker processes: texts are tokenized here, queued by their tokens, and computed there in batches.

The worker processes hold the models, so that one that dies or hangs takes no request of others with it.
"""

from afina.serving.computing.engine import RequestTooLarge, WorkerEngine, make_engine

__all__ = ["RequestTooLarge", "WorkerEngine", "make_engine"]
