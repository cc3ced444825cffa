"""Two small real tokenizers: one with special tokens, one without."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers


@pytest.fixture(scope="session")
def wordpiece(tiny_model: Path) -> Tokenizer:
    """WordPiece with [CLS] and [SEP] around each text."""
    return Tokenizer.from_file(str(tiny_model / "tokenizer.json"))


@pytest.fixture(scope="session")
def plain_words() -> Tokenizer:
    """Whole words and no special tokens, as GPT-2 has none."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "good": 1, "bad": 2, "[PAD]": 3}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer
