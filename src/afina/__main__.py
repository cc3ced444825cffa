"""`python -m afina` and the `afina` command."""

from __future__ import annotations

import time

# Budgets count from here: what the imports below cost is the user's time too.
STARTED = time.monotonic()


def main() -> None:
    """Run the command line."""
    from afina.cli.app import run

    run(started=STARTED)


if __name__ == "__main__":
    main()
