"""Everything a SOURCE can be: its name in, rows as dictionaries and notes on how they were read out.

`source` tells the kinds apart; `file_sets` opens one file or many, `files` dispatches by format to a module each; `hub`
and `database` stand beside them. Rows are streamed, and what cannot be understood is kept in the notes.
"""

from afina.data.sources.file_notes import FileNotes, Rejected, Row
from afina.data.sources.files import FORMATS, format_of, read_rows, suffix_of
from afina.data.sources.rejected import write_rejected
from afina.data.sources.source import SAMPLE, is_sample, open_source, public_name, source_name

__all__ = [
    "FORMATS",
    "SAMPLE",
    "FileNotes",
    "Rejected",
    "Row",
    "format_of",
    "is_sample",
    "open_source",
    "public_name",
    "read_rows",
    "source_name",
    "suffix_of",
    "write_rejected",
]
