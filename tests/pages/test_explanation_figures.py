"""Texts with marked words."""

from __future__ import annotations

from tests.pages.explanation_document import EXPLAINED, TEXT, explanation
from tests.pages.page_reader import Page

from afina.pages import render
from afina.pages.explanation_figures import largest_words, marked_words

WORDS = explanation()["words"]


def test_the_pieces_are_the_text():
    pieces = marked_words(TEXT, WORDS)
    assert "".join(piece.text for piece in pieces) == TEXT
    kinds = {piece.text: piece.kind for piece in pieces if piece.kind}
    assert kinds == {"ending": "for", "wonderful": "for", "but": "against", "thin": "against", "😡": "unread"}
    assert {piece.text: piece.share for piece in pieces}["wonderful"] == 1


def test_of_a_very_long_text_the_beginning_is_drawn():
    pieces = marked_words("x" * 25_000, [{"start": 0, "end": 25_000, "weight": 1.0, "read": True}])
    assert len(pieces[0].text) == 20_000
    assert pieces[-1].text == " … (5,000 more characters)"


def test_words_without_a_place_or_a_weight_break_nothing():
    assert [piece.text for piece in marked_words("a b", [{}, {"start": 2, "end": 3}, {"start": 9, "end": 12}])] == [
        "a ",
        "b",
    ]
    assert marked_words(None, None) == []
    assert largest_words([{"weight": None}, {"weight": 0}, {}, {"text": "a", "weight": -2}]) == [
        {"text": "a", "weight": -2}
    ]


def test_the_page_shows_what_the_document_holds():
    page = Page(render("explain.html.j2", EXPLAINED))
    told = ("positive", "0.830", "+0.412", "-0.013", "wonderful", "+4.20", "-3.10", "against it", "not converged",
            "Explained for", "4 of these 5 words", "integrated gradients")  # fmt: skip
    assert [text for text in told if text not in page.text] == []
