"""Likely label errors, worst first: the recipe behind `afina data audit`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from afina.config import DEFAULT_MAX_ROWS
from afina.data import Row, TextDataset, load_dataset, open_source, public_name
from afina.data.audit import (
    LabelAudit,
    Probabilities,
    audit,
    combine,
    flip_labels,
    make_folds,
    probabilities_from_embeddings,
    probabilities_from_words,
)
from afina.data.writing import check_output, row_writer
from afina.errors import OutputError
from afina.recipes.reporting import Reporter, Silent

_ROWS_PER_CHUNK = 1024

Mend = Literal["nothing", "remove", "relabel"]


@dataclass(frozen=True)
class Audited:
    """An audit of a data set."""

    dataset: TextDataset
    audit: LabelAudit
    source: str
    label_column: str | None
    document: dict[str, Any]
    """The document of `data audit --json`."""


def audit_labels(
    source: str,
    *,
    model: str = "minilm",
    max_tokens: int = 128,
    n_folds: int = 5,
    flips: Sequence[float] = (),
    show: int = 20,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    keep_labels: bool = False,
    max_rows: int | None = DEFAULT_MAX_ROWS,
    seed: int = 0,
    reporter: Reporter | None = None,
) -> Audited:
    """Rank the labels of a source by how unlikely they are.

    Each text gets the probability of its label from two models that were not fitted on it or on a near-duplicate: a
    logistic regression on the frozen embeddings of a pretrained model, and one on TF-IDF. Their product is ranked.

    Args:
        source: Labelled texts.
        model: Pretrained model that gives the embeddings.
        max_tokens: Tokens it reads of a text.
        n_folds: Parts of the cross-validation.
        flips: Shares of labels to flip at random, to measure how well flipped ones are found in these texts.
        show: Rows in the document, worst first.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        label_column: Column with the label.
        keep_labels: Use label values as they stand.
        max_rows: Rows to hold; of more, a random part. None holds all.
        seed: Seed of that part, of the folds and of the flips.
        reporter: Told of what happens.

    Raises:
        DataError: The source cannot be read, or a label has too few texts.
        ModelError: The model cannot be loaded.
    """
    reporter = reporter or Silent()
    started = time.monotonic()
    reporter.stage(f"Reading {public_name(source)}")
    dataset, notes = load_dataset(
        source, text_column=text_column, title_column=title_column, label_column=label_column,
        keep_labels=keep_labels, max_rows=max_rows, seed=seed, drop_duplicates=False,
    )  # fmt: skip
    for message in notes.messages:
        reporter.tell(message)
    reporter.stage("Looking for duplicates")
    folds = make_folds(dataset, dataset.clusters, n_folds=n_folds, seed=seed)
    reporter.stage(f"Reading the texts with {model}")
    from afina.modeling import embed

    n_texts = len(dataset)
    embeddings = embed(
        model, dataset.texts, max_tokens=max_tokens, on_texts=lambda done: reporter.advance(done, n_texts)
    )

    def probabilities(label_ids: np.ndarray[Any, Any]) -> dict[str, Probabilities]:
        from_model = probabilities_from_embeddings(embeddings, label_ids, folds)
        from_words = probabilities_from_words(dataset.texts, label_ids, folds)
        return {"embeddings": from_model, "tfidf": from_words, "both": combine(from_model, from_words)}

    reporter.stage("Judging the labels")
    found = audit(dataset.label_ids, probabilities(dataset.label_ids)["both"])
    measured = []
    for share in flips:
        reporter.stage(f"Flipping {share:.0%} of the labels to see which are found")
        # Of a few texts a small share rounds to none, and nothing could then be found.
        at_least_one = max(share, 1 / n_texts)
        flipped, changed = flip_labels(dataset.label_ids, len(dataset.labels), at_least_one, seed=seed)
        measured.append(_measure(float(changed.mean()), flipped, changed, probabilities(flipped)))
    document = {
        "source": public_name(source),
        "model": model,
        "texts": n_texts,
        "labels": dataset.counts(),
        "likely_errors": int(found.is_issue.sum()),
        "share": float(found.is_issue.mean()),
        "agreement": float((found.suggested == dataset.label_ids).mean()),
        "ranked": [_row(dataset, found, int(i)) for i in found.ranked[:show]],
        "measured": measured,
        "seconds": round(time.monotonic() - started, 2),
    }
    return Audited(dataset, found, source, notes.used.label if notes.used else None, document)


def write_audited(audited: Audited, path: Path, *, mend: Mend = "nothing", force: bool = False) -> dict[str, int]:
    """Write every row of the source, as it stands, with what the audit says of it.

    Adds the columns `suggested_label`, `label_quality` and `likely_error`; rows that were not audited, such as those
    without a label, keep them empty. Nothing is removed or changed unless asked for. With `relabel`, the label column
    holds label names, and `given_label` what stood there.

    Args:
        audited: The audit; its source is read again.
        path: File to write: `.csv .tsv .jsonl .parquet`, each also `.gz`.
        mend: What to do with likely errors: nothing, remove the row, or give it the suggested label.
        force: Replace a file that stands there; never the source.

    Returns:
        `{"rows", "removed", "relabelled", "not_audited"}`.

    Raises:
        DataError: The name says no format that can be written.
        OutputError: The file exists, is the source, or cannot be written.
    """
    check_output(path, force=force)
    rows, files = open_source(audited.source)
    if any(notes.path.exists() and path.exists() and notes.path.samefile(path) for notes in files):
        raise OutputError(f"The output is the source: {path}", hint="choose another --out, so that nothing is lost")
    dataset, found = audited.dataset, audited.audit
    numbers = np.arange(1, len(dataset) + 1) if dataset.row_numbers is None else dataset.row_numbers
    position_of = {int(number): position for position, number in enumerate(numbers)}
    done = {"rows": 0, "removed": 0, "relabelled": 0, "not_audited": 0}
    with row_writer(path, force=force) as writer:
        numbered = enumerate(rows, 1)
        while chunk := list(islice(numbered, _ROWS_PER_CHUNK)):
            written = []
            for number, row in chunk:
                position = position_of.get(number)
                is_issue = position is not None and bool(found.is_issue[position])
                done["not_audited"] += position is None
                if is_issue and mend == "remove":
                    done["removed"] += 1
                    continue
                done["relabelled"] += is_issue and mend == "relabel"
                written.append(row | _cells(audited, position, row, mend))
            writer.write(written)
            done["rows"] += len(written)
    return done


def _cells(audited: Audited, position: int | None, row: Row, mend: Mend) -> Row:
    """What the audit adds to a row of the source, and what it changes if it was asked to."""
    judged: Row = {} if position is None else _row(audited.dataset, audited.audit, position)
    cells: Row = {name: judged.get(name) for name in ("suggested_label", "label_quality", "likely_error")}
    if mend == "relabel" and audited.label_column is not None:
        cells["given_label"] = row.get(audited.label_column)
        cells[audited.label_column] = judged.get("suggested_label" if judged.get("likely_error") else "label")
    return cells


def _row(dataset: TextDataset, found: LabelAudit, position: int) -> dict[str, Any]:
    names = dataset.labels.names
    return {
        "text": dataset.texts[position],
        "label": names[dataset.label_ids[position]],
        "suggested_label": names[found.suggested[position]],
        "label_quality": round(float(found.quality[position]), 6),
        "likely_error": bool(found.is_issue[position]),
        "row": int(dataset.row_numbers[position]) if dataset.row_numbers is not None else position + 1,
    }


def _measure(
    share: float,
    flipped: np.ndarray[Any, Any],
    changed: np.ndarray[Any, Any],
    probabilities: dict[str, Probabilities],
) -> dict[str, Any]:
    """How well the flipped labels are found: by the ranking, and among the likely errors."""
    from sklearn.metrics import average_precision_score

    audits = {name: audit(flipped, given) for name, given in probabilities.items()}
    issues = audits["both"].is_issue
    return {
        "flipped": share,
        "average_precision": {
            name: float(average_precision_score(changed, -found.quality)) for name, found in audits.items()
        },
        "likely_errors": int(issues.sum()),
        "precision": float(changed[issues].mean()) if issues.any() else 0.0,
        "recall": float(issues[changed].mean()),
    }
