import numpy as np
import pytest

from afina.data import TextDataset
from afina.errors import DataError
from afina.labels import LabelSet

LABELS = LabelSet(("negative", "positive"))


def dataset(texts, ids, labels=LABELS, **more):
    return TextDataset(texts, np.array(ids, dtype=np.int64), labels, **more)


def test_texts_and_labels_must_be_equally_many():
    with pytest.raises(DataError, match="2 texts with 1 labels"):
        dataset(["a", "b"], [0])


def test_select_gives_rows_in_the_order_asked_for():
    chosen = dataset(["a", "b", "c"], [0, 1, 0], name="all").select(np.array([2, 1]))
    assert (list(chosen.texts), chosen.label_ids.tolist(), chosen.name) == (["c", "b"], [0, 1], "all")


def test_select_can_rename_and_can_be_empty():
    chosen = dataset(["a"], [0], name="all").select(np.array([], dtype=np.int64), name="none")
    assert (len(chosen), chosen.name, chosen.counts()) == (0, "none", {"negative": 0, "positive": 0})


@pytest.mark.parametrize("made_before", [True, False])
def test_normal_forms_follow_the_selection(made_before):
    whole = dataset(["A!", "B?", "C."], [0, 1, 0])
    if made_before:
        assert list(whole.normal_forms) == ["a", "b", "c"]
    assert list(whole.select(np.array([2, 0])).normal_forms) == ["c", "a"]


def test_without_gives_the_other_rows_in_their_order():
    whole = dataset(["a", "b", "c"], [0, 1, 0])
    assert list(whole.without(np.array([1])).texts) == ["a", "c"]
    assert len(whole.without(np.arange(3))) == 0
    assert list(whole.without(np.array([], dtype=np.int64)).texts) == ["a", "b", "c"]


def test_counts_are_in_label_order_and_name_absent_labels():
    assert list(dataset(["a", "b"], [1, 1]).counts().items()) == [("negative", 0), ("positive", 2)]


def test_equal_data_has_an_equal_fingerprint_whatever_its_name():
    one, other = dataset(["a", "b"], [0, 1], name="x"), dataset(("a", "b"), [0, 1], name="y")
    assert one.fingerprint() == other.fingerprint()


def test_the_fingerprint_is_of_label_names_and_not_of_ids():
    turned = LabelSet(("positive", "negative"))
    assert dataset(["a", "b"], [0, 1]).fingerprint() == dataset(["a", "b"], [1, 0], turned).fingerprint()


@pytest.mark.parametrize(
    ("texts", "ids"),
    [(["b", "a"], [1, 0]), (["a", "b"], [1, 1]), (["a", "b "], [0, 1]), (["ab", ""], [0, 1]), (["a"], [0])],
)
def test_a_change_of_order_label_or_text_changes_the_fingerprint(texts, ids):
    assert dataset(texts, ids).fingerprint() != dataset(["a", "b"], [0, 1]).fingerprint()


def test_half_an_emoji_can_be_fingerprinted():
    assert len(dataset(["\ud83d"], [0]).fingerprint()) == 64
