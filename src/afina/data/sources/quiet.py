"""Keep what the Hub's libraries say by themselves off the screen."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from afina.extras import require

_ONLY_FATAL = 50


@contextmanager
def quiet_hub() -> Iterator[None]:
    """No progress bars, log lines and warnings of `datasets` and `huggingface_hub`; settings come back at the end."""
    datasets, hub = require("datasets", extra="data"), require("huggingface_hub.utils", extra="data")
    logs = [(log, log.get_verbosity()) for log in (datasets.logging, hub.logging)]
    # Turning bars on where they are off already would go against a setting of the user's.
    bars = [library for library in (datasets.utils, hub) if not library.are_progress_bars_disabled()]
    try:
        for log, _ in logs:
            log.set_verbosity(_ONLY_FATAL)
        for library in bars:
            library.disable_progress_bars()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, verbosity in logs:
            log.set_verbosity(verbosity)
        for library in bars:
            library.enable_progress_bars()
