"""Which encoding a text file is in."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import IO

import charset_normalizer

from afina.errors import DataError

_BLOCK_BYTES = 1 << 20
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf_32"), (codecs.BOM_UTF32_BE, "utf_32"), (codecs.BOM_UTF8, "utf_8_sig"),
    (codecs.BOM_UTF16_LE, "utf_16"), (codecs.BOM_UTF16_BE, "utf_16"),
)  # fmt: skip
_WESTERN = {"cp1250", "cp1252", "cp1254", "cp1257", "cp1258", "latin_1", "iso8859_15"}
# Languages in Latin letters have few bytes beyond ASCII, too few for statistics to tell their many encodings apart;
# the commonest of them is then the best guess.
_FEW_HIGH_BYTES, _FEW_HIGH_SHARE = 16, 0.2


def detect_encoding(file: IO[bytes], path: Path) -> tuple[str, bool]:
    """Encoding of a text file, and whether a few of its bytes are damaged.

    UTF-8 when the whole file decodes as it, or all but a few bytes do; otherwise the best guess from the block that
    holds the first byte that does not.

    Args:
        file: The file, opened at its beginning.
        path: Its name, for messages.

    Raises:
        DataError: The file is empty or no text.
    """
    block = file.read(_BLOCK_BYTES)
    if not block.strip():
        raise DataError(f"The file {path} is empty")
    for mark, encoding in _MARKS:
        if block.startswith(mark):
            return encoding, False
    decoder = codecs.getincrementaldecoder("utf-8")()
    last = block
    while block:
        last = block
        if b"\0" in block:
            raise DataError(f"The file {path} is not text: it holds zero bytes", hint="is it another format, renamed?")
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            return _without_utf8(block, path)
        block = file.read(_BLOCK_BYTES)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _without_utf8(last, path)
    return "utf_8", False


def _without_utf8(block: bytes, path: Path) -> tuple[str, bool]:
    decoded = block.decode("utf-8", errors="replace")
    bad = decoded.count("\N{REPLACEMENT CHARACTER}")
    good = sum(ord(char) > 127 for char in decoded) - bad
    if good > 10 * bad:
        return "utf_8", True
    control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in block)
    guess = charset_normalizer.from_bytes(block[: 1 << 17]).best()
    high = sum(byte > 127 for byte in block)
    if control > 0.01 * len(block) or (guess is None and high > 0.3 * len(block)):
        raise DataError(
            f"The file {path} is not text in any encoding afina knows", hint="save it as UTF-8, or name its real format"
        )
    few = high < max(_FEW_HIGH_BYTES, _FEW_HIGH_SHARE * len(block))
    if guess is None or few or guess.encoding in _WESTERN:
        # What cp1252 has between 0x80 and 0x9F, latin-1 has not.
        return ("cp1252" if any(0x80 <= byte < 0xA0 for byte in block) else "latin_1"), False
    return guess.encoding, False
