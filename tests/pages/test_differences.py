from __future__ import annotations

from afina.pages.differences import mark_differences


def test_words_that_differ_are_marked_on_both_sides():
    left, right = mark_differences("a good film .", "a bad film .")
    assert left == "a <mark>good</mark> film ."
    assert right == "a <mark>bad</mark> film ."


def test_equal_texts_have_no_marks():
    assert mark_differences("the same", "the same") == ("the same", "the same")


def test_other_blanks_are_no_difference():
    left, right = mark_differences("a  b", "a\tb")
    assert "<mark>" not in left + right


def test_hostile_texts_are_escaped_whether_they_differ_or_not():
    left, right = mark_differences("<script>x</script> {0} <b>", "<script>y</script> {0}")
    assert "<script>" not in left + right
    assert "{0}" in left
    assert "<b>" not in left
    assert "&lt;script" in left.replace("<mark>", "").replace("</mark>", "")


def test_of_very_long_texts_the_beginning_is_compared():
    left, right = mark_differences("x " * 100_000, "y" * 100_000)
    assert len(left) < 20_000
    assert len(right) < 20_000
    assert "…" in left
    assert "…" in right


def test_an_empty_side_leaves_the_other_marked():
    assert mark_differences("", "b") == ("", "<mark>b</mark>")
