"""What a run keeps of the texts it learned from, so that they are recognised later without being kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from afina.data.quality import Overlap, join_texts
from afina.data.similarity import WordSets, nearest_sets
from afina.data.text_dataset import TextDataset
from afina.data.words import words_of
from afina.errors import ModelError

_FORMAT = b"afina.fingerprints"
_VERSION = b"1"
# Room for the hashes of all distinct words in one table, without which each would be written out again and again.
_DICTIONARY_BYTES = 1 << 26


@dataclass(frozen=True)
class Fingerprints:
    """Hashes of texts in normal form and of their distinct words, by which equal and near texts are found.

    The order of the words is not kept, nor how often each occurs, so no sentence can be read back. It is no secret
    though: who can guess a text, or hash a dictionary, learns which of his words occurred.

    Args:
        digests: Hash of each normal form, (n_texts,).
        words: Hashes of the distinct words of each text, one text after another, ascending within each.
        sizes: Distinct words of each text, (n_texts,).
        roles: What each text was used for, such as "train" or "dev".
        labels: Label name of each text.
        row_numbers: Row of its source that each text comes from, counted from 1, (n_texts,); 0 where it has none.
    """

    digests: npt.NDArray[np.uint64]
    words: npt.NDArray[np.uint32]
    sizes: npt.NDArray[np.int64]
    roles: Sequence[str]
    labels: Sequence[str]
    row_numbers: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.digests)

    @classmethod
    def of(cls, parts: Mapping[str, TextDataset]) -> Fingerprints:
        """The fingerprints of data sets, by what each is used for."""
        forms = [form for dataset in parts.values() for form in dataset.normal_forms]
        words, sizes = _hash_words(forms)
        none = [np.zeros(0, np.int64)]
        return cls(
            digests=digests_of(forms),
            words=words,
            sizes=sizes,
            roles=[role for role, dataset in parts.items() for _ in range(len(dataset))],
            labels=[dataset.labels.names[i] for dataset in parts.values() for i in dataset.label_ids],
            row_numbers=np.concatenate([_row_numbers(dataset) for dataset in parts.values()] or none),
        )

    def select(self, positions: npt.NDArray[np.int64]) -> Fingerprints:
        """The fingerprints at these positions, in this order."""
        ends = np.concatenate([[0], np.cumsum(self.sizes)])
        parts = [self.words[ends[i] : ends[i + 1]] for i in positions]
        return Fingerprints(
            digests=self.digests[positions],
            words=np.concatenate(parts) if parts else self.words[:0],
            sizes=self.sizes[positions],
            roles=[self.roles[i] for i in positions],
            labels=[self.labels[i] for i in positions],
            row_numbers=self.row_numbers[positions],
        )

    def overlap(self, forms: Sequence[str]) -> Overlap:
        """Which texts are known, exactly or nearly, by the rules of `find_overlap`.

        Args:
            forms: Texts in normal form.

        Returns:
            Positions in `forms`; each match names a position among the fingerprints.
        """
        words, sizes = _hash_words(forms)

        def near(rest: Sequence[int], distinct: Sequence[int]) -> dict[int, tuple[int, float]]:
            sets = WordSets.of_hashes(np.concatenate([words, self.words]), np.concatenate([sizes, self.sizes]))
            chosen = np.concatenate([np.array(rest, np.int64), len(forms) + np.array(distinct, np.int64)])
            return nearest_sets(sets.select(chosen), len(rest))

        return join_texts(digests_of(forms).tolist(), self.digests.tolist(), near)

    def write(self, path: Path) -> None:
        """Write a Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        ends = np.concatenate([[0], np.cumsum(self.sizes)])
        table = pa.table(
            {
                "digest": pa.array(self.digests, pa.uint64()),
                "words": pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), pa.array(self.words, pa.uint32())),
                "role": pa.array(self.roles, pa.string()),
                "label": pa.array(self.labels, pa.string()),
                "row": pa.array(self.row_numbers, pa.int64()),
            }
        )
        pq.write_table(
            table.replace_schema_metadata({_FORMAT: _VERSION}),
            path,
            compression="zstd",
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
        )

    @classmethod
    def read(cls, path: Path) -> Fingerprints:
        """Read what `write` wrote.

        Raises:
            ModelError: The file cannot be read, or is of another kind.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path).combine_chunks()
        except (OSError, pa.ArrowException) as error:
            raise ModelError(f"The fingerprints {path} cannot be read: {error}") from None
        if (table.schema.metadata or {}).get(_FORMAT) != _VERSION:
            raise ModelError(
                f"Not fingerprints that this version of afina knows: {path}",
                hint="update afina, or train the model again",
            )
        words = table["words"].combine_chunks()
        return cls(
            digests=table["digest"].to_numpy(),
            words=words.flatten().to_numpy(),
            sizes=words.value_lengths().to_numpy().astype(np.int64),
            roles=table["role"].to_pylist(),
            labels=table["label"].to_pylist(),
            row_numbers=table["row"].to_numpy(),
        )


def digests_of(forms: Sequence[str]) -> npt.NDArray[np.uint64]:
    """The hash of each text in normal form, (n_texts,), by which equal texts are found."""
    return np.array([_hash(form, n_bytes=8) for form in forms], dtype=np.uint64)


def _hash_words(forms: Sequence[str]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Hashes of the distinct words of each text, ascending, one text after another; and how many each has."""
    known: dict[str, int] = {}
    rows: list[npt.NDArray[np.uint32]] = []
    for form in forms:
        words = set(words_of(form))
        for word in words:
            if word not in known:
                known[word] = _hash(word, n_bytes=4)
        # Two of a thousand words share a hash in one text of about nine thousand; a set must hold it once.
        rows.append(np.unique(np.fromiter((known[word] for word in words), np.uint32, len(words))))
    sizes = np.array([len(row) for row in rows], dtype=np.int64)
    return (np.concatenate(rows) if rows else np.zeros(0, np.uint32)), sizes


def _hash(text: str, *, n_bytes: int) -> int:
    # The same on every machine and in every version; `hash` is not.
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=n_bytes, person=b"afina").digest()
    return int.from_bytes(digest, "little")


def _row_numbers(dataset: TextDataset) -> npt.NDArray[np.int64]:
    return np.zeros(len(dataset), np.int64) if dataset.row_numbers is None else dataset.row_numbers.astype(np.int64)
