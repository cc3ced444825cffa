import pytest

from afina.data.label_values import canonical, infer_mapping
from afina.errors import DataError
from afina.labels import LabelSet

TWO = LabelSet(("negative", "positive"))
THREE = LabelSet(("negative", "neutral", "positive"))
NEG_POS = ("negative", "positive")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), (float("nan"), None), ("", None), ("  ", None), (0.0, "0"), (1.0, "1"), ("1.0", "1"),
        ("-1.00", "-1"), (-1, "-1"), (3.5, "3.5"), ("3.5", "3.5"), (True, "true"), (" Spam ", "Spam"), (0, "0"),
        (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_values_have_one_spelling(value, text):
    assert canonical(value) == text


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (("0", "1"), NEG_POS),
        (("-1", "1"), NEG_POS),
        (("0", "4"), NEG_POS),
        (("1", "2"), NEG_POS),
        (("-1", "0", "1"), ("negative", "neutral", "positive")),
        (("0", "2", "4"), ("negative", "neutral", "positive")),
        (("neg", "pos"), NEG_POS),
        (("NEGATIVE", "Positive"), NEG_POS),
        (("Neg", "neutral", "POS"), ("negative", "neutral", "positive")),
        (("negativo", "positivo"), NEG_POS),
        (("bad", "good"), NEG_POS),
    ],
)
def test_usual_codes_of_sentiment_are_understood(values, names):
    mapping = infer_mapping(values, column="label")
    assert tuple(mapping.names[value] for value in values) == names
    assert not mapping.set_aside


def test_several_spellings_of_a_sentiment_are_one_label():
    mapping = infer_mapping(["pos", "Positive", "neg", "NEGATIVE"], column="label")
    assert set(mapping.names.values()) == {"negative", "positive"}


@pytest.mark.parametrize("column", ["label", "stars"])
def test_stars_are_negative_below_three_and_positive_above(column):
    mapping = infer_mapping("12345", column=column)
    assert mapping.names == {"1": "negative", "2": "negative", "4": "positive", "5": "positive"}
    assert set(mapping.set_aside) == {"3"}
    assert "3 stars" in mapping.set_aside["3"]


def test_stars_need_no_extremes_when_the_column_is_named_so():
    assert infer_mapping("234", column="Star Rating").names == {"2": "negative", "4": "positive"}
    assert infer_mapping("234", column="label").names == {"2": "2", "3": "3", "4": "4"}


@pytest.mark.parametrize("values", [[str(n) for n in range(1, 11)], [str(n) for n in range(11)]])
def test_ratings_out_of_ten_are_negative_to_four_and_positive_from_seven(values):
    mapping = infer_mapping(values, column="rating")
    assert {value for value, name in mapping.names.items() if name == "negative"} == set(values) & set("01234")
    assert {value for value, name in mapping.names.items() if name == "positive"} == {"7", "8", "9", "10"}
    assert set(mapping.set_aside) == {"5", "6"}


def test_ten_classes_in_a_column_of_another_name_are_classes():
    values = [str(n) for n in range(10)]
    assert infer_mapping(values, column="topic").names == {value: value for value in values}


def test_folder_of_unlabelled_reviews_is_set_aside():
    mapping = infer_mapping(["neg", "pos", "unsup"], column="label")
    assert mapping.names == {"neg": "negative", "pos": "positive"}
    assert set(mapping.set_aside) == {"unsup"}


def test_other_labels_stay_and_differ_in_more_than_case():
    mapping = infer_mapping(["Spam", "spam", "ham", "eggs"], column="label")
    assert mapping.names == {"Spam": "Spam", "spam": "Spam", "ham": "ham", "eggs": "eggs"}


def test_values_can_be_kept_as_they_stand():
    assert infer_mapping("01", column="label", keep=True).names == {"0": "0", "1": "1"}
    assert infer_mapping("12345", column="stars", keep=True).set_aside == {}


def test_class_names_of_the_file_win_over_codes():
    mapping = infer_mapping("01", column="label", class_names=["pos", "neg"])
    assert mapping.names == {"0": "positive", "1": "negative"}
    assert infer_mapping("02", column="label", class_names=["joy", "fear", "anger"]).names == {"0": "joy", "2": "anger"}


def test_class_names_that_do_not_cover_the_values_are_not_used():
    assert infer_mapping("012", column="label", class_names=["no", "yes"]).names == {"0": "0", "1": "1", "2": "2"}


def test_minus_one_beside_class_names_is_no_label():
    mapping = infer_mapping(["-1", "0", "1"], column="label", class_names=["neg", "pos"])
    assert mapping.names == {"0": "negative", "1": "positive"}


def test_one_and_two_stars_are_both_negative():
    assert set(infer_mapping("12", column="stars").names.values()) == {"negative"}


def test_stars_with_leading_zeros_are_not_lost():
    mapping = infer_mapping(map(canonical, ["01", "02", "04", "05"]), column="stars")
    assert mapping.names == {"1": "negative", "2": "negative", "4": "positive", "5": "positive"}


def test_too_many_values_are_no_labels():
    values = [f"user {i}" for i in range(51)]
    with pytest.raises(DataError, match="'label' has 51 distinct values") as told:
        infer_mapping(values, column="label")
    assert "--label-column" in told.value.hint
    assert len(infer_mapping(values[:50], column="label").names) == 50


def test_no_values_give_an_empty_mapping():
    assert infer_mapping([], column="label").names == {}


@pytest.mark.parametrize("values", [("0", "1"), ("-1", "1"), ("neg", "POS"), ("1", "5"), ("Negative", "Positive")])
def test_a_foreign_test_set_is_mapped_to_known_labels(values):
    mapping = infer_mapping(values, column="label", known=TWO)
    assert tuple(mapping.names[value] for value in values) == ("negative", "positive")


@pytest.mark.parametrize("values", [("-1", "0", "1"), ("negative", "NEUTRAL", "positive"), ("0", "2", "4")])
def test_neutral_is_set_aside_where_the_model_does_not_know_it(values):
    mapping = infer_mapping(values, column="label", known=TWO)
    assert set(mapping.set_aside) == {values[1]}
    assert set(mapping.names.values()) == {"negative", "positive"}
    assert "neutral" in mapping.set_aside[values[1]]


def test_neutral_stays_where_the_model_knows_it():
    mapping = infer_mapping(("-1", "0", "1"), column="label", known=THREE)
    assert (mapping.names["0"], mapping.set_aside) == ("neutral", {})


def test_known_labels_are_met_in_any_case():
    known = LabelSet(("Ham", "Spam"))
    assert infer_mapping(["ham", "SPAM"], column="label", known=known).names == {"ham": "Ham", "SPAM": "Spam"}


@pytest.mark.parametrize("names", [("0", "1"), ("1", "2", "3", "4", "5")])
def test_labels_of_a_model_that_kept_numbers_are_met_as_they_stand(names):
    mapping = infer_mapping(names, column="stars", known=LabelSet(names))
    assert mapping.names == {name: name for name in names}


def test_a_test_set_with_fewer_labels_than_the_model_is_fine():
    assert infer_mapping(["positive"], column="label", known=TWO).names == {"positive": "positive"}


@pytest.mark.parametrize("values", [("joy", "anger"), ("positive", "mixed")])
def test_labels_that_the_model_does_not_know_are_refused_by_name(values):
    with pytest.raises(DataError, match=f"does not know: .*{values[1]!r}") as told:
        infer_mapping(values, column="label", known=TWO)
    assert "negative, positive" in told.value.hint


def test_the_message_tells_what_was_mapped_and_nothing_otherwise():
    assert infer_mapping("01", column="label").message == "Labels mapped: 0 -> negative, 1 -> positive"
    assert infer_mapping(["negative", "positive"], column="label").message is None


def test_three_stars_are_neutral_where_the_model_knows_it():
    mapping = infer_mapping("12345", column="stars", known=THREE)
    assert (mapping.names["3"], mapping.set_aside) == ("neutral", {})


def test_values_that_lean_neither_way_are_known_from_those_without_a_label():
    assert infer_mapping("12345", column="stars").neutral == {"3"}
    assert infer_mapping([str(n) for n in range(11)], column="rating").neutral == {"5", "6"}
    assert infer_mapping(["neg", "neutral", "pos"], column="label", known=TWO).neutral == {"neutral"}
    assert infer_mapping(["neg", "pos", "unsup"], column="label", known=TWO).neutral == set()


def test_zero_one_two_are_sentiments_for_a_model_of_three_only():
    assert infer_mapping("012", column="label", known=THREE).names == {"0": "negative", "1": "neutral", "2": "positive"}
    with pytest.raises(DataError, match="'0', '1', '2'") as told:
        infer_mapping("012", column="label", known=TWO)
    assert "--label-names" in told.value.hint


@pytest.mark.parametrize("known", [("neg", "pos"), ("Negative", "Positive"), ("bad", "good")])
def test_a_model_that_kept_other_names_for_sentiments_is_understood(known):
    mapping = infer_mapping(["0", "1"], column="label", known=LabelSet(known))
    assert (mapping.names["0"], mapping.names["1"]) == known
    mapping = infer_mapping(["negative", "neutral", "positive"], column="label", known=LabelSet(known))
    assert (mapping.names["negative"], mapping.names["positive"], mapping.neutral) == (*known, {"neutral"})


def test_what_the_user_says_of_values_holds():
    names = {"0": "negative", "1": "neutral", "2": "positive"}
    mapping = infer_mapping("012", column="label", names=names, known=TWO)
    assert (mapping.names, mapping.neutral) == ({"0": "negative", "2": "positive"}, {"1"})
    assert infer_mapping("01", column="label", names={"0": "positive", "1": "negative"}).names["0"] == "positive"
    with pytest.raises(DataError, match="does not know: '2'"):
        infer_mapping("012", column="label", names={"0": "negative", "1": "positive"}, known=TWO)


def test_labels_that_differ_in_case_only_stay_apart_where_a_model_knows_both():
    known = LabelSet(("A", "a", "b"))
    assert infer_mapping(["A", "a", "b"], column="label", known=known, keep=True).names == {
        "A": "A",
        "a": "a",
        "b": "b",
    }


def test_half_an_emoji_in_a_label_can_be_written():
    assert canonical("joy \ud83d").encode()
