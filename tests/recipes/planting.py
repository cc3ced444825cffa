"""Rows of a test set hidden among training texts: in another case, or with one word changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from afina.data import Fingerprints, TextDataset
from afina.run_folder import RunFolder, write_json


def disguise(texts: Sequence[str], words: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Each text in another case or with a word replaced, put in, or left out, in turn."""
    return [_recased(text, rng) if i % 2 else _one_word_changed(text, words, rng) for i, text in enumerate(texts)]


def _recased(text: str, rng: np.random.Generator) -> str:
    return [text.upper(), text.title(), text.swapcase()][rng.integers(3)]


def _one_word_changed(text: str, words: Sequence[str], rng: np.random.Generator) -> str:
    changed = text.split()
    places = [i for i, word in enumerate(changed) if any(map(str.isalnum, word))]
    place, new = places[rng.integers(len(places))], words[rng.integers(len(words))]
    changed[place : place + 1] = [[new], [new, changed[place]], []][rng.integers(3 if len(changed) > 1 else 2)]
    return " ".join(changed)


def keep_fingerprints(run: RunFolder, **parts: TextDataset) -> None:
    """Have a run hold the fingerprints of these texts."""
    Fingerprints.of(parts).write(run.fingerprints)
    write_json(run.manifest, run.read_manifest() | {"artifacts": run.artifact_hashes()})
