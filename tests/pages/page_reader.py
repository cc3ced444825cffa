"""Pages as a browser would read them, and texts that would break a careless one."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

HOSTILE = [
    """<script>alert(1)</script> "><img src=x onerror=alert(1)></style></title></svg><script>x</script> ' onclick='x""",
    "{{ 7 * 7 }} {% raw %} &lt;script&gt; $\\frac{1$ `a` `b",
    "a\x00b\x1b[31m\x85\r \ud83d lone \udc00 \ufffe العربية \u202eevil\u202c",
    "中文" * 300,
    "x" * 20_000,
    "",
]
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """What a browser would make of a page: elements, their attributes, and tags that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def values(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.tags if name in attributes]


def poison(document: Any, text: str) -> Any:
    """The document with a text in place of every text and every label."""
    fixed = {"kind", "unit", "found", "examples", "texts"}
    if isinstance(document, dict):
        return {key: value if key in fixed and isinstance(value, str) else poison(value, text)
                for key, value in document.items()}  # fmt: skip
    if isinstance(document, list):
        return [poison(value, text) for value in document]
    return text if isinstance(document, str) else document
