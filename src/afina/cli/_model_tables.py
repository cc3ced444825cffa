"""What `afina models` prints: as many facts of each model as the terminal is wide, and all facts of one."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from afina.cli import _console

_UNBOUNDED = 10_000
_TOKENIZERS = {
    "WordPiece": "cuts a word that it does not know into the longest pieces that it does",
    "byte-level BPE": "builds pieces from bytes, the most frequent pairs first, so that no text is unknown to it",
    "BPE": "builds pieces from characters, the most frequent pairs first",
    "Unigram": "cuts a text into the pieces that are most probable together",
}


@dataclass(frozen=True)
class _Column:
    heading: str
    rank: int
    """Where the terminal is narrow, the highest go first."""
    cell: Callable[[dict[str, Any]], str]
    is_number: bool = False


_COLUMNS = (
    _Column("name", 0, lambda model: model["name"]),
    _Column("weights", 1, lambda model: _millions(model["figures"]["parameters"]), is_number=True),
    _Column("embedding", 10, lambda model: _millions(model["figures"]["embedding_parameters"]), is_number=True),
    _Column("layers", 2, lambda model: f"{model['figures']['layers']}×{model['figures']['width']}", is_number=True),
    _Column("tokenizer", 5, lambda model: model["tokenizer"].replace("byte-level", "byte")),
    _Column("cased", 9, lambda model: "yes" if model["cased"] else "no"),
    _Column("context", 6, lambda model: _count(model["figures"]["context"], none="any"), is_number=True),
    _Column("languages", 7, lambda model: " ".join(model["languages"]).replace("multilingual", "many")),
    _Column("licence", 11, lambda model: model["licence"]),
    _Column("MB", 4, lambda model: _count(model["download_mb"]), is_number=True),
    _Column("SST-2", 8, lambda model: _accuracy(model["sst2"]), is_number=True),
    _Column("IMDB", 12, lambda model: _accuracy(model["imdb"]), is_number=True),
    _Column("here", 3, lambda model: "yes" if model["local"] else "–"),
    _Column("good for", 13, lambda model: model["good_for"]),
)
_FORECAST = (
    _Column("minutes", 0, lambda model: f"{max(0.1, model['fits']['seconds'] / 60):.1f}", is_number=True),
    _Column("memory MB", 1, lambda model: f"{model['fits']['memory_mb']:,.0f}", is_number=True),
)


def print_models(document: dict[str, Any], *, filters: str) -> None:
    """The document of `models --json`, for readers.

    Args:
        document: The document.
        filters: Options that it was filtered by, as they were given.
    """
    models = document["models"]
    if models:
        _print_table(models, forecast="rejected" in document)
    else:
        _console.say(f"No model of the catalog is left by {filters}" if filters else "The catalog is empty")
    for rejected in document.get("rejected", ()):
        _console.say(f"{rejected['name']} does not fit: {rejected['why']}", style="dim")


def _print_table(models: list[dict[str, Any]], *, forecast: bool) -> None:
    columns = [*_COLUMNS, *(_FORECAST if forecast else ())]
    table = _table(models, columns)
    while _width(table) > _console.stdout.width and len(columns) > 1:
        columns.remove(max(columns, key=lambda column: column.rank))
        table = _table(models, columns)
    _console.print_table(table)
    _console.say("")
    if forecast:
        _console.say(
            "minutes, memory MB: forecast of training here on all texts, by the method that takes least; `afina plan` "
            "has the others",
            style="dim",
        )
    _print_notes(models, [column.heading for column in columns])


def _print_notes(models: list[dict[str, Any]], shown: list[str]) -> None:
    part = ", and of these before the first layer" if "embedding" in shown else ""
    _console.say(
        f"weights: in millions{part}; layers: their number × width; context: most tokens of a text", style="dim"
    )
    if "SST-2" in shown:
        _console.say("SST-2, IMDB: accuracy that others published, in percent; `show` names the source", style="dim")
    hidden = [column.heading for column in _COLUMNS if column.heading not in shown]
    if hidden:
        _console.say(f"In a wider terminal, or with --json: {', '.join(hidden)}", style="dim")
    away = [model for model in models if not model["local"]]
    sizes = [model["download_mb"] for model in away if model["download_mb"]]
    if away:
        size = f" ({_count(min(sizes))} to {_count(max(sizes))} MB each)" if sizes else ""
        _console.say(
            f"Not here yet: {len(away):,} of {len(models):,}. Their weights{size} would need the Hugging Face Hub when "
            "first used; all else is known without a network"
        )
    _console.say(f"\nMore on one of them:\n  afina models show {models[0]['name']}")


def _table(models: list[dict[str, Any]], columns: list[_Column]) -> Table:
    table = _console.new_table("Pretrained models")
    table.padding, table.show_edge = (0, 1, 0, 0), False
    for column in columns:
        table.add_column(column.heading, justify="right" if column.is_number else "left")
    for model in models:
        table.add_row(*(Text(_console.one_line(column.cell(model), 200)) for column in columns))
    return table


def _width(table: Table) -> int:
    unbounded = _console.stdout.options.update(width=_UNBOUNDED)
    return Measurement.get(_console.stdout, unbounded, table).maximum


def print_model(model: dict[str, Any], *, catalog: str | None) -> None:
    """The document of `models show --json`, for readers.

    Args:
        model: The document.
        catalog: The user's catalog file, for the commands to try.
    """
    _console.say(f"{model['name']}: {model['hub']}", style="bold")
    _console.say(model["good_for"])
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for heading, told in _explained(model):
        grid.add_row(heading, Text(told))
    _console.say("")
    _console.print_table(grid)
    beside = "" if catalog is None else f" --catalog {shlex.quote(catalog)}"
    _console.say("\nTry it:")
    _console.say(f"  afina plan --model {model['name']}{beside} --budget 15m")
    _console.say(f"  afina train --model {model['name']}{beside}")
    if catalog is None:
        _console.say(f"  afina tokens compare sample --tokenizer {model['name']}")


def _explained(model: dict[str, Any]) -> list[tuple[str, str]]:
    figures, memory = model["figures"], model["memory_mb"]
    embedding = figures["embedding_parameters"]
    capitals = "tells capitals from small letters" if model["cased"] else "takes capitals for small letters"
    context = (
        "any number, as its positions are relative"
        if figures["context"] is None
        else f"{figures['context']:,} at most; of longer texts see --long-text of `afina train`"
    )
    return [
        ("family", model["family"]),
        ("pretrained as", model["objective"]),
        ("weights", f"{_millions(figures['parameters'])} million, a head of two labels counted"),
        ("  embeddings", f"{_millions(embedding)} million of them ({embedding / figures['parameters']:.0%})"),
        ("layers", f"{figures['layers']}, each {figures['width']} wide"),
        ("tokenizer", f"{model['tokenizer']}: {_TOKENIZERS[model['tokenizer']]}; {capitals}"),
        ("vocabulary", f"{figures['vocabulary']:,} tokens"),
        ("tokens of a text", context),
        ("languages", ", ".join(model["languages"])),
        ("licence", model["licence"]),
        ("SST-2", _published(model["sst2"])),
        ("IMDB", _published(model["imdb"])),
        ("memory", f"{memory['weights']:,.0f} MB for its weights in fp32"),
        ("  to train", f"{memory['training_all']:,.0f} MB with gradients and the moments of AdamW, and "
                       f"{memory['training_above_embeddings']:,.0f} MB where embeddings are left as they are; what a "
                       "batch takes comes on top"),
        ("is here", _whereabouts(model)),
        ("revision", model["revision"] or "none pinned: the newest is loaded"),
        ("facts looked up", model["checked"] or "no date given"),
    ]  # fmt: skip


def _whereabouts(model: dict[str, Any]) -> str:
    if model["local"]:
        return "yes, it needs no network"
    size = f"{_count(model['download_mb'])} MB" if model["download_mb"] else "its weights"
    return f"no: {size} would be downloaded from the Hugging Face Hub on first use"


def _published(score: dict[str, Any] | None) -> str:
    if score is None:
        return "no published accuracy known"
    note = f" ({score['note']})" if score["note"] else ""
    return f"{score['accuracy']:g} % accuracy{note}, by {score['source']}"


def _accuracy(score: dict[str, Any] | None) -> str:
    return "–" if score is None else f"{score['accuracy']:.1f}"


def _millions(count: int) -> str:
    return f"{count / 1e6:,.1f}"


def _count(value: float | None, *, none: str = "–") -> str:
    return none if value is None else f"{value:,.0f}"
