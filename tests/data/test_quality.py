import numpy as np

from afina.data import Match, TextDataset, find_clusters, find_overlap, load_dataset
from afina.data.quality import duplicate_rows
from afina.labels import LabelSet

TEN = "one two three four five six seven eight nine ten"


def overlap_of(texts, others):
    return find_overlap(dataset(texts).normal_forms, dataset(others).normal_forms)


def dataset(texts, ids=None):
    ids = np.zeros(len(texts), dtype=np.int64) if ids is None else np.array(ids, dtype=np.int64)
    return TextDataset(texts, ids, LabelSet(("a", "b")))


def test_duplicates_are_later_rows_with_the_same_words_and_label():
    rows = dataset(["Good film", "good film!", "good film", "bad", "BAD.", "good, film"], [0, 0, 1, 1, 1, 1])
    assert duplicate_rows(rows).tolist() == [1, 4, 5]


def test_no_duplicates_is_an_empty_array_that_can_index():
    assert duplicate_rows(dataset(["a", "b"])).tolist() == []
    assert dataset(["a", "b"]).label_ids[duplicate_rows(dataset(["a", "b"]))].tolist() == []


def test_exact_overlap_ignores_case_and_punctuation():
    overlap = overlap_of(["The FILM!", "other", "the film"], ["the film"])
    assert overlap.exact.tolist() == [0, 2]
    assert overlap.near.tolist() == []
    assert overlap.matches == {0: Match(0, 1.0), 2: Match(0, 1.0)}


def test_near_overlap_starts_at_four_fifths_of_the_words():
    eight, seven = " ".join(TEN.split()[:8]), " ".join(TEN.split()[:7])
    overlap = overlap_of([eight, seven], [TEN])
    assert overlap.near.tolist() == [0]
    assert overlap.matches == {0: Match(0, 0.8)}


def test_the_same_words_in_another_order_are_near_and_not_exact():
    overlap = overlap_of(["ten nine eight"], ["eight nine ten"])
    assert (overlap.exact.tolist(), overlap.near.tolist()) == ([], [0])


def test_the_most_similar_text_is_the_match():
    overlap = overlap_of([TEN], [TEN + " eleven twelve", TEN + " eleven", "other"])
    assert overlap.matches[0].position == 1


def test_the_first_of_equal_texts_is_the_match():
    assert overlap_of([TEN], ["other", TEN, TEN.upper()]).matches == {0: Match(1, 1.0)}


def test_overlap_is_false_when_nothing_is_shared():
    overlap = overlap_of(["a b", "😀", ""], ["c d", "😡"])
    assert not overlap
    assert overlap.rows.tolist() == []


def test_overlap_with_nothing_is_empty():
    assert not overlap_of([], ["a"])
    assert not overlap_of(["a"], [])


def test_rows_are_exact_and_near_ones_ascending():
    overlap = overlap_of([TEN.replace("ten", "zehn"), "x", TEN], [TEN])
    assert overlap
    assert overlap.rows.tolist() == [0, 2]


def test_clusters_join_equal_and_near_texts_and_chains_of_them():
    chain = [TEN, TEN + " a", TEN + " a b", TEN + " a b c d"]
    clusters = find_clusters(["lone", *chain, "other", TEN, "lone"])
    # The last of the chain is near its neighbour only.
    assert clusters.tolist() == [0, 1, 1, 1, 1, 2, 1, 0]


def test_no_texts_make_no_clusters():
    assert find_clusters([]).tolist() == []


def test_texts_without_spaces_between_words_are_compared_by_character():
    text = "这部电影非常好看我很喜欢"
    assert overlap_of([text + "吗"], [text]).near.tolist() == [0]
    assert not overlap_of(["这家餐厅的服务太差了"], [text])


def test_the_sample_reviews_are_all_found_in_the_sst2_dev_set(shared_data):
    reviews, _ = load_dataset(str(shared_data / "sample_reviews.parquet"))
    dev, _ = load_dataset(str(shared_data / "sst2_dev.parquet"))
    overlap = find_overlap(reviews.normal_forms, dev.normal_forms)
    assert (len(overlap.exact), len(overlap.near)) == (139, 11)
