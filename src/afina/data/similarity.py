"""Which texts nearly repeat one another: an exact join on sets of words.

Two texts are near-duplicates when their sets of words have a Jaccard similarity of at least `NEAR_JACCARD`. All such
pairs are found, none by luck: sets that similar must share some of their rarest words (the prefix filter of
Chaudhuri, Ganti and Kaushik, "A primitive operator for similarity joins in data cleaning", ICDE 2006; several shared
words for long texts, as in Wang, Li and Feng, "Can we beat the prefix filtering?", SIGMOD 2012). The pairs that pass
the filter come from one product of sparse matrices, and each is then compared in full. `benchmarks/near_duplicates.py`
measures it against MinHash, which finds the pairs with a probability.

A sentence of four to eight words with one word replaced falls below that similarity, though it gives the answer away
all the same. So where one data set is looked up in another, texts of at least `ONE_WORD_LEAST` distinct words that
differ in one word match too, unless the text differs so from many: then it has a form that many share. Clusters inside
a set are not widened, since chains of such pairs would join what merely has the same form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data.words import words_of
from afina.extras import require

# A fraction, so that bounds on counts of words are exact.
_NEAR = Fraction(4, 5)
NEAR_JACCARD = float(_NEAR)
# Shorter texts differ in one word by chance too often: docs/decisions/004-near-duplicates.md has the counts.
ONE_WORD_LEAST = 4
# A text that differs so from more others has a form that many share, such as "order number 17 is late".
_MOST_ONE_WORD_NEIGHBOURS = 3
# A pair of long sets must share this many of its rarest words to be compared; a pair of short ones, one.
_LONG_OVERLAP, _SHARED_IF_LONG = 40, 3
# Limits on memory: products of matrix entries in a block, and pairs compared in full at a time.
_PRODUCTS_PER_BLOCK = 4_000_000
_PAIRS_PER_COMPARISON = 50_000
_ROUNDS_OF_REPRESENTATIVES = 3

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class WordSets:
    """Sets of words as rows of a sparse matrix whose columns run from the rarest word to the commonest.

    Args:
        matrix: (n_texts, n_words) CSR of ones, column indices of each row ascending.
        sizes: Words of each set, (n_texts,).
    """

    matrix: Any
    sizes: Positions

    @classmethod
    def of(cls, forms: Sequence[str]) -> WordSets:
        """The word sets of texts in normal form."""
        ids: dict[str, int] = {}
        columns: list[npt.NDArray[np.int32]] = []
        for form in forms:
            words = {ids.setdefault(word, len(ids)) for word in words_of(form)}
            columns.append(np.fromiter(words, np.int32, len(words)))
        sizes = np.array([len(row) for row in columns], dtype=np.int64)
        return cls._of_ids(np.concatenate(columns) if columns else np.zeros(0, np.int32), sizes, len(ids))

    @classmethod
    def of_hashes(cls, hashes: npt.NDArray[np.uint32], sizes: Positions) -> WordSets:
        """The word sets of texts of which only hashes of their words are known.

        Args:
            hashes: The distinct words of each text, one text after another.
            sizes: Words of each text, (n_texts,).
        """
        known, ids = np.unique(hashes, return_inverse=True)
        return cls._of_ids(ids.astype(np.int32), sizes, len(known))

    @classmethod
    def _of_ids(cls, ids: npt.NDArray[np.int32], sizes: Positions, n_words: int) -> WordSets:
        sparse = require("scipy.sparse", extra="data")
        rank = np.empty(n_words, np.int32)
        rank[np.argsort(np.bincount(ids, minlength=n_words), kind="stable")] = np.arange(n_words, dtype=np.int32)
        ends = np.concatenate([[0], np.cumsum(sizes)])
        matrix = sparse.csr_matrix((np.ones(len(ids), np.int32), rank[ids], ends), shape=(len(sizes), n_words))
        matrix.sort_indices()
        return cls(matrix, sizes)

    def select(self, rows: Positions) -> WordSets:
        """The sets at these positions, in this order."""
        return WordSets(self.matrix[rows], self.sizes[rows])

    @property
    def _least_shared(self) -> Positions:
        """Words that a text near each set must share with it: that fraction, rounded up, or all but one."""
        fraction = -(-_NEAR.numerator * self.sizes // _NEAR.denominator)
        return np.minimum(fraction, self.sizes - (self.sizes >= ONE_WORD_LEAST))

    @property
    def rare_shared(self) -> Positions:
        """How many of its rarest words a set must share with another to be compared with it."""
        return np.where(self._least_shared >= _LONG_OVERLAP, _SHARED_IF_LONG, 1)

    def rarest(self) -> Any:
        """Each set cut to as many of its rarest words as the filter needs, as a matrix of the same shape."""
        sparse = require("scipy.sparse", extra="data")
        kept = np.minimum(self.sizes, self.sizes - self._least_shared + self.rare_shared)
        place = np.arange(self.matrix.nnz) - np.repeat(self.matrix.indptr[:-1], self.sizes)
        columns = self.matrix.indices[place < np.repeat(kept, self.sizes)]
        ends = np.concatenate([[0], np.cumsum(kept)])
        return sparse.csr_matrix((np.ones(len(columns), np.int32), columns, ends), shape=self.matrix.shape)

    def shared(self, one: Positions, other: Positions) -> Positions:
        """How many words the sets of each pair share, (n_pairs,)."""
        counts = np.zeros(len(one), dtype=np.int64)
        for start in range(0, len(one), _PAIRS_PER_COMPARISON):
            some = slice(start, start + _PAIRS_PER_COMPARISON)
            both = self.matrix[one[some]].multiply(self.matrix[other[some]])
            counts[some] = np.asarray(both.sum(axis=1)).ravel()
        return counts

    def similarity(self, one: Positions, other: Positions) -> npt.NDArray[np.float64]:
        """Jaccard similarity of pairs of sets, (n_pairs,); 0 where both are empty."""
        return self.jaccard(one, other, self.shared(one, other))

    def one_word_apart(self, one: Positions, other: Positions, shared: Positions) -> npt.NDArray[np.bool_]:
        """Which pairs that share so many words differ in one word only, (n_pairs,)."""
        sizes = np.stack([self.sizes[one], self.sizes[other]])
        return np.asarray((sizes.max(axis=0) - shared <= 1) & (sizes.min(axis=0) >= ONE_WORD_LEAST), dtype=np.bool_)

    def jaccard(self, one: Positions, other: Positions, shared: Positions) -> npt.NDArray[np.float64]:
        """Jaccard similarity of pairs of sets that share so many words, (n_pairs,); 0 where both are empty."""
        return np.asarray(shared / np.maximum(1, self.sizes[one] + self.sizes[other] - shared), dtype=np.float64)


def find_clusters(forms: Sequence[str]) -> Positions:
    """Number the groups of equal and nearly equal texts.

    Args:
        forms: Texts in normal form.

    Returns:
        Cluster of each text, (n_texts,), numbered from 0 in the order of first texts; a text like no other has a
        number of its own.
    """
    positions: dict[str, int] = {}
    rows = np.array([positions.setdefault(form, len(positions)) for form in forms], dtype=np.int64)
    return near_clusters(list(positions))[rows] if len(rows) else rows


def near_clusters(forms: Sequence[str]) -> Positions:
    """Number the groups of texts that are linked by near-duplicates.

    Args:
        forms: Distinct texts in normal form.

    Returns:
        Cluster of each text, (n_texts,): texts linked by a chain of near-duplicates share a number. Numbers run from 0
        in the order of their first texts.
    """
    sets = WordSets.of(forms)
    clusters = np.arange(len(forms), dtype=np.int64)
    for one, other in candidate_pairs(sets, np.arange(len(forms)), np.arange(len(forms))):
        clusters = _join(sets, clusters, one[other < one], other[other < one])
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def near_matches(forms: Sequence[str], others: Sequence[str]) -> dict[int, tuple[int, float]]:
    """For each text that nearly stands among the others, the position of the most similar one and the similarity.

    Args:
        forms: Texts in normal form to look up.
        others: Texts in normal form to look among.
    """
    return nearest_sets(WordSets.of([*forms, *others]), len(forms))


def nearest_sets(sets: WordSets, n: int) -> dict[int, tuple[int, float]]:
    """For each of the first sets that is near one of the others, the most similar one, ascending.

    Args:
        sets: Word sets, those to look up before those to look among.
        n: How many are to be looked up.

    Returns:
        The position of the other among the others, and the Jaccard similarity, by the position of the first.
    """
    best: dict[int, tuple[int, float]] = {}
    one_word: list[tuple[int, int, float]] = []
    neighbours = np.zeros(len(sets.sizes), dtype=np.int64)
    for one, other in candidate_pairs(sets, np.arange(n), np.arange(n, len(sets.sizes))):
        shared = sets.shared(one, other)
        similarities = sets.jaccard(one, other, shared)
        near = similarities >= NEAR_JACCARD
        _keep_best(best, zip(one[near].tolist(), other[near].tolist(), similarities[near].tolist(), strict=True))
        apart = ~near & sets.one_word_apart(one, other, shared)
        one, other, similarities = one[apart], other[apart], similarities[apart]
        neighbours += np.bincount(np.concatenate([one, other]), minlength=len(neighbours))
        # All pairs of a text to look up are in one block, so none of a form that many share need be kept.
        few = neighbours[one] <= _MOST_ONE_WORD_NEIGHBOURS
        one_word += zip(one[few].tolist(), other[few].tolist(), similarities[few].tolist(), strict=True)
    _keep_best(best, (pair for pair in one_word if neighbours[pair[1]] <= _MOST_ONE_WORD_NEIGHBOURS))
    return {position: (other - n, similarity) for position, (other, similarity) in sorted(best.items())}


def _keep_best(best: dict[int, tuple[int, float]], pairs: Iterable[tuple[int, int, float]]) -> None:
    """Put the most similar other of each text in, the first of equal ones."""
    for one, other, similarity in pairs:
        if similarity > best.get(one, (0, 0.0))[1]:
            best[one] = (other, similarity)


def candidate_pairs(sets: WordSets, rows: Positions, columns: Positions) -> Iterator[tuple[Positions, Positions]]:
    """Pairs that may be near-duplicates or differ in one word, a block at a time.

    Args:
        sets: Word sets.
        rows: Positions of sets to compare, ascending.
        columns: Positions of sets to compare them with.

    Yields:
        Positions of the one and of the other of each pair, (n_pairs,) each; rows ascend from block to block.
    """
    rarest = sets.rarest()
    mine, theirs = rarest[rows], rarest[columns].T.tocsr()
    products = np.cumsum(mine @ np.diff(theirs.indptr))
    start = 0
    while start < len(rows):
        reached = products[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(products, reached + _PRODUCTS_PER_BLOCK, side="right")))
        shared = (mine[start:end] @ theirs).tocoo()
        one, other = rows[start + shared.row], columns[shared.col]
        enough = shared.data >= np.minimum(sets.rare_shared[one], sets.rare_shared[other])
        small, large = np.minimum(sets.sizes[one], sets.sizes[other]), np.maximum(sets.sizes[one], sets.sizes[other])
        likely = enough & (_NEAR.denominator * small >= _NEAR.numerator * large) & (one != other)
        yield one[likely], other[likely]
        start = end


def _join(sets: WordSets, clusters: Positions, one: Positions, other: Positions) -> Positions:
    """Clusters after linking those of the candidate pairs that are near-duplicates.

    Ten thousand variants of a sentence make fifty million pairs. A pair that a chain links already needs no look, so
    one pair for each two clusters is compared first, and what that leaves apart after a few rounds.
    """
    for last in [*[False] * _ROUNDS_OF_REPRESENTATIVES, True]:
        apart = clusters[one] != clusters[other]
        one, other = one[apart], other[apart]
        if not len(one):
            break
        chosen = np.arange(len(one))
        if not last:
            chosen = np.unique(np.stack([clusters[one], clusters[other]]), axis=1, return_index=True)[1]
        near = sets.similarity(one[chosen], other[chosen]) >= NEAR_JACCARD
        clusters = _linked(clusters, one[chosen][near], other[chosen][near])
        one, other = np.delete(one, chosen), np.delete(other, chosen)
    return clusters


def _linked(clusters: Positions, one: Positions, other: Positions) -> Positions:
    if not len(one):
        return clusters
    component = components(clusters[one], clusters[other], len(clusters))
    # A component is called by its smallest cluster, so that numbers keep the order of first texts.
    smallest = np.full(component.max() + 1, len(clusters), dtype=np.int64)
    np.minimum.at(smallest, component, np.arange(len(clusters)))
    return np.asarray(smallest[component[clusters]], dtype=np.int64)


def components(one: Positions, other: Positions, n: int) -> Positions:
    """Number the connected components of a graph.

    Args:
        one: One end of each link, (n_links,).
        other: The other end, (n_links,).
        n: Number of nodes.

    Returns:
        Component of each node, (n,).
    """
    sparse, csgraph = require("scipy.sparse", extra="data"), require("scipy.sparse.csgraph", extra="data")
    links = sparse.coo_matrix((np.ones(len(one), np.int8), (one, other)), shape=(n, n))
    return np.asarray(csgraph.connected_components(links, directed=False)[1], dtype=np.int64)
