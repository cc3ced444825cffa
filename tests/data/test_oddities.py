import pytest

from afina.data.cleaning import normalise
from afina.data.oddities import find_oddities

HTML, ENTITY, ADDRESS = "HTML tags", "HTML entities", "addresses (web, e-mail)"
MISREAD = "misread characters (Ã©, â€™, \N{REPLACEMENT CHARACTER})"
CONTROL, STRETCHED = "control characters", "stretched words or signs (soooooo)"
CAPITALS, NO_LETTERS, SINGLE = "capitals only", "no letters", "a single word"
PLACEHOLDER, LONG = "placeholders (n/a, none, test)", "more than 200 words"


def odd(*texts):
    return {found.what: found.rows for found in find_oddities(texts, [normalise(text) for text in texts])}


def misread(text, encoding="cp1252"):
    return text.encode().decode(encoding, errors="replace")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (HTML, "a good<br />film it was"), (HTML, "so <b>good</b> it is"), (HTML, 'see <a href="x">this one</a>'),
        (HTML, "end of it</p>"), (ENTITY, "salt &amp; pepper on it"), (ENTITY, "it&#39;s a film"),
        (ENTITY, "it&#x27;s a film"), (ENTITY, "caf&eacute; and more"), (ADDRESS, "see http://example.com for it"),
        (ADDRESS, "see www.example.com for it"), (ADDRESS, "write to ann.b+c@example.com soon"),
        (MISREAD, "a caf\N{REPLACEMENT CHARACTER} in town"), (CONTROL, "a\x00 film it was"), (CONTROL, "a \x1b[31mred"),
        (STRETCHED, "it was soooooo good"), (STRETCHED, "it was good!!!!!!!!!!"), (STRETCHED, "over __________ here"),
        (CAPITALS, "THIS IS BAD!"), (CAPITALS, "QUÉ PELÍCULA TAN MALA"), (NO_LETTERS, "10/10"), (NO_LETTERS, "😀 😀"),
        (NO_LETTERS, "?!"), (SINGLE, "Good!"), (SINGLE, "decepción"), (PLACEHOLDER, "N/A"), (PLACEHOLDER, "None."),
        (PLACEHOLDER, "[deleted]"), (PLACEHOLDER, "sin comentarios")
    ],
)  # fmt: skip
def test_an_odd_row_is_seen(kind, text):
    assert odd(text).get(kind) == 1, odd(text)


@pytest.mark.parametrize(
    "text",
    [
        "5 < 6 and 7 > 6, as we know", "a <3 b and we love it", "I <3 this film, it has my heart",
        "if x<5 or y>3 then no", "AT&T; is a firm with an odd sign", "Q & A; with the black&white; crew",
        "he is @ann on that site", "two @ 5.99 each was the price", "it cost $1000000 or 100000 euros in all",
        "wait.... what was that??!! really", "I SAW IT and liked it", "word " * 200, "test of a good film",
        "nothing new in it",
        "a tab\tand\na new line\r\nare no control characters", "see example dot com",
        "这部电影非常好看我很喜欢", "หนังเรื่องนี้ดีมาก", "素晴らしい映画でした",
    ],
)  # fmt: skip
def test_an_ordinary_row_is_not_odd(text):
    assert odd(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "¡Qué película más bonita, señor! ¿Por qué terminó así? Ñoño pingüino",
        "Été à l'hôtel : « c'était très âpre », dit-elle ; l'âge, le château, l'être…",
        "A MAÇÃ DA MANHÃ NÃO É VÃ, IRMÃ; “SÃO JOÃO, AMANHÔ ’IRMÃ’ AMANHÃ—SIM",
        "Größe, Übermut und Äpfel für 5 € – schön…", "Ça coûte 20 °C, ½ litre à 3 £", "România, ţară, „câine”, „â”",
        "Það er góður staður", "Очень хороший фильм, ПРЕКРАСНО", "Hà Nội rất đẹp và ÂM NHẠC hay",
        "naïve – “quoted” ‘words’ • 5★",
    ],
)  # fmt: skip
def test_accents_are_not_misread_characters(text):
    assert MISREAD not in odd(text)


@pytest.mark.parametrize(
    "text",
    ["café", "señor", "ESPAÑA", "ÉTÉ", "groß", "Über", "Ärger Öl", "it’s", "“so” it is", "wait…", "5 €", "20 °C",
     "a – b", "nice 😀", "Очень хороший", "¿qué tal?", "Ångström", "Ólafur", "brand™"],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_utf8_read_in_another_encoding_is_seen(text, encoding):
    assert MISREAD in odd(misread(text, encoding))


@pytest.mark.parametrize(
    "text",
    ["<" + " " * 100_000, "<a" * 50_000, "<a " * 33_000, "<" * 100_000, "<a " + "x" * 100_000, "<" + "a" * 100_000,
     "&" * 100_000, "&a" * 50_000, "@" + "a." * 50_000, "@" + "a-" * 50_000, "a@" * 50_000, "@" + "a" * 100_000,
     "http://" * 15_000, "www." * 25_000, "ab" * 50_000, "!?" * 50_000, "Ã" * 100_000, "Ð" * 100_000, "â" * 100_000],
)  # fmt: skip
def test_a_hostile_text_of_a_hundred_thousand_characters_is_looked_at_in_one_go(text):
    # A pattern that reads the text again from each place would need minutes here, not milliseconds.
    find_oddities([text], [text.lower()])


def test_kinds_come_commonest_first_with_the_first_examples_cut_short():
    texts = ["see www.example.com for it", *[f"<b>{i} is a good one" for i in range(5)], "<p>" + "long " * 100]
    found = find_oddities(texts, [normalise(text) for text in texts])
    assert [(kind.what, kind.rows) for kind in found] == [(HTML, 6), (ADDRESS, 1)]
    assert found[0].examples == texts[1:4]
    long = find_oddities(texts[-1:], [normalise(texts[-1])])[0].examples[0]
    assert (len(long), long[-1]) == (200, "…")


def test_a_row_may_be_odd_in_several_ways():
    assert odd("<b>SOOOOOO BAD www.x.com</b>") == {HTML: 1, ADDRESS: 1, STRETCHED: 1}


def test_a_text_of_more_than_two_hundred_words_is_odd_among_short_ones():
    assert odd(*["a short text"] * 5, "word " * 200, "word " * 201) == {LONG: 1}


def test_long_texts_are_not_odd_among_long_texts():
    assert odd(*["word " * 100] * 5, "word " * 1001) == {"more than 1,000 words": 1}


def test_no_rows_are_odd_in_no_way():
    assert find_oddities([], []) == []
