import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.data import Fingerprints, TextDataset, find_overlap, load_dataset
from afina.errors import ModelError
from afina.labels import LabelSet

LABELS = LabelSet(("negative", "positive"))
TEN = "one two three four five six seven eight nine ten"
TEXTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=7).map(" ".join), max_size=8)


def dataset(texts, *, row_numbers=None):
    return TextDataset(texts, np.arange(len(texts)) % 2, LABELS, row_numbers=row_numbers)


@settings(deadline=None, max_examples=200)
@given(TEXTS, TEXTS)
def test_the_overlap_is_that_of_the_texts_themselves(some, others):
    found = Fingerprints.of({"train": dataset(others)}).overlap(dataset(some).normal_forms)
    expected = find_overlap(dataset(some).normal_forms, dataset(others).normal_forms)
    assert found.exact.tolist() == expected.exact.tolist()
    assert found.near.tolist() == expected.near.tolist()
    for position, match in expected.matches.items():
        assert found.matches[position].similarity == pytest.approx(match.similarity)


def test_training_and_dev_texts_are_known_by_role_label_and_row(tmp_path):
    prints = Fingerprints.of(
        {"train": dataset(["A fine film", TEN], row_numbers=np.array([7, 9])), "dev": dataset(["a dull film it was"])}
    )
    prints.write(tmp_path / "prints.parquet")
    read = Fingerprints.read(tmp_path / "prints.parquet")
    assert len(read) == 3
    overlap = read.overlap(["other", "a fine film", "a dull room it was", TEN + " eleven"])
    assert (overlap.exact.tolist(), overlap.near.tolist()) == ([1], [2, 3])
    places = [overlap.matches[i].position for i in (1, 2, 3)]
    told = [(read.roles[i], read.labels[i], int(read.row_numbers[i])) for i in places]
    assert told == [("train", "negative", 7), ("dev", "negative", 0), ("train", "positive", 9)]


def test_what_is_read_is_what_was_written(tmp_path):
    prints = Fingerprints.of({"train": dataset([TEN, "", "😀", "这部电影非常好看", "a a a b"]), "dev": dataset([])})
    prints.write(tmp_path / "prints.parquet")
    read = Fingerprints.read(tmp_path / "prints.parquet")
    for name in ("digests", "words", "sizes", "row_numbers"):
        assert getattr(read, name).tolist() == getattr(prints, name).tolist()
        assert getattr(read, name).dtype == getattr(prints, name).dtype
    assert (read.roles, read.labels) == (prints.roles, prints.labels)
    assert read.sizes.tolist() == [10, 0, 1, 8, 2]


def test_no_texts_are_no_hindrance(tmp_path):
    Fingerprints.of({"train": dataset([])}).write(tmp_path / "prints.parquet")
    read = Fingerprints.read(tmp_path / "prints.parquet")
    assert not read.overlap(["a"])
    assert not Fingerprints.of({}).overlap([])
    assert not Fingerprints.of({"train": dataset([TEN])}).overlap([])


def test_hashes_are_the_same_everywhere():
    prints = Fingerprints.of({"train": dataset(["Good film!"])})
    assert prints.digests.tolist() == [4535755579601245456]
    assert prints.words.tolist() == [1683962598, 3008060052]


def test_no_text_stands_in_the_file(tmp_path):
    path = tmp_path / "prints.parquet"
    Fingerprints.of({"train": dataset(["an unmistakable sentence about aardvarks"])}).write(path)
    assert b"aardvark" not in path.read_bytes()
    assert b"unmistak" not in path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"PAR1junkPAR1", b"not parquet at all"])
def test_a_damaged_file_is_a_sentence(tmp_path, content):
    path = tmp_path / "prints.parquet"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read"):
        Fingerprints.read(path)


def test_another_parquet_file_is_a_sentence(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "texts.parquet")
    with pytest.raises(ModelError, match="Not fingerprints"):
        Fingerprints.read(tmp_path / "texts.parquet")


def test_the_sample_reviews_are_recognised_by_the_fingerprints_of_sst2_dev(shared_data):
    reviews, _ = load_dataset(str(shared_data / "sample_reviews.parquet"))
    dev, _ = load_dataset(str(shared_data / "sst2_dev.parquet"))
    overlap = Fingerprints.of({"train": dev}).overlap(reviews.normal_forms)
    assert (len(overlap.exact), len(overlap.near)) == (139, 11)
