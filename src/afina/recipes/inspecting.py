"""What is in a source, what is wrong with it, and what leaks: the recipe behind `afina data inspect`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from afina.config import DEFAULT_MAX_ROWS
from afina.data import FileNotes, RawTexts, find_overlap, public_name, read_texts
from afina.data.inspection import Inspection
from afina.data.languages import detect_languages
from afina.data.lengths import summarise_lengths
from afina.data.oddities import find_oddities
from afina.data.telling_words import telling_words
from afina.errors import AfinaError, DataError
from afina.modeling import EMBEDDED
from afina.recipes.advice import give_advice
from afina.recipes.reporting import Reporter, Silent
from afina.tokenization import Encoder

TRUNCATION_LIMITS = (128, 256, 512)
_TEXTS_FOR_LANGUAGES = 5_000
_EXAMPLES_PER_LABEL, _OTHER_LANGUAGES, _REJECTED = 3, 5, 10
_NEAR_LEAKS, _EXACT_LEAKS = 7, 3
_NO_LIMIT = 1 << 30


def inspect_data(
    source: str,
    *,
    against: str | None = None,
    model: str = EMBEDDED,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    keep_labels: bool = False,
    max_rows: int | None = DEFAULT_MAX_ROWS,
    seed: int = 0,
    reporter: Reporter | None = None,
) -> tuple[dict[str, Any], list[FileNotes]]:
    """Look at a source before anything is trained on it.

    Args:
        source: What `afina.data.open_source` takes; labels are looked for and not needed.
        against: Another source, as the test set; rows of `source` that stand in it are found.
        model: Whose tokens lengths are counted in.
        text_column: Column with the text, if it is not to be found by itself; in `against` too, if it has one so named.
        title_column: Column put before the text, likewise.
        label_column: Column with the label, likewise.
        keep_labels: Use label values as they stand.
        max_rows: Rows to hold; of more, a random part is looked at. None holds all.
        seed: Seed of that part and of the examples.
        reporter: Told of what happens.

    Returns:
        The document of `data inspect --json`, and what was noticed while the files were read.

    Raises:
        DataError: A source cannot be read, or holds no text.
    """
    reporter = reporter or Silent()
    started = time.monotonic()
    reporter.stage(f"Reading {public_name(source)}")
    raw = read_texts(
        source, text_column=text_column, title_column=title_column, label_column=label_column, need_label=False,
        max_rows=max_rows, seed=seed,
    )  # fmt: skip
    rows = Inspection.of(raw, keep_labels=keep_labels)
    if not rows.texts:
        raise DataError(
            f"No texts in {public_name(source)}: all {raw.n_rows:,} rows are blank", hint=f"columns used: {raw.columns}"
        )
    document = _head(source, raw, rows)
    reporter.stage("Counting tokens")
    document["lengths"] = {"words": _word_lengths(rows), "tokens": _token_lengths(rows, model, reporter)}
    reporter.stage("Looking for duplicates")
    document["duplicates"], document["conflicts"] = rows.duplicates(), rows.conflicts()
    reporter.stage("Looking at words and languages")
    document["odd"] = [
        {
            "kind": odd.kind,
            "what": odd.what,
            "rows": odd.rows,
            "share": odd.rows / len(rows.texts),
            "examples": odd.examples,
        }
        for odd in find_oddities([row.text for row in rows.rows], rows.forms)
    ]
    document["languages"] = _languages(rows, seed=seed)
    by_label = rows.by_label()
    told = telling_words({label: [rows.texts[i] for i in at] for label, at in by_label.items()})
    document["telling_words"] = {label: [asdict(word) for word in words] for label, words in told.items()}
    document["examples"] = _examples(rows, by_label, seed=seed)
    files = list(raw.files)
    document["leakage"] = None
    if against is not None:
        reporter.stage(f"Comparing with {public_name(against)}")
        other = read_texts(
            against, text_column=text_column, title_column=title_column, label_column=label_column, need_label=False,
            if_there=True, max_rows=max_rows, seed=seed,
        )  # fmt: skip
        files += other.files
        reporter.tell(f"{public_name(against)}: {other.n_rows:,} rows, {other.columns}")
        compared = _lay_out(other, public_name(against), reporter, keep_labels=keep_labels)
        document["leakage"] = _leakage(rows, compared, public_name(against))
    document["advice"] = give_advice(document)
    document["seconds"] = round(time.monotonic() - started, 2)
    return document, files


def _lay_out(raw: RawTexts, name: str, reporter: Reporter, *, keep_labels: bool) -> Inspection:
    """The texts of the source compared with; labels that cannot be read are no reason not to compare texts."""
    try:
        return Inspection.of(raw, keep_labels=keep_labels)
    except DataError as error:
        reporter.warn(f"Labels of {name} are not compared: {error}")
        return Inspection.of(replace(raw, texts=[replace(text, value=None) for text in raw.texts]))


def _head(source: str, raw: RawTexts, rows: Inspection) -> dict[str, Any]:
    columns = raw.columns
    reasons = rows.mapping.set_aside
    set_aside = Counter(reasons[value] for row in rows.rows if (value := row.value or "") in reasons)
    rejected = [{"file": notes.path.name, **asdict(row)} for notes in raw.files for row in notes.rejected]
    by_label = rows.by_label()
    n_labelled = sum(map(len, by_label.values()))
    labels = [
        {
            "label": label, "texts": len(at), "share": len(at) / n_labelled,
            "median_words": float(np.median(rows.n_words[at])),
        }
        for label, at in by_label.items()
    ]  # fmt: skip
    counts = [len(at) for at in by_label.values()]
    return {
        "source": public_name(source),
        "columns": {"text": columns.text, "title": columns.title, "label": columns.label},
        "rows": raw.n_rows,
        "texts": len(rows.texts),
        "blank": rows.blank,
        "unlabelled": sum(row.value is None for row in rows.rows) if columns.label else len(rows.rows),
        "sampled": {"kept": len(raw.texts), "of": raw.n_rows} if raw.is_sample else None,
        "set_aside": [{"reason": reason, "rows": n} for reason, n in set_aside.items()],
        "rejected": {"rows": sum(notes.skipped for notes in raw.files), "examples": rejected[:_REJECTED]},
        "files": [{"file": notes.path.name, "rows": notes.rows, "encoding": notes.encoding} for notes in raw.files],
        "messages": [
            *([rows.mapping.message] if rows.mapping.message else []),
            *(message for notes in raw.files for message in notes.messages),
        ],
        "labels": labels,
        "imbalance": max(counts) / min(counts) if len(counts) > 1 else None,
        "order": {"sorted_by_label": raw.sorted_by_label},
    }


def _word_lengths(rows: Inspection) -> dict[str, Any]:
    return {"unit": "words", **summarise_lengths(rows.n_words)}


def _token_lengths(rows: Inspection, model: str, reporter: Reporter) -> dict[str, Any] | None:
    """Lengths in the model's tokens; None where its tokenizer is not at hand, which is no reason not to look."""
    try:
        from afina.modeling import load_tokenizer

        tokenizer = load_tokenizer(model).tokenizer
    except AfinaError as error:
        if model != EMBEDDED:
            raise
        reporter.warn(f"Tokens are not counted: {error}")
        return None
    lengths = Encoder(tokenizer, _NO_LIMIT).encode(rows.texts).lengths
    return {"unit": "tokens", "tokenizer": model, **summarise_lengths(lengths, limits=TRUNCATION_LIMITS)}


def _languages(rows: Inspection, *, seed: int) -> dict[str, Any]:
    some = np.sort(np.random.default_rng(seed).permutation(len(rows.texts))[:_TEXTS_FOR_LANGUAGES])
    texts = [rows.texts[i] for i in some]
    languages = detect_languages(texts)
    counts = Counter(language for language in languages if language)
    commonest = counts.most_common(1)[0][0] if counts else None
    others = [
        {"language": language, "text": text}
        for language, text in zip(languages, texts, strict=True)
        if language not in (None, commonest)
    ]
    told = counts.total()
    return {
        "looked_at": len(texts),
        "told": told,
        "found": [{"language": name, "texts": n, "share": n / told} for name, n in counts.most_common(8)],
        "others": others[:_OTHER_LANGUAGES],
    }


def _examples(rows: Inspection, by_label: dict[str, list[int]], *, seed: int) -> dict[str, list[str]]:
    rng = np.random.default_rng(seed)
    groups: dict[str, Sequence[int]] = dict(by_label) or {"": range(len(rows.texts))}
    return {
        label: [rows.texts[i] for i in rng.permutation(np.asarray(at))[:_EXAMPLES_PER_LABEL]]
        for label, at in groups.items()
    }


def _leakage(rows: Inspection, other: Inspection, name: str) -> dict[str, Any]:
    overlap = find_overlap(rows.forms, other.forms)
    back = find_overlap(other.forms, rows.forms)
    # Near matches are what a reader wants to judge for himself; of exact ones a few are enough.
    exact = set(overlap.exact.tolist())
    shown = [*overlap.near[:_NEAR_LEAKS], *overlap.exact[:_EXACT_LEAKS]]
    examples = [
        {
            "kind": "exact" if i in exact else "near",
            "row": rows.rows[i].row,
            "text": rows.texts[i],
            "label": rows.labels[i],
            "match": other.texts[overlap.matches[i].position],
            "match_row": other.rows[overlap.matches[i].position].row,
            "match_label": other.labels[overlap.matches[i].position],
            "similarity": round(overlap.matches[i].similarity, 3),
        }
        for i in map(int, shown)
    ]
    contradicting = sum(
        None not in (rows.labels[i], other.labels[match.position]) and rows.labels[i] != other.labels[match.position]
        for i, match in overlap.matches.items()
    )
    return {
        "against": name,
        "exact": len(overlap.exact),
        "near": len(overlap.near),
        "share": len(overlap.rows) / len(rows.texts),
        "texts_against": len(other.texts),
        "exact_against": len(back.exact),
        "near_against": len(back.near),
        "share_against": len(back.rows) / max(1, len(other.texts)),
        "contradicting_labels": contradicting,
        "examples": examples,
    }
