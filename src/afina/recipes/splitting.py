"""Train, dev and test files that share no text, nearly or exactly: the recipe behind `afina data split`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import afina
from afina.data import (
    Row,
    TextDataset,
    load_dataset,
    open_source,
    public_name,
    split,
    split_few_shot,
    write_rejected,
)
from afina.data.writing import row_writer
from afina.errors import ConfigError
from afina.outputs import check_folder, new_folder
from afina.recipes.reporting import Reporter, Silent
from afina.run_folder import sha256_of, write_json

PARTS = ("train", "dev", "test")
MANIFEST = "split.json"
_COLUMNS = ("text", "label", "row", "group")
# A part that is this share of all rows off what was asked for is told.
_SHARE_MISSED = 0.03


def split_data(
    source: str,
    out: Path,
    *,
    shares: Sequence[float] = (0.8, 0.1, 0.1),
    few_shot: int | None = None,
    group_column: str | None = None,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    keep_labels: bool = False,
    max_rows: int | None = None,
    seed: int = 0,
    force: bool = False,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Divide labelled texts into `train.parquet`, `dev.parquet` and `test.parquet`, with a manifest.

    Labels keep their shares in each part. Rows whose texts equal or nearly equal one another stay on one side, and so
    do rows of one group. The files hold `text` (cleaned, title before it), `label` (by name), `row` (its number in the
    source), `group` where there are any, and the source's other columns. Equal sources, settings and seeds give equal
    bytes.

    Args:
        source: Labelled texts.
        out: Folder to write.
        shares: Shares of the three parts; they sum to 1.
        few_shot: Texts of each label to train on, as many for dev, all others to test on; replaces `shares`.
        group_column: Column of rows that belong together, as an author or a product.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        label_column: Column with the label.
        keep_labels: Use label values as they stand.
        max_rows: Rows to hold; of more, a random part. None divides all.
        seed: Seed of the division.
        force: Replace a split that stands at `out`.
        reporter: Told of what happens.

    Returns:
        The manifest, which is the document of `data split --json`.

    Raises:
        ConfigError: The shares do not sum to 1.
        DataError: The source cannot be read, or a label has too few texts.
        OutputError: The place is taken or cannot be written.
    """
    reporter = reporter or Silent()
    # Written so that a share that is no number fails too.
    good = len(shares) == 3 and all(share > 0 for share in shares) and abs(sum(shares) - 1) <= 1e-6
    if few_shot is None and not good:
        raise ConfigError(f"Shares of train, dev and test must be positive and sum to 1: {', '.join(map(str, shares))}")
    if few_shot is not None and few_shot < 1:
        raise ConfigError(f"--few-shot needs at least one text of each label: {few_shot}")
    check_folder(out, mark=MANIFEST, force=force)
    reporter.stage(f"Reading {public_name(source)}")
    dataset, notes = load_dataset(
        source, text_column=text_column, title_column=title_column, label_column=label_column,
        group_column=group_column, keep_labels=keep_labels, max_rows=max_rows, seed=seed,
    )  # fmt: skip
    for message in notes.messages:
        reporter.tell(message)
    reporter.stage("Dividing")
    by_shares = few_shot is None
    parts = split(dataset, shares, seed=seed) if by_shares else split_few_shot(dataset, few_shot or 1, seed=seed)
    if by_shares:
        _tell_missed_shares(parts, shares, reporter)
    reporter.stage("Writing")
    other_cells = _other_cells(source, parts, notes.used.names if notes.used else ())
    document: dict[str, Any] = {
        "afina": afina.__version__,
        "source": public_name(source),
        "source_sha256": dataset.fingerprint(),
        "seed": seed,
        "shares": list(shares) if by_shares else None,
        "few_shot": few_shot,
        "group_column": group_column,
        "rows": notes.rows,
        "texts": len(dataset),
        "duplicates_dropped": notes.duplicates,
        "near_duplicates": int(len(dataset) - dataset.clusters.max() - 1),
        "left_out": len(dataset) - sum(map(len, parts)),
    }
    with new_folder(out, mark=MANIFEST, force=force) as folder:
        document["parts"] = {
            name: _write(part, other_cells, folder / f"{name}.parquet") for name, part in zip(PARTS, parts, strict=True)
        }
        if any(file.rejected for file in notes.files):
            document["rejected_rows"] = write_rejected(notes.files, folder / "rejected.jsonl")
        write_json(folder / MANIFEST, document)
    return document


def _tell_missed_shares(parts: Sequence[TextDataset], shares: Sequence[float], reporter: Reporter) -> None:
    whole = sum(map(len, parts))
    reached = [len(part) / whole for part in parts]
    if max(abs(is_so - asked) for is_so, asked in zip(reached, shares, strict=True)) > _SHARE_MISSED:
        told = "/".join(f"{100 * share:.0f}" for share in reached)
        reporter.warn(f"Rows that must stay together do not divide as asked: the shares are {told}")


def _other_cells(source: str, parts: Sequence[TextDataset], used: Collection[str]) -> dict[int, Row]:
    """The user's other columns, by row number; the source is read again for them."""
    wanted = {int(row) for part in parts if part.row_numbers is not None for row in part.row_numbers}
    rows, _ = open_source(source)
    taken = {*used, *_COLUMNS}
    cells = {
        number: {name: cell for name, cell in row.items() if name not in taken}
        for number, row in enumerate(rows, 1)
        if number in wanted
    }
    kinds: dict[str, set[type]] = defaultdict(set)
    for row in cells.values():
        for name, cell in row.items():
            if cell is not None:
                kinds[name].add(type(cell))
    # A column of numbers and words, as JSON may have it, is one of words.
    mixed = {name for name, found in kinds.items() if len(found) > 1 or not found <= {str, bool, int, float}}
    return {
        number: {name: str(cell) if name in mixed and cell is not None else cell for name, cell in row.items()}
        for number, row in cells.items()
    }


def _write(part: TextDataset, other_cells: Mapping[int, Row], path: Path) -> dict[str, Any]:
    names = part.labels.names
    row_numbers = range(1, len(part) + 1) if part.row_numbers is None else part.row_numbers.tolist()
    rows = [
        {"text": text, "label": names[label_id], "row": row}
        for text, label_id, row in zip(part.texts, part.label_ids.tolist(), row_numbers, strict=True)
    ]
    if part.groups is not None:
        rows = [row | {"group": group} for row, group in zip(rows, part.groups, strict=True)]
    with row_writer(path) as writer:
        writer.write([row | other_cells.get(int(row["row"]), {}) for row in rows])
    return {"file": path.name, "texts": len(part), "labels": part.counts(), "sha256": sha256_of(path)}
