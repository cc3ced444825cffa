"""A process that serves the fake engine, with short times, for what only a real connection shows."""

from __future__ import annotations

import json
import sys

from tests.serving.api.fake_engine import FakeEngine

from afina.serving.app import create_app
from afina.serving.logs import set_up_logs
from afina.serving.server import bind, run, url_of
from afina.serving.settings import ServingSettings


class SlowToEnd(FakeEngine):
    """Takes a while to answer texts with `slow` in them, and waits for these when it drains."""

    underway = 0

    async def answer(self, model, texts, *, timeout_s, error_if_truncated=False):
        self.delay_s = 1.0 if "slow" in texts[0] else 0.0
        if not self.ready:
            from afina.serving.engine import Unavailable

            raise Unavailable("The server is draining")
        self.underway += 1
        try:
            return await super().answer(model, texts, timeout_s=timeout_s, error_if_truncated=error_if_truncated)
        finally:
            self.underway -= 1

    async def drain(self, timeout_s):
        import asyncio

        await super().drain(timeout_s)
        end = asyncio.get_running_loop().time() + timeout_s
        while self.underway and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.01)


def main() -> None:
    sys.stdout.reconfigure(line_buffering=True)
    settings = ServingSettings.model_validate(json.loads(sys.argv[1]))
    engine = SlowToEnd()
    set_up_logs()
    listener = bind(settings)
    app = create_app(settings, engine)
    run(app, engine, settings, listener, on_ready=lambda: sys.stdout.write(url_of(listener) + "\n"))


if __name__ == "__main__":
    main()
