"""Training of a Unigram vocabulary, the same for the same words.

The trainer of the tokenizers library goes through words in an order that differs from run to run, and so do its
scores. Here the substrings of all words make one lattice held in arrays: expectation maximisation gives each piece
its probability, and pieces that other pieces replace at little loss are dropped until the vocabulary has its size.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MARKER = "▁"
_MOST_CHARACTERS = 500_000
_LONGEST_WORD = 32
_LONGEST_PIECE = 12
_SEEDS_PER_PIECE = 10
_SHRINK = 0.7
_PASSES = 2

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass
class _Lattice:
    """All words end to end, and every substring of them that occurs twice.

    Args:
        pieces: Surface of each substring; the first `n_chars` are single characters.
        lengths: Characters of each, (n_pieces,).
        firsts: A position where each occurs, (n_pieces,).
        counts: How often each occurs, (n_pieces,).
        at: For each length from 1, the substring that starts at each position, or -1: (longest, n_positions).
        starts, ends, edges: Node before and after each occurrence of a substring, and which it is: (n_edges,).
        depths: How many characters into its word each occurrence ends, ascending: (n_edges,).
        leaves, weights: Last node of each word, and how often it occurs: (n_words,).
    """

    pieces: list[str]
    n_chars: int
    lengths: Ints
    firsts: Ints
    counts: Floats
    at: Ints
    starts: Ints
    ends: Ints
    edges: Ints
    depths: Ints
    leaves: Ints
    weights: Floats


def train_unigram(words: Counter[str], size: int) -> list[tuple[str, float]]:
    """Find the pieces that make the words most probable.

    Args:
        words: How often each word occurs, as a tokenizer sees it (marker in front).
        size: Pieces wanted; fewer come back where the words do not give as many.

    Returns:
        Pieces with their log-probabilities, most probable first.
    """
    if not words:
        return []
    lattice = _build(words)
    single = np.arange(len(lattice.pieces)) < lattice.n_chars
    target = max(0, size - lattice.n_chars)
    alive = single | _largest(lattice.counts * lattice.lengths * ~single, _SEEDS_PER_PIECE * target)
    counts = np.where(alive, lattice.counts, 0.0)
    while True:
        for _ in range(_PASSES):
            counts = _expected_counts(lattice, _scores(counts, alive), alive)
            alive &= single | (counts >= 0.5)
        n_multiple = int((alive & ~single).sum())
        if n_multiple <= target:
            break
        loss = np.where(alive & ~single, _losses(lattice, _scores(counts, alive), counts), 0.0)
        alive = single | _largest(loss, max(target, int(n_multiple * _SHRINK)))
    scores = _scores(counts, alive)
    found = [(lattice.pieces[i], round(float(scores[i]), 6)) for i in np.flatnonzero(alive)]
    return sorted(found, key=lambda entry: (-entry[1], entry[0]))[:size]


def _largest(values: Floats, n: int) -> npt.NDArray[np.bool_]:
    """Which values are among the `n` largest and above zero; of equal ones the first."""
    chosen = np.zeros(len(values), dtype=np.bool_)
    chosen[np.argsort(-values, kind="stable")[:n]] = True
    return chosen & (values > 0)


def _build(words: Counter[str]) -> _Lattice:
    chunks: list[str] = []
    repeats: list[int] = []
    n_characters = 0
    for word, count in sorted(words.items(), key=lambda entry: (-entry[1], entry[0])):
        if n_characters > _MOST_CHARACTERS:
            break
        for start in range(0, len(word), _LONGEST_WORD):
            chunks.append(word[start : start + _LONGEST_WORD])
            repeats.append(count)
        n_characters += len(word)
    joined = "".join(chunks)
    sizes = np.array([len(chunk) for chunk in chunks], dtype=np.int64)
    weights = np.array(repeats, dtype=np.float64)
    word_of = np.repeat(np.arange(len(chunks)), sizes)
    word_ends = np.repeat(np.cumsum(sizes), sizes)
    word_starts = word_ends - sizes[word_of]
    characters, ids = np.unique(np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32), return_inverse=True)

    at = np.full((_LONGEST_PIECE, len(joined)), -1, dtype=np.int64)
    at[0] = ids
    pieces = [chr(code) for code in characters]
    lengths, firsts = [np.ones(len(pieces), dtype=np.int64)], [np.unique(ids, return_index=True)[1]]
    counts = [np.bincount(ids, weights[word_of])]
    places, spans, occurrences = (
        [np.arange(len(joined))],
        [np.ones(len(joined), dtype=np.int64)],
        [ids.astype(np.int64)],
    )
    starts = np.arange(len(joined))
    for length in range(2, _LONGEST_PIECE + 1):
        starts = starts[starts + length <= word_ends[starts]]
        keys = at[length - 2, starts] * len(characters) + ids[starts + length - 1]
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        occurring = np.bincount(inverse, weights[word_of[starts]], minlength=len(first))
        often = occurring >= 2
        new_ids = np.cumsum(often) - 1 + len(pieces)
        kept = often[inverse]
        firsts.append(starts[first[often]])
        pieces += [joined[place : place + length] for place in firsts[-1]]
        lengths.append(np.full(len(firsts[-1]), length))
        counts.append(occurring[often])
        starts, found = starts[kept], new_ids[inverse[kept]]
        at[length - 1, starts] = found
        places.append(starts)
        spans.append(np.full(len(starts), length))
        occurrences.append(found)
    place, span, edge = np.concatenate(places), np.concatenate(spans), np.concatenate(occurrences)
    # Each word has one node more than it has characters.
    before = place + word_of[place]
    depth = place + span - word_starts[place]
    order = np.lexsort((before + span, depth))
    leaves = np.cumsum(sizes) + np.arange(len(sizes))
    return _Lattice(
        pieces=pieces, n_chars=len(characters), lengths=np.concatenate(lengths), firsts=np.concatenate(firsts),
        counts=np.concatenate(counts), at=at, starts=before[order], ends=(before + span)[order], edges=edge[order],
        depths=depth[order], leaves=leaves, weights=weights,
    )  # fmt: skip


def _scores(counts: Floats, alive: npt.NDArray[np.bool_]) -> Floats:
    """Log-probability of each piece; a character that larger pieces make needless keeps a small one."""
    floored = np.where(alive, np.maximum(counts, 0.1), 0.0)
    with np.errstate(divide="ignore"):
        scores: Floats = np.log(floored / floored.sum())
    return scores


def _expected_counts(lattice: _Lattice, scores: Floats, alive: npt.NDArray[np.bool_]) -> Floats:
    """How often each piece is used, over all ways to cut the words, each weighted by its probability."""
    kept = alive[lattice.edges]
    starts, ends, edges, depths = (a[kept] for a in (lattice.starts, lattice.ends, lattice.edges, lattice.depths))
    steps = [
        slice(int(first), int(last))
        for first, last in zip(
            np.searchsorted(depths, np.arange(1, depths[-1] + 1)),
            np.searchsorted(depths, np.arange(1, depths[-1] + 1), side="right"),
            strict=True,
        )
    ]
    n_nodes = int(lattice.leaves[-1]) + 1
    reached = np.zeros(n_nodes)
    for step in steps:
        nodes, first = np.unique(ends[step], return_index=True)
        reached[nodes] = np.logaddexp.reduceat(reached[starts[step]] + scores[edges[step]], first)
    used = np.zeros(n_nodes)
    used[lattice.leaves] = lattice.weights
    expected = np.zeros(len(edges))
    for step in reversed(steps):
        share = np.exp(reached[starts[step]] + scores[edges[step]] - reached[ends[step]])
        expected[step] = used[ends[step]] * share
        np.add.at(used, starts[step], expected[step])
    counts: Floats = np.bincount(edges, expected, minlength=len(lattice.pieces)).astype(np.float64)
    return counts


def _losses(lattice: _Lattice, scores: Floats, counts: Floats) -> Floats:
    """What is lost in log-probability when a piece is replaced by the best two or more others, over all its uses."""
    best = scores.copy()
    instead = np.full(len(scores), -np.inf)
    bounds = np.searchsorted(lattice.lengths, np.arange(1, _LONGEST_PIECE + 2))
    for length in range(2, _LONGEST_PIECE + 1):
        some = slice(int(bounds[length - 1]), int(bounds[length]))
        place = lattice.firsts[some]
        for cut in range(1, length):
            halves = best[lattice.at[cut - 1, place]] + best[lattice.at[length - cut - 1, place + cut]]
            instead[some] = np.maximum(instead[some], halves)
        best[some] = np.maximum(best[some], instead[some])
    with np.errstate(invalid="ignore"):
        lost: Floats = np.maximum(counts * (scores - instead), 1e-9)
    return np.nan_to_num(lost, nan=0.0, posinf=0.0)
