"""Tokenization room: texts in, ragged token ids and padded batches out. Imports the data room and the foundation."""

from afina.tokenization.batching import Batch, pad, padded_tokens, shuffled_batches, sorted_batches
from afina.tokenization.encode import Encoder, Encodings

__all__ = ["Batch", "Encoder", "Encodings", "pad", "padded_tokens", "shuffled_batches", "sorted_batches"]
