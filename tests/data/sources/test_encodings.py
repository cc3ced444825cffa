import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.data.sources.encodings import TextEncoding, detect_encoding
from afina.data.sources.files import read_rows
from afina.errors import DataError

SPANISH = "una reseña corta: el señor dirigió «bien» una película así"
RUSSIAN = "этот фильм был очень хорош и мне понравился"
CHINESE = "这部电影非常好看我很喜欢"


def detect(content, **options):
    return detect_encoding(io.BytesIO(content), Path("x.csv"), **options)


def mixed(text, other, n_utf8=50, n_other=50):
    lines = [f"{text} {i}".encode() for i in range(n_utf8)] + [f"{text} {i}".encode(other) for i in range(n_other)]
    return b"\n".join([b"text", *lines]) + b"\n"


@pytest.mark.parametrize(
    ("text", "other", "fallback"),
    [
        (SPANISH, "latin-1", "cp1252"),
        ("it’s a “good” film – for 5 €", "cp1252", "cp1252"),
        (RUSSIAN, "cp1251", "cp1251"),
    ],
)
@pytest.mark.parametrize("n_utf8", [50, 450])
def test_a_file_in_utf_8_and_another_encoding_is_read_and_told(tmp_path, text, other, fallback, n_utf8):
    content = mixed(text, other, n_utf8)
    (tmp_path / "x.csv").write_bytes(content)
    rows, notes = read_rows(tmp_path / "x.csv")
    texts = [row["text"] for row in rows]
    assert all(line.startswith(text) for line in texts)
    assert notes.messages == [f"x.csv mixes UTF-8 with another encoding; what is not UTF-8 was read as {fallback}"]


def test_a_little_utf_8_in_latin_1_is_read_too():
    content = mixed(SPANISH, "latin-1", 3, 200)
    encoding = detect(content)
    assert content.decode(encoding.name, errors=encoding.errors).count(SPANISH) == 203


def test_a_mixture_that_begins_far_behind_is_seen(tmp_path):
    content = b"text\n" + (SPANISH + "\n").encode() * 40_000 + (SPANISH + "\n").encode("latin-1") * 40_000
    (tmp_path / "x.csv").write_bytes(content)
    rows, _ = read_rows(tmp_path / "x.csv")
    assert {row["text"] for row in rows} == {SPANISH}


def test_utf_8_mixed_with_an_encoding_of_two_bytes_is_refused():
    with pytest.raises(DataError, match="mixes UTF-8 with gb"):
        detect(mixed(CHINESE, "gb18030"))


def test_latin_1_is_no_mixture():
    assert detect((SPANISH * 5).encode("latin-1")) == TextEncoding("latin_1")


def test_a_letter_cut_in_two_is_replaced_and_a_foreign_one_is_read():
    content = (SPANISH * 5).encode() + b" cut \xc3, said caf\xe9 and it\x92s\n"
    encoding = detect(content)
    assert encoding == TextEncoding("utf_8", "cp1252", damaged=True)
    assert content.decode(encoding.name, errors=encoding.errors).endswith(
        "cut \N{REPLACEMENT CHARACTER}, said café and it’s\n"
    )


def test_a_letter_cut_in_two_among_letters_that_are_not_latin_is_replaced():
    assert detect((CHINESE * 20).encode() + b"\xe4\xbd\n") == TextEncoding("utf_8", damaged=True)


def test_windows_quotes_far_behind_the_first_accent_are_no_control_characters():
    content = b"caf\xe9\n" + b"plain words\n" * 200_000 + b"it\x92s\n"
    assert detect(content).name == "cp1252"


def test_a_byte_that_windows_has_not_is_replaced():
    encoding = detect(b"it\x92s a caf\xe9 \x81 here\n")
    assert encoding.damaged
    assert b"\x81".decode(encoding.name, errors=encoding.errors) == "\N{REPLACEMENT CHARACTER}"


def test_a_replacement_character_of_the_writer_is_not_a_mixture():
    content = (SPANISH + "\N{REPLACEMENT CHARACTER}\n").encode() * 3
    assert detect(content) == TextEncoding("utf_8")


@pytest.mark.parametrize("start", [b"", b"caf\xe9\n"])
def test_a_long_line_is_seen_in_any_encoding(start):
    with pytest.raises(DataError, match="has a line of more than 2 MB"):
        detect(start + b"a" * (4 << 20), max_line_bytes=2 << 20)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.text(max_size=20), st.sampled_from(["utf-8", "cp1252", "cp1251", "gb18030"])), max_size=8))
def test_any_mixture_is_decoded_or_refused(parts):
    content = b"\n".join(text.encode(encoding, errors="replace") for text, encoding in parts)
    try:
        encoding = detect(content)
        content.decode(encoding.name, errors=encoding.errors)
    except (DataError, UnicodeDecodeError):
        return
