"""`python -m afina` and the `afina` command."""

from __future__ import annotations

import os
import sys
import time

# Budgets count from here: what the imports below cost is the user's time too.
STARTED = time.monotonic()
_INTERRUPTED = 3


def main() -> None:
    """Run the command line."""
    from afina.cli.app import run

    try:
        run(started=STARTED)
    except SystemExit as stopped:
        if stopped.code != _INTERRUPTED:
            raise
        # Where an interrupt passed through `exec` of a string, as dataclasses use it, CPython ends the process by the
        # signal in place of the exit code that was asked for. What was to be saved is saved by now.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
