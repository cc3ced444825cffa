"""Pages in tabs of a real browser, and what is wrong with them for those who cannot see or point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NARROW, WIDE = 360, 1280


def opened(browser: Any, page: Path, *, width: int = WIDE, scheme: str = "light") -> Any:
    """A tab with a page whose foldable parts are open."""
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab.goto(page.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    return tab


def violations(tab: Any) -> list[str]:
    """What axe-core finds wrong, one line an element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
