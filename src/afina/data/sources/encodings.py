"""Which encoding a text file is in, of which there may be two in one file."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import charset_normalizer

from afina.errors import DataError

_BLOCK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 17
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf_32"), (codecs.BOM_UTF32_BE, "utf_32"), (codecs.BOM_UTF8, "utf_8_sig"),
    (codecs.BOM_UTF16_LE, "utf_16"), (codecs.BOM_UTF16_BE, "utf_16"),
)  # fmt: skip
_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or an Excel file", "unpack it, or name it .xlsx"),
    (b"PK\x05\x06", "an empty zip archive", "give the file that should be in it"),
    (b"\x1f\x8b", "a gzip file", "add .gz to its name"),
    (b"PAR1", "a parquet file", "is it another format, renamed? name it .parquet"),
    (b"%PDF-", "a PDF document", "save its texts as .xlsx or .csv"),
    (b"\x89PNG", "a picture", "give a file of texts"),
    (b"\xff\xd8\xff", "a picture", "give a file of texts"),
    (b"GIF8", "a picture", "give a file of texts"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file, or one with a password", "save it as .xlsx or .csv"),
    (b"SQLite format 3\0", "an SQLite database", "write sqlite:///FILE#TABLE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"BZh9", "a bzip2 file", "unpack it"),
    (b"\xfd7zXZ", "an xz file", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it"),
)
_WESTERN = {"cp1250", "cp1252", "cp1254", "cp1257", "cp1258", "latin_1", "iso8859_15"}
_OF_SEVERAL_BYTES = ("big5", "gb", "hz", "euc", "cp93", "cp94", "cp95", "shift", "johab", "iso2022", "utf")
_NOT_IN_CP1252 = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
# First bytes of the commonest UTF-8 characters of Western texts. One that stands alone is a character cut in two,
# unless a letter follows: then it may be the Ã or â of another encoding.
_CUT = {0xC2, 0xC3, 0xE2, 0xF0}
# Of UTF-16 without a mark every second byte is zero, and binary formats fill gaps with many in a row.
_ZERO_RUN, _MOST_ZEROS_SHARE = b"\0" * 4, 0.1
# Languages in Latin letters have few bytes beyond ASCII, too few for statistics to tell their many encodings apart;
# the commonest of them is then the best guess.
_FEW_HIGH_BYTES, _FEW_HIGH_SHARE = 16, 0.2


@dataclass(frozen=True)
class TextEncoding:
    """How the bytes of a file become text."""

    name: str
    fallback: str | None = None
    """Encoding of single bytes in which those are read that are no UTF-8."""
    damaged: bool = False
    """Some bytes are no text and are replaced."""

    @property
    def errors(self) -> str:
        """What `open` and `decode` take as `errors`."""
        if self.fallback:
            return _register_fallback(self.fallback)
        return "replace" if self.damaged else "strict"


def detect_encoding(file: IO[bytes], path: Path, *, max_line_bytes: int | None = None) -> TextEncoding:
    """Encoding of a text file.

    UTF-8 when the whole file decodes as it. Where both UTF-8 and other bytes are in the file, UTF-8 with another
    encoding for those bytes. Otherwise the best guess from the lines that are no UTF-8.

    Args:
        file: The file, opened at its beginning; it can be rewound.
        path: Its name, for messages.
        max_line_bytes: Length of a line at which the file is refused, so that it need not be read to its end.

    Raises:
        DataError: The file is empty, no text, mixes encodings that cannot be told apart, or has too long a line.
    """
    block = file.read(_BLOCK_BYTES)
    if not block.strip():
        raise DataError(f"The file {path} is empty")
    for signature, kind, hint in _SIGNATURES:
        if block.startswith(signature):
            raise DataError(f"The file {path} is not text but {kind}", hint=hint)
    for mark, encoding in _MARKS:
        if block.startswith(mark):
            return TextEncoding(encoding)
    decoder = codecs.getincrementaldecoder("utf-8")()
    line_bytes = 0
    try:
        while block:
            _refuse_zeros(block, path)
            line_bytes = _line_bytes(block, line_bytes)
            if max_line_bytes is not None and line_bytes > max_line_bytes:
                raise too_long_line(path, max_line_bytes)
            decoder.decode(block)
            block = file.read(_BLOCK_BYTES)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        file.seek(0)
        return _without_utf8(file, path, max_line_bytes)
    return TextEncoding("utf_8")


def too_long_line(path: Path, limit: int) -> DataError:
    """What is said of a file with a line beyond a limit, in bytes or characters."""
    size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit:,} bytes"
    return DataError(
        f"The file {path} has a line of more than {size}", hint="a row is a line; is the file what its name says?"
    )


def _line_bytes(block: bytes, before: int) -> int:
    """Bytes since the last line end, old Macintosh ones included."""
    end = max(block.rfind(b"\n"), block.rfind(b"\r"))
    return before + len(block) if end < 0 else len(block) - end - 1


def _refuse_zeros(block: bytes, path: Path) -> None:
    """Refuse what is no text by its zero bytes; one here and there is a character that some program left in a text."""
    if _ZERO_RUN in block or block.count(0) > _MOST_ZEROS_SHARE * len(block):
        raise DataError(f"The file {path} is not text: it holds zero bytes", hint="is it another format, renamed?")


def _without_utf8(file: IO[bytes], path: Path, max_line_bytes: int | None) -> TextEncoding:
    good, good_apart, bad, line_bytes = 0, 0, 0, 0
    sample, seen = bytearray(), set[int]()
    while line := file.readline(_BLOCK_BYTES):
        _refuse_zeros(line, path)
        line_bytes = _line_bytes(line, line_bytes)
        if max_line_bytes is not None and line_bytes > max_line_bytes:
            raise too_long_line(path, max_line_bytes)
        if line.isascii():
            continue
        text = line.decode("utf-8", errors="replace")
        replaced = text.count("\N{REPLACEMENT CHARACTER}")
        good_here = len(text) - len(text.encode("ascii", "ignore")) - replaced
        good += good_here
        if wrong := replaced - line.count("\N{REPLACEMENT CHARACTER}".encode()):
            bad += wrong
            seen.update(line)
            if len(sample) < _SAMPLE_BYTES:
                sample += line[:_SAMPLE_BYTES]
        else:
            good_apart += good_here
    return _decide(bytes(sample), good, good_apart, bad, {byte for byte in seen if byte > 127}, path)


def _decide(sample: bytes, good: int, good_apart: int, bad: int, high_bytes: set[int], path: Path) -> TextEncoding:
    """The encoding of a file with bytes that are no UTF-8.

    Args:
        sample: Lines with such bytes.
        good: Characters beyond ASCII in the whole file that are UTF-8.
        good_apart: Those of them in lines that are UTF-8 throughout.
        bad: Sequences of bytes that are not.
        high_bytes: Bytes beyond ASCII in the lines that are not UTF-8.
        path: For messages.
    """
    control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in sample)
    high = sum(byte > 127 for byte in sample)
    guess = charset_normalizer.from_bytes(sample).best()
    mostly_utf8 = good > 10 * bad
    if control > 0.01 * len(sample) or (guess is None and high > 0.3 * len(sample) and not mostly_utf8):
        raise DataError(
            f"The file {path} is not text in any encoding afina knows", hint="save it as UTF-8, or name its real format"
        )
    # Lines that are UTF-8 but for a letter cut in two, or lines of another encoding?
    is_cut = mostly_utf8 and good - good_apart >= bad
    if is_cut and not _is_latin(sample):
        return TextEncoding("utf_8", damaged=True)
    few = high < max(_FEW_HIGH_BYTES, _FEW_HIGH_SHARE * len(sample))
    if guess is None or few or guess.encoding in _WESTERN or is_cut:
        # A character of UTF-8 is two or three strange ones in these encodings, which no one writes on purpose.
        if good:
            return _with_fallback(sample, "cp1252")
        # What cp1252 has between 0x80 and 0x9F, latin-1 has not.
        is_windows = any(byte < 0xA0 for byte in high_bytes)
        return TextEncoding("cp1252" if is_windows else "latin_1", damaged=bool(high_bytes & _NOT_IN_CP1252))
    # In two-byte encodings of East Asia many pairs look like UTF-8 by chance, and few whole lines.
    if 2 * good_apart < bad:
        return TextEncoding(guess.encoding)
    if guess.encoding.startswith(_OF_SEVERAL_BYTES):
        raise DataError(f"The file {path} mixes UTF-8 with {guess.encoding}", hint="save it as UTF-8 throughout")
    return _with_fallback(sample, guess.encoding)


def _with_fallback(sample: bytes, fallback: str) -> TextEncoding:
    decoded = sample.decode("utf-8", errors=_register_fallback(fallback))
    return TextEncoding("utf_8", fallback, "\N{REPLACEMENT CHARACTER}" in decoded)


def _is_latin(sample: bytes) -> bool:
    letters = [char for char in sample.decode("utf-8", errors="ignore") if char.isalpha()]
    return sum(ord(char) < 0x250 for char in letters) >= len(letters) / 2


def _register_fallback(fallback: str) -> str:
    """Name of the error handler that reads what is no UTF-8 in another encoding."""

    def read_alone(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        wrong, following = error.object[error.start : error.end], error.object[error.end : error.end + 1]
        if fallback == "cp1252" and wrong[0] in _CUT and not following.isalpha():
            return "\N{REPLACEMENT CHARACTER}", error.end
        return wrong.decode(fallback, errors="replace"), error.end

    name = f"afina-{fallback}"
    codecs.register_error(name, read_alone)
    return name
