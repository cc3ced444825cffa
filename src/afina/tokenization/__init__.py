"""Tokenization room: texts in, ragged token ids and padded batches out; tokenizers trained and studied.

Imports the data room and the foundation.
"""

from afina.tokenization.adapt import train_tokenizer
from afina.tokenization.batching import Batch, pad, padded_tokens, shuffled_batches, sorted_batches
from afina.tokenization.encode import Encoder, Encodings
from afina.tokenization.long_text import DEFAULT_MAX_WINDOWS, HEAD, HEAD_TAIL, LONG_TEXT_MODES, WINDOWS
from afina.tokenization.named import NamedTokenizer, name_tokenizer, read_tokenizer_file
from afina.tokenization.segments import segment
from afina.tokenization.study import study_tokenizer

__all__ = [
    "DEFAULT_MAX_WINDOWS",
    "HEAD",
    "HEAD_TAIL",
    "LONG_TEXT_MODES",
    "WINDOWS",
    "Batch",
    "Encoder",
    "Encodings",
    "NamedTokenizer",
    "name_tokenizer",
    "pad",
    "padded_tokens",
    "read_tokenizer_file",
    "segment",
    "shuffled_batches",
    "sorted_batches",
    "study_tokenizer",
    "train_tokenizer",
]
