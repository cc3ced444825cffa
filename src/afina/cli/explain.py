"""`afina explain`: which words moved the answer to a text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from afina.cli import _console
from afina.cli._options import BackendName, Force, Json, Run, Threads
from afina.cli._texts import given_texts
from afina.config import DEFAULT_MAX_EVALS
from afina.outputs import check_file

EXAMPLES = """
Examples:

  afina explain runs/sample-minilm "The plot is thin, but what an ending!"

  afina explain runs/sample-minilm "Not bad at all" --method ig --html why.html

  afina explain runs/sample-minilm "So-so" --target positive --json
"""

_FAINT, _STRONG = 0.15, 0.5
_MOST_CHARACTERS = 4_000


def explain(
    run: Run,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts to explain.", show_default=False)
    ] = None,
    method: Annotated[
        str, typer.Option(help="occlusion: leave words out and ask again; ig: integrated gradients, in PyTorch.")
    ] = "occlusion",
    target: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Label to explain.", show_default="the most probable")
    ] = None,
    max_evals: Annotated[
        int, typer.Option(min=16, help="Most evaluations by which words are weighed; longer texts are weighed coarser.")
    ] = DEFAULT_MAX_EVALS,
    top: Annotated[int, typer.Option(min=1, help="Words in the table.")] = 10,
    backend: BackendName = "auto",
    threads: Threads = None,
    html: Annotated[Path | None, typer.Option(help="Write a page.", show_default=False)] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Tell which words moved the answer to a text, and how far that can be trusted.

    Without TEXT, a text a line is read from standard input.
    """
    if html is not None:
        check_file(html, force=force)
    given = given_texts(texts, command="explain")
    if texts is None:
        given = [text for text in given if text.strip()]
    with _console.progress_reporter() as reporter:
        reporter.stage("Loading the run")
        from afina.recipes import explain_texts

        document = explain_texts(
            run, given, method=method, target=target, max_evals=max_evals, backend=backend, threads=threads,
            reporter=reporter,
        )  # fmt: skip
        if html is not None:
            _console.write_page(reporter, "explain.html.j2", document, html, force=force)
    explanations = document["explanations"]
    if json:
        _console.print_json({"run": document["run"], **explanations[0]} if len(explanations) == 1 else document)
        return
    for explanation in explanations:
        _print(explanation, top=top)


def _print(explanation: dict[str, Any], *, top: int) -> None:
    target = explanation["target"]
    line = Text(f"{_shown(explanation['label'])} {explanation['score']:.3f}", style="bold")
    if target != explanation["label"]:
        line.append(f", explained for {_shown(target)} {explanation['target_score']:.3f}")
    _console.stdout.print(line, soft_wrap=True)
    _console.stdout.print(_coloured(explanation), soft_wrap=True)
    read = [word for word in explanation["words"] if word["read"]]
    ranked = sorted(read, key=lambda word: (-abs(word["weight"]), word["start"]))
    table = _console.new_table("")
    table.title = None
    for heading in ("word", f"speaks for {_shown(target)}", "weight"):
        table.add_column(heading, justify="right" if heading == "weight" else "left")
    for word in ranked[:top]:
        side = "for" if word["weight"] > 0 else "against" if word["weight"] < 0 else "neither"
        table.add_row(Text(_console.one_line(word["text"], 40)), side, f"{word['weight']:+.2f}")
    _console.print_table(table)
    _console.say(f"weights: {explanation['unit']}, by {explanation['method']}")
    _console.say(
        f"comprehensiveness {explanation['comprehensiveness']:+.3f} (higher is better), "
        f"sufficiency {explanation['sufficiency']:+.3f} (lower is better); "
        f"{explanation['evals']:,} evaluations, {explanation['seconds']:.2f} s"
    )
    for note in explanation["notes"]:
        _console.say(f"note: {note}")
    _console.say("")


def _coloured(explanation: dict[str, Any]) -> Text:
    """The text, words for the label in green, those against it in red and underlined; without colours, with signs."""
    text, words = explanation["text"], explanation["words"]
    largest = max((abs(word["weight"]) for word in words), default=0) or 1
    plain = _console.stdout.color_system is None
    line, done = Text(), 0
    for word in words:
        if word["end"] > _MOST_CHARACTERS:
            break
        line.append(_shown(text[done : word["start"]]))
        done, share = word["end"], word["weight"] / largest
        line.append(_shown(text[word["start"] : done]), style=_style(share, read=word["read"]))
        if plain and abs(share) >= _FAINT:
            line.append(f"[{word['weight']:+.1f}]")
    rest = text[done:]
    line.append(_shown(rest) if len(text) <= _MOST_CHARACTERS else f" … ({len(rest):,} more characters)")
    return line


def _style(share: float, *, read: bool) -> str:
    if not read:
        return "dim"
    if abs(share) < _FAINT:
        return ""
    strength = "bold " if abs(share) >= _STRONG else ""
    return f"{strength}green" if share > 0 else f"{strength}underline red"


def _shown(text: str) -> str:
    """The text without characters that would steer a terminal; breaks stay."""
    return "".join(char if char.isprintable() or char in "\n\u200d" else " " for char in text)
