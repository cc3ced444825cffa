import pytest

from afina.data import Columns, find_columns
from afina.errors import DataError


def rows(n=20, **columns):
    return [{name: value(i) for name, value in columns.items()} for i in range(n)]


def long_text(i):
    return f"a rather long text with number {i} in it"


def sentiment(i):
    return ("good", "bad")[i % 2]


@pytest.mark.parametrize(
    "name", ["text", "Review", "sentence", "TWEET", " comment ", "Review Text", "reviewText", "review-body", "reseña"]
)
def test_the_text_is_found_by_its_usual_names(name):
    found = find_columns(rows(id=long_text, **{name: sentiment}, label=sentiment))
    assert (found.text, found.label) == (name, "label")


@pytest.mark.parametrize("name", ["label", "Sentiment", "STARS", "Star Rating", "overall", "polarity", "etiqueta"])
def test_the_label_is_found_by_its_usual_names(name):
    assert find_columns(rows(lang=sentiment, text=long_text, **{name: sentiment})).label == name


def test_a_more_usual_name_wins_over_an_earlier_column():
    found = find_columns(rows(score=sentiment, message=long_text, text=long_text, label=sentiment))
    assert (found.text, found.label) == ("text", "label")


def test_columns_with_unusual_names_are_found_by_content():
    found = find_columns(rows(id=str, opinion=long_text, group=sentiment, source=lambda i: "web"))
    assert (found.text, found.label, found.title) == ("opinion", "group", None)


def test_columns_given_win_over_usual_names():
    found = find_columns(
        rows(text=long_text, label=sentiment, title=long_text, body2=long_text, mood=sentiment, head=long_text),
        text="body2", title="head", label="mood",
    )  # fmt: skip
    assert found == Columns("body2", "head", "mood")


@pytest.mark.parametrize("option", ["text", "title", "label"])
def test_a_given_column_that_is_missing_is_told_with_the_columns_there_are(option):
    with pytest.raises(DataError, match="Column not found: 'txt'") as told:
        find_columns(rows(text=long_text, label=sentiment), **{option: "txt"})
    assert "text, label" in told.value.hint
    assert f"--{option}-column" in told.value.hint


def test_no_text_column_is_told_with_the_columns_there_are():
    with pytest.raises(DataError, match="No text column found among: code, label") as told:
        find_columns(rows(code=str, label=sentiment))
    assert "--text-column" in told.value.hint


def test_no_label_column_is_told_with_the_columns_there_are():
    with pytest.raises(DataError, match="No label column found among: id, text") as told:
        find_columns(rows(id=str, text=long_text))
    assert "--label-column" in told.value.hint


def test_a_text_that_repeats_is_not_taken_for_the_text():
    with pytest.raises(DataError, match="No text column"):
        find_columns(rows(disclaimer=lambda i: "the same words on every row", label=sentiment))


def test_no_label_is_looked_for_where_none_is_wanted():
    assert find_columns(rows(text=long_text), want_label=False) == Columns("text")


def test_columns_that_only_later_rows_have_are_found():
    sample = [{"text": "first"}, {"text": "second", "label": "good"}]
    assert find_columns(sample).label == "label"


def test_a_title_is_found_and_can_be_refused():
    sample = rows(title=long_text, text=long_text, label=sentiment)
    assert find_columns(sample).title == "title"
    assert find_columns(sample, title="none").title is None


def test_title_and_text_are_joined_and_gaps_leave_no_blank_lines():
    columns = Columns("text", "title", "label")
    assert columns.text_of({"title": " Great ", "text": " It works. "}) == "Great\nIt works."
    assert columns.text_of({"title": None, "text": "It works."}) == "It works."
    assert columns.text_of({"title": "Great", "text": None}) == "Great"
    assert columns.text_of({"title": "", "text": "It works."}) == "It works."
    assert columns.text_of({}) == ""


def test_a_text_that_is_a_number_is_read_as_its_digits():
    assert Columns("text").text_of({"text": 10}) == "10"


def test_a_text_that_is_not_a_number_is_missing():
    assert Columns("text", "title").text_of({"title": float("nan"), "text": "fine"}) == "fine"
    assert Columns("text").text_of({"text": float("nan")}) == ""


def test_the_given_label_column_is_not_taken_for_the_text():
    found = find_columns(rows(opinion=long_text, comment=sentiment), label="comment")
    assert (found.text, found.label) == ("opinion", "comment")


def test_the_given_title_column_is_not_taken_for_the_text():
    found = find_columns(rows(content=lambda i: f"title {i}", body=long_text, label=sentiment), title="content")
    assert (found.text, found.title) == ("body", "content")


def test_columns_are_described_in_words():
    assert str(Columns("a", "b", "c")) == "text from 'a', title from 'b', label from 'c'"
    assert str(Columns("a")) == "text from 'a'"


@pytest.mark.parametrize("cell", [None, float("nan"), ["x"], {"a": 1}])
def test_what_is_no_text_is_none(cell):
    assert Columns("text").text_of({"text": cell}) == ""
    assert Columns("text").text_of({"text": 5}) == "5"
