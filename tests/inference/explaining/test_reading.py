"""Cleaning that remembers where characters were."""

from __future__ import annotations

import pytest

from afina.data import clean_text
from afina.inference.explaining.reading import read_text

TEXTS = [
    "plain",
    "  trimmed \t and  squeezed\u00a0 \n",
    "line<br />break<BR>and< / br >more",
    "Tom &amp; Jerry &#39;99 caf&eacute;&#xe9; &hellip;",
    "&amp;lt;br /&amp;gt; escaped twice &amp;amp;eacute;",
    "windows\r\nline \r\n x \r alone",
    "half \ud83d emoji \x00 nul \u200b zero width",
    "שלום &quot;עולם&quot; 😡👍🏽",
    "& not an entity; &; &unknownname; <b>bold</b> < br",
    "&nbsp;&nbsp;blank&emsp;entities&nbsp;",
    "",
]


@pytest.mark.parametrize("given", TEXTS)
def test_the_text_is_that_of_cleaning_and_each_character_is_found_again(given):
    reading = read_text(given)
    assert reading.text == clean_text(given)
    assert reading.places is not None
    assert len(reading.places) == len(reading.text)
    assert list(reading.places) == sorted(reading.places)
    for char, (start, end) in zip(reading.text, reading.places, strict=True):
        if not char.isspace():
            assert clean_text(given[start:end]) in (char, clean_text(char)) or "&" in given[start:end]


def test_what_an_entity_stands_for_is_found_at_the_entity():
    reading = read_text("  a caf&eacute; <br>here")
    start = reading.text.index("café")
    first, last = reading.place(start, start + 4)
    assert reading.given[first:last] == "caf&eacute;"


def test_where_there_is_no_way_back_places_are_those_in_the_text_as_read():
    # Without its semicolon an entity is known to browsers only, and cleaning follows them where there is another.
    reading = read_text("caf&eacute &amp; bar")
    assert reading.text == clean_text("caf&eacute &amp; bar")
    assert reading.places is None
    assert reading.source == reading.text
    assert reading.place(1, 3) == (1, 3)
