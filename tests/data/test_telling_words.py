import pytest

from afina.data.telling_words import telling_words


def corpus():
    fillers = [f"film {i} seen in room {i % 7}" for i in range(60)]
    good = [f"{text} lovely" if i % 2 else text for i, text in enumerate(fillers)]
    bad = [f"{text} awful" if i % 3 == 0 else text for i, text in enumerate(fillers)]
    return {"good": good, "bad": bad}


def words(told):
    return [word.word for word in told]


def test_the_words_that_only_one_label_has_are_told_and_shared_ones_are_not():
    told = telling_words(corpus())
    assert list(told) == ["good", "bad"]
    assert words(told["good"]) == ["lovely"]
    assert words(told["bad"]) == ["awful"]
    word = told["good"][0]
    assert (word.count, word.elsewhere) == (30, 0)
    assert word.z > 1.96


def test_a_word_of_both_labels_is_counted_in_both():
    texts = corpus()
    told = telling_words({**texts, "bad": [*texts["bad"], "lovely", "lovely"]})
    assert [(word.word, word.count, word.elsewhere) for word in told["good"]] == [("lovely", 30, 2)]


def test_a_text_that_repeats_a_word_counts_once():
    repeated = {"a": ["film " + "zorro " * 50, *["film"] * 40], "b": ["film"] * 40}
    assert telling_words(repeated) == {"a": [], "b": []}


def test_words_in_fewer_than_three_texts_are_not_told():
    assert telling_words({"a": ["x only"] * 2 + ["x"] * 500, "b": ["x"] * 5000})["a"] == []
    assert words(telling_words({"a": ["x only"] * 30 + ["x"] * 500, "b": ["x"] * 5000})["a"]) == ["only"]


def test_the_most_telling_words_come_first_and_no_more_than_wanted():
    fillers = corpus()["good"]
    texts = [" ".join([text, *(f"w{k}" for k in range(9) if i >= 4 * k)]) for i, text in enumerate(fillers)]
    told = telling_words({"a": texts, "b": fillers}, most=5)["a"]
    assert words(told) == ["w0", "w1", "w2", "w3", "w4"]
    assert words(telling_words({"a": texts, "b": fillers}, most=2)["a"]) == ["w0", "w1"]


def test_words_that_tell_equally_keep_the_order_of_the_texts():
    fillers = [f"film {i} seen in room {i % 7}" for i in range(60)]
    names = ["p", "zz", "q", "kilo", "a"]
    told = telling_words({"a": [f"{text} {' '.join(names)}" for text in fillers], "b": fillers})["a"]
    assert words(told) == names
    assert len({word.z for word in told}) == 1


def test_one_label_only_has_no_telling_words():
    assert telling_words({"a": corpus()["good"]}) == {"a": []}


def test_labels_without_texts_have_no_telling_words():
    assert telling_words({"a": [], "b": ["", " "], "c": ["x"] * 9}) == {"a": [], "b": [], "c": []}
    assert telling_words({}) == {}


@pytest.mark.parametrize("labels", [{"a": ["good"] * 3}, {"a": ["good"] * 3, "b": ["good"] * 4}])
def test_texts_of_one_and_the_same_word_tell_nothing(labels):
    assert telling_words(labels) == {label: [] for label in labels}


def test_a_contraction_is_one_word():
    told = telling_words({"bad": ["it isn't good"] * 400, "good": ["it is good"] * 400})
    assert [word.word for word in told["bad"]] == ["isn't"]
