"""What `afina tokens compare` prints."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from afina.cli import _console
from afina.tokenization.segments import GAPS, count_tokens

_WIDTH = 100
_NAME_WIDTH = 20
_SEPARATOR = "·"
_BLANK = "␣"
_TINTS = ("black on bright_cyan", "black on bright_yellow")
_UNKNOWN_TINT = "bold white on red"


def print_study(document: dict[str, Any]) -> None:
    """The document of `compare_tokenizers` as tables, and its texts cut into tokens."""
    rows = document["tokenizers"]
    _console.say(_measured_on(document))
    _print_sizes(rows)
    _print_lengths(rows, document["max_tokens"])
    _print_survival(rows)
    if len(rows) > 1:
        _print_matrix(document["boundary_agreement"], "Cuts in common")
        _say_below("F1 of the places inside words where two tokenizers cut: 1 = all the same, 0 = none")
        _print_matrix(document["vocabulary_overlap"], "Vocabulary in common")
        _say_below("surfaces in both by surfaces in either, marks of word starts and continuations left out")
    _print_segmentations(document["segmentations"])
    if "effect" in document:
        _print_effect(document["effect"])


def _measured_on(document: dict[str, Any]) -> str:
    told = f"{document['source']}: measured on {document['texts']:,} texts, {document['words']:,} words"
    if not document["trained_on"]:
        return told
    if not document["held_out"]:
        return f"{told}; tokenizers marked * were trained on the same text"
    return f"{told}; tokenizers marked * were trained on {document['trained_on']:,} other texts of it"


def _print_sizes(rows: Sequence[dict[str, Any]]) -> None:
    table = _table("Size and fit")
    table.add_column("type", max_width=16)
    for heading in ("vocab", "tokens /word", "chars /token", "whole words", "words lost", "texts/s"):
        table.add_column(heading, justify="right", max_width=7)
    for name, row in _named(rows):
        table.add_row(
            name, row["type"], f"{row['vocabulary']:,}", _number(row["fertility"]),
            _number(row["characters_per_token"]), _percent(row["share_whole_words"]),
            _percent(row["share_words_lost"]), f"{row['texts_per_second']:,.0f}",
        )  # fmt: skip
    _console.print_table(table)
    _say_below("few tokens a word = shorter, cheaper inputs; words lost have the unknown token in them")


def _print_lengths(rows: Sequence[dict[str, Any]], max_tokens: int) -> None:
    table = _table(f"Lengths in tokens, and the limit of {max_tokens:,}")
    for heading in ("5 %", "median", "95 %", "longest", "texts cut", "tokens cut", "padding", "padding, fixed"):
        table.add_column(heading, justify="right", max_width=8)
    for name, row in _named(rows):
        table.add_row(
            name, *(f"{row[key]:,}" for key in ("p5", "median_tokens", "p95", "max")),
            _percent(row["share_truncated"]), _percent(row["share_tokens_truncated"]),
            _percent(row["padding"]["batched"]), _percent(row["padding"]["fixed"]),
        )  # fmt: skip
    _console.print_table(table)
    _say_below("padding: what a model computes for nothing in batches of similar length; fixed: if all are padded")


def _print_survival(rows: Sequence[dict[str, Any]]) -> None:
    table = _table("What can still be told apart")
    aspects = list(rows[0]["survival"])
    for aspect in aspects:
        table.add_column(aspect, justify="right")
    table.add_column("isn't", overflow="fold")
    for name, row in _named(rows):
        pieces = row["survival"]["negations"]["pieces"]["isn't"]
        table.add_row(
            name, *(_percent(row["survival"][aspect]["share"]) for aspect in aspects),
            Text(_SEPARATOR.join(_visible(piece) for piece in pieces)),
        )  # fmt: skip
    _console.print_table(table)
    _say_below("negations as one token; emoji, accents (año/ano), case (US/us) with own ids; numbers exactly")


def _print_matrix(matrix: dict[str, Any], title: str) -> None:
    table = _console.new_table(title)
    table.add_column("")
    table.add_column("tokenizer", max_width=_NAME_WIDTH, overflow="fold")
    for number in range(1, len(matrix["names"]) + 1):
        table.add_column(str(number), justify="right")
    for number, (name, values) in enumerate(zip(matrix["names"], matrix["matrix"], strict=True), 1):
        cells = ("–" if column == number else f"{value:.2f}" for column, value in enumerate(values, 1))
        table.add_row(str(number), Text(name), *cells)
    _console.print_table(table)


def _print_segmentations(segmentations: Sequence[dict[str, Any]]) -> None:
    # Without colour, tokens are parted by a dot.
    in_colour = _console.stdout.is_terminal and not _console.stdout.no_color
    signs = "colours part the tokens" if in_colour else f"{_SEPARATOR} or a blank parts tokens, {_BLANK} a blank token"
    _console.say("The same texts, cut by each, with the number of tokens", style="bold")
    _say_below(f"{signs}; ⟦a⟧ unknown; a×3 three tokens; (a) no token")
    for example in segmentations:
        _console.say(_visible(example["text"]), style="italic")
        grid = Table(box=None, show_header=False, pad_edge=False, width=min(_WIDTH, _console.stdout.width))
        grid.add_column(max_width=_NAME_WIDTH, overflow="fold")
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(ratio=1, overflow="fold")
        for name, segments in example["by"].items():
            n_tokens = count_tokens(segments)
            grid.add_row(Text(name), str(n_tokens), segmented(segments, in_colour=in_colour))
        _console.print_table(grid)
        _console.say("")


def segmented(segments: Sequence[Sequence[str]], *, in_colour: bool) -> Text:
    """Segments of a text as one line: colours alternate, or dots stand between tokens."""
    line = Text()
    n_tokens, after_token = 0, False
    for surface, kind, repeats in _merged(segments):
        if kind in GAPS:
            line.append(_visible(surface) if kind == "space" else f"({_visible(surface)})")
            after_token = False
            continue
        # A blank in front of a token parts it from the one before as well as a dot would.
        if after_token and not in_colour and (surface.isspace() or not surface.startswith(" ")):
            line.append(_SEPARATOR)
        shown = _BLANK if surface == " " and not in_colour else _visible(surface)
        shown += f"×{repeats}" if repeats > 1 else ""
        tint = _UNKNOWN_TINT if kind == "unknown" else _TINTS[n_tokens % 2]
        line.append(f"⟦{shown}⟧" if kind == "unknown" else shown, style=tint if in_colour else "")
        n_tokens, after_token = n_tokens + 1, True
    return line


def _merged(segments: Sequence[Sequence[str]]) -> list[tuple[str, str, int]]:
    """Segments with the number of tokens each stands for: those that show nothing go with the one before."""
    merged: list[tuple[str, str, int]] = []
    for surface, kind in segments:
        if not surface and merged and merged[-1][1] not in GAPS:
            before, kind_before, repeats = merged[-1]
            merged[-1] = (before, kind_before, repeats + 1)
        else:
            merged.append((surface, kind, 1))
    return merged


def _visible(text: str) -> str:
    """The text on one line, without characters that would steer the terminal."""
    text = text.replace("\n", "⏎").replace("\t", " ")
    return "".join(
        char if unicodedata.category(char) not in ("Cc", "Cs") else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _table(title: str) -> Table:
    table = _console.new_table(title)
    table.add_column("tokenizer", max_width=_NAME_WIDTH, overflow="fold")
    return table


def _named(rows: Sequence[dict[str, Any]]) -> list[tuple[Text, dict[str, Any]]]:
    return [(Text(row["name"] + " *" * row["trained_here"]), row) for row in rows]


def _say_below(line: str) -> None:
    _console.say(line, style="dim")
    _console.say("")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    """A share in percent; a small one is not rounded to nothing, nor a large one to all."""
    if value is None:
        return "–"
    if 0 < value < 0.001:
        return "<0.1 %"
    if 0.995 <= value < 1:
        return ">99 %"
    return f"{value:.1%}".replace("%", " %") if value < 0.1 and value else f"{value:.0%}".replace("%", " %")


def _print_effect(effect: dict[str, Any]) -> None:
    scratch = effect["scratch"]
    table = _table(f"Accuracy on {effect['test']:,} held-out texts: a small encoder from scratch, equal compute")
    for heading in ("accuracy (95 %)", "behind the best (95 %)", "seeds from", "to", "epochs", "weights"):
        table.add_column(heading, justify="right")
    for row in sorted(scratch["models"], key=lambda row: -row["accuracy"]["value"]):
        behind = row["behind_best"]
        told = f"{behind['value']:.3f} ({behind['low']:+.3f} to {behind['high']:+.3f})" if behind["value"] else "–"
        table.add_row(
            Text(row["tokenizer"]), _console.interval(row["accuracy"]), told,
            f"{min(row['by_seed']):.3f}", f"{max(row['by_seed']):.3f}", f"{row['epochs']:.1f}",
            f"{row['parameters'] / 1e6:.1f} M",
        )  # fmt: skip
    _console.print_table(table)
    architecture = scratch["architecture"]
    _say_below(
        f"{architecture['layers']} layers, {architecture['width']} wide, {effect['train']:,} training texts, mean of "
        f"{scratch['seeds']} seeds; vocabularies whose interval behind the best reaches 0 cannot be told apart"
    )
    baseline = effect["baseline"]
    _console.say(f"Without a tokenizer of this kind, {baseline['name']}: {_console.interval(baseline['accuracy'])}")
    for row in effect["pretrained"]:
        if "failed" in row:
            _console.say(f"{row['model']} was not fine-tuned: {row['failed']}", style="yellow")
        else:
            _console.say(
                f"{row['model']}, pretrained and fine-tuned with its own tokenizer: "
                f"{_console.interval(row['accuracy'])} in {row['seconds']:.0f} s"
            )
