import pytest

from afina.data.columns import Columns
from afina.data.inspection import Inspection
from afina.data.reading import RawText, RawTexts
from afina.errors import DataError

TEN = "one two three four five six seven eight nine ten"


def inspect(*rows, **options):
    texts = [RawText(number, text, label) for number, (text, label) in enumerate(rows, 1)]
    return Inspection.of(RawTexts(texts, Columns("text", label="label"), n_rows=len(texts)), **options)


def unlabelled(*texts):
    return inspect(*((text, None) for text in texts))


def test_rows_texts_forms_and_labels_stand_side_by_side_without_blank_rows():
    rows = inspect(("Good<br />film", "pos"), (" ", "pos"), ("<br>", "neg"), ("It&#39;s bad!", "neg"), ("so so", None))
    assert [row.row for row in rows.rows] == [1, 4, 5]
    assert list(rows.texts) == ["Good\nfilm", "It's bad!", "so so"]
    assert list(rows.forms) == ["good film", "it s bad", "so so"]
    assert list(rows.labels) == ["positive", "negative", None]
    assert rows.blank == 2


def test_labels_can_be_kept_as_they_stand():
    assert list(inspect(("a", "pos"), ("b", "neg"), keep_labels=True).labels) == ["pos", "neg"]


def test_values_that_are_set_aside_have_no_label():
    rows = [RawText(i, f"text {i}", value) for i, value in enumerate("12345", 1)]
    laid_out = Inspection.of(RawTexts(rows, Columns("text", label="stars"), n_rows=5))
    assert list(laid_out.labels) == ["negative", "negative", None, "positive", "positive"]
    assert laid_out.by_label() == {"negative": [0, 1], "positive": [3, 4]}


def test_free_text_in_the_label_column_is_told_with_the_number_of_values():
    with pytest.raises(DataError, match="'label' has 60 distinct values"):
        inspect(*((f"text {i}", f"label {i}") for i in range(60)))


def test_labels_are_in_the_order_of_their_names():
    assert list(inspect(("a", "spam"), ("b", "ham"), ("c", "spam")).by_label().items()) == [
        ("ham", [1]),
        ("spam", [0, 2]),
    ]


def test_duplicates_are_counted_as_they_stand_and_after_cleaning():
    found = unlabelled(
        "a good<br />film", "a good film", "A GOOD FILM!", "other &amp; more", "other more", "lone"
    ).duplicates()
    assert (found["exact"], found["exact_after_cleaning"], found["near"]) == (1, 3, 0)
    assert found["clusters"] == 2
    assert found["cluster_sizes"] == {"2": 1, "3": 1}


def test_near_duplicates_are_counted_beyond_the_equal_ones():
    found = unlabelled(TEN, TEN + " eleven", TEN.upper(), "other", TEN + " eleven twelve").duplicates()
    assert (found["exact"], found["exact_after_cleaning"], found["near"], found["clusters"]) == (1, 1, 2, 1)
    assert found["cluster_sizes"] == {"4": 1}
    assert found["exact_after_cleaning"] + found["near"] == 5 - 2


def test_the_largest_clusters_come_first_with_their_labels_and_some_texts():
    pairs = [(f"twin {i // 2}", "pos") for i in range(12)]
    four = [(TEN, "pos"), (TEN + "!", "neg"), (TEN + " a", "neg"), (TEN + " b", None), (TEN + " c", None)]
    largest = inspect(*pairs, *four, ("lone", "neg")).duplicates()["largest"]
    assert [cluster["size"] for cluster in largest] == [5, 2, 2, 2, 2]
    assert largest[0] == {
        "size": 5, "labels": {"positive": 1, "negative": 2, "none": 2}, "texts": [TEN, TEN + "!", TEN + " a"],
    }  # fmt: skip
    assert largest[1]["texts"] == ["twin 0"]


def test_texts_that_differ_have_no_duplicates():
    empty = {"exact": 0, "exact_after_cleaning": 0, "near": 0, "clusters": 0, "cluster_sizes": {}, "largest": []}
    assert unlabelled("a b", "c d").duplicates() == empty
    assert unlabelled(" ", "").duplicates() == empty
    assert unlabelled().duplicates() == empty


def test_equal_texts_with_different_labels_are_conflicts():
    rows = inspect(
        ("good film", "pos"), ("Good film!", "neg"), ("fine", "pos"), ("fine", "pos"), ("dull", "neg"), ("dull", None)
    )
    assert rows.conflicts() == {
        "groups": 1,
        "rows": 2,
        "examples": [
            {
                "texts": [
                    {"text": "good film", "label": "positive", "row": 1},
                    {"text": "Good film!", "label": "negative", "row": 2},
                ]
            }
        ],
        "near_groups": 0,
        "near_examples": [],
    }


def test_nearly_equal_texts_with_different_labels_are_counted_apart():
    conflicts = inspect((TEN, "pos"), (TEN + " not", "neg"), ("other", "neg")).conflicts()
    assert (conflicts["groups"], conflicts["near_groups"]) == (0, 1)
    (example,) = conflicts["near_examples"]
    assert [(row["label"], row["row"]) for row in example["texts"]] == [("positive", 1), ("negative", 2)]


def test_values_that_mean_one_label_are_no_conflicts():
    assert inspect(("fine", "pos"), ("fine", "Positive"), ("dull", "neg")).conflicts()["rows"] == 0


def test_a_few_conflicts_are_shown_and_all_are_counted():
    rows = [(f"text {i // 6}", "pos" if i % 2 else "neg") for i in range(48)]
    found = inspect(*rows).conflicts()
    assert (found["groups"], found["rows"], len(found["examples"])) == (8, 48, 5)
    assert [len(example["texts"]) for example in found["examples"]] == [4] * 5


@pytest.mark.slow
def test_the_film_reviews_repeat_98_texts(shared_data):
    from afina.data.reading import read_texts

    raw = read_texts(str(shared_data / "imdb_train.parquet"))
    assert raw.sorted_by_label
    rows = Inspection.of(raw)
    assert len(rows.forms) - len(set(rows.forms_as_they_stand)) == 98
