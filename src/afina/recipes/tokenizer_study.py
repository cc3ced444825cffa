"""Tokenizers compared on a user's own texts: the recipe behind `afina tokens compare`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from afina.data import clean_text, public_name, read_texts
from afina.errors import ConfigError, DataError, UnknownModelError
from afina.recipes.reporting import Reporter, Silent
from afina.recipes.tokenizer_names import DEFAULT_TOKENIZERS, names_to_show, parse_name, train_named
from afina.tokenization import agreement, survival
from afina.tokenization.adapt import KINDS
from afina.tokenization.named import NamedTokenizer
from afina.tokenization.segments import KINDS as PIECE_KINDS
from afina.tokenization.segments import choose_examples, segment
from afina.tokenization.spans import StudyTexts, inner_cuts, token_spans
from afina.tokenization.study import DEFINITIONS, study_tokenizer
from afina.tokenization.words import share_without_spaces

MOST_TEXTS_MEASURED = 5_000
MOST_TEXTS_TRAINED_ON = 20_000
MOST_CHARACTERS = 10_000_000
_SHARE_WITHOUT_SPACES = 0.2


@dataclass
class StudySource:
    """Texts of a source, divided: tokenizers learn from the one part and are measured on the other."""

    measured: list[str]
    trained_on: list[str]
    """Empty where nothing is trained."""
    held_out: bool = True
    """Whether the two parts have no text in common."""
    notes: list[str] = field(default_factory=list)


def compare_tokenizers(
    source: str,
    tokenizers: Sequence[str] | None = None,
    *,
    max_tokens: int = 128,
    seed: int = 0,
    text_column: str | None = None,
    title_column: str | None = None,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Measure tokenizers on the texts of a source.

    Args:
        source: What `open_source` takes; labels are not needed.
        tokenizers: Catalog names, folders, `tokenizer.json` files, Hub ids, or `wordpiece`, `bpe`, `unigram`,
            `wordlevel` (each also with `:SIZE`), `chars`, `bytes` to be trained on a half of the texts and measured on
            the other. None for `minilm` and all six.
        max_tokens: The limit at which truncation and padding are counted.
        seed: Seed of the halves, of the batches and of the example texts.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        reporter: Told of what happens.

    Returns:
        The document of `tokens compare --json`: `source`, `texts`, `trained_on`, `held_out`, `words`, `characters`,
        `max_tokens`, `seed`, `cores`, `notes`, `definitions`, `tokenizers`, the matrices `boundary_agreement`,
        `words_cut_alike` and `vocabulary_overlap` (each `{"names", "matrix"}`), and `segmentations`.

    Raises:
        DataError: The source cannot be read or holds no texts.
        ModelError: A tokenizer is unknown, damaged or out of reach.
        ConfigError: A setting is out of range.
    """
    reporter = reporter or Silent()
    names = list(tokenizers or DEFAULT_TOKENIZERS)
    if max_tokens < 1:
        raise ConfigError(f"--max-tokens must be at least 1, not {max_tokens}")
    to_train = any(parse_name(name) for name in names)
    reporter.stage(f"Reading {public_name(source)}")
    texts = read_study_texts(source, seed=seed, to_train=to_train, text_column=text_column, title_column=title_column)
    loaded, notes = load_tokenizers(names, texts.trained_on, reporter)
    texts.notes += notes
    study = StudyTexts.of(texts.measured)
    rows, cuts = [], []
    for asked, named in zip(dict.fromkeys(names), loaded, strict=True):
        reporter.stage(f"Measuring {named.name}")
        spans = token_spans(named, study)
        row = study_tokenizer(named, study, spans, max_tokens=max_tokens, seed=seed)
        rows.append({**row, "asked": asked, "survival": survival.survival(named, study.texts)})
        cuts.append(inner_cuts(study, spans))
    reporter.stage("Comparing")
    texts.notes += _notes(study, rows, max_tokens)
    for note in texts.notes:
        reporter.tell(note)

    def named_matrix(matrix: list[list[float]]) -> dict[str, Any]:
        return {"names": [named.name for named in loaded], "matrix": matrix}

    return {
        "source": public_name(source),
        "texts": len(study.texts),
        "trained_on": len(texts.trained_on) or None,
        "held_out": texts.held_out,
        "words": study.n_words,
        "characters": study.n_characters,
        "max_tokens": max_tokens,
        "seed": seed,
        "cores": os.cpu_count(),
        "notes": texts.notes,
        "definitions": {
            **DEFINITIONS,
            **agreement.DEFINITIONS,
            "survival": survival.DEFINITIONS,
            "pieces": PIECE_KINDS,
        },
        "tokenizers": rows,
        "boundary_agreement": named_matrix(agreement.boundary_agreement(cuts)),
        "words_cut_alike": named_matrix(agreement.words_cut_alike(cuts, study)),
        "vocabulary_overlap": named_matrix(agreement.vocabulary_overlap(loaded)),
        "segmentations": [
            {"text": text, "by": {named.name: segment(named, text) for named in loaded}}
            for text in choose_examples(study.texts, seed=seed)
        ],
    }


def read_study_texts(
    source: str,
    *,
    seed: int,
    to_train: bool,
    text_column: str | None = None,
    title_column: str | None = None,
) -> StudySource:
    """Read the texts of a source, cleaned, each once, and divide them at random.

    Args:
        source: What `open_source` takes.
        seed: Seed of the division, and of the part taken of a large source.
        to_train: Whether a half is needed to train on; otherwise all texts are measured.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.

    Raises:
        DataError: The source cannot be read or holds no texts.
    """
    most = MOST_TEXTS_MEASURED + MOST_TEXTS_TRAINED_ON * to_train
    raw = read_texts(
        source, text_column=text_column, title_column=title_column, want_label=False, max_rows=most, seed=seed
    )
    notes = [message for file in raw.files for message in file.messages]
    texts = list(dict.fromkeys(text for text in (clean_text(row.text) for row in raw.texts) if text))
    if not texts:
        raise DataError(f"No texts in {public_name(source)}: all are blank", hint=f"columns used: {raw.columns}")
    if raw.is_sample:
        notes.append(f"{raw.n_rows:,} rows are more than a study needs: {len(raw.texts):,} were drawn at random")
    order = np.random.default_rng(seed).permutation(len(texts))
    shuffled = [texts[i] for i in order]
    if not to_train:
        return StudySource(_at_most(shuffled, notes, "measured on"), [], notes=notes)
    if len(texts) == 1:
        notes.append("With one text, tokenizers are trained and measured on the same text, which flatters them")
        return StudySource(shuffled, shuffled, held_out=False, notes=notes)
    n_measured = min(MOST_TEXTS_MEASURED, len(texts) // 2)
    measured = _at_most(shuffled[:n_measured], notes, "measured on")
    trained_on = _at_most(shuffled[n_measured:], notes, "trained on")
    return StudySource(measured, trained_on, notes=notes)


def load_tokenizers(
    names: Sequence[str], trained_on: Sequence[str], reporter: Reporter
) -> tuple[list[NamedTokenizer], list[str]]:
    """Load those that exist and train the others, in the order given; a name given twice counts once.

    Args:
        names: Tokenizers, as for `compare_tokenizers`.
        trained_on: Texts for those that are to be trained.
        reporter: Told of what happens.

    Returns:
        The tokenizers, and sentences on vocabularies of another size than was asked for.

    Raises:
        ModelError: A tokenizer is unknown, damaged or out of reach.
        ConfigError: A size is out of range.
    """
    shown = names_to_show(names)
    notes: list[str] = []
    loaded: dict[str, NamedTokenizer] = {}
    # What cannot be loaded is told before anything is trained.
    for name in shown:
        if parse_name(name) is None:
            reporter.stage(f"Loading {name}")
            loaded[name] = _load(name, shown[name])
    for name in shown:
        if asked := parse_name(name):
            reporter.stage(f"Training {name}")
            loaded[name] = train_named(asked, trained_on)
            n_found = loaded[name].vocabulary
            if n_found < asked.size and asked.kind not in ("chars", "bytes"):
                notes.append(f"{name}: the texts give {n_found:,} tokens, fewer than the {asked.size:,} asked for")
            elif n_found > asked.size:
                notes.append(f"{name}: {n_found:,} tokens are the fewest it can have")
    return [loaded[name] for name in shown], notes


def _load(name: str, shown: str) -> NamedTokenizer:
    from afina.modeling import load_tokenizer

    try:
        return load_tokenizer(name, shown)
    except UnknownModelError as error:
        hint = f"{error.hint}; trained on the spot are {', '.join(KINDS)}"
        raise UnknownModelError(str(error), hint=hint) from None


def _at_most(texts: list[str], notes: list[str], what: str) -> list[str]:
    """As many texts as hold `MOST_CHARACTERS`; at least one."""
    ends = np.cumsum([len(text) for text in texts])
    n = max(1, int(np.searchsorted(ends, MOST_CHARACTERS, side="right")))
    if n < len(texts):
        notes.append(f"Tokenizers are {what} {n:,} of {len(texts):,} texts: their first {ends[n - 1]:,} characters")
    return texts[:n]


def _notes(study: StudyTexts, rows: Sequence[dict[str, Any]], max_tokens: int) -> list[str]:
    notes = []
    if not study.n_words:
        notes.append("The texts hold no words, so that nothing can be said by word")
    elif share_without_spaces(study.texts) > _SHARE_WITHOUT_SPACES:
        notes.append("The script writes no spaces between words: read characters by token rather than tokens by word")
    for row in rows:
        if row["pad_token"] is None:
            notes.append(f"{row['name']} has no padding token; in training its end-of-text token takes that place")
        if row["limit"] < max_tokens:
            notes.append(f"{row['name']}: its model takes {row['limit']:,} tokens at most, so that is its limit here")
    return notes
