"""Models of the catalog with random weights, as folders: what a training of them takes, where no hub is."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast

from afina.modeling import EMBEDDED, locate, read_config
from afina.modeling.catalog import read_catalog

# The tokens of the embedded model's tokenizer: its texts are as long for every model, and none is loaded from a hub.
_TOKENS = 30_522
_SPECIAL = {
    "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]",
}  # fmt: skip


def write_random_model(name: str, folder: Path) -> Path:
    """Save a model of the catalog's config with random weights and the embedded model's tokenizer.

    Args:
        name: Catalog name.
        folder: Where to put its folder.
    """
    place = folder / name
    config = read_config(read_catalog()[name].config, name=name)
    # ALBERT's own table is a little smaller.
    config.vocab_size = max(config.vocab_size, _TOKENS)
    if config.pad_token_id is None:
        config.pad_token_id = 0
    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(place)
    source = Path(locate(EMBEDDED))
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(source / "tokenizer.json"), model_max_length=512, **_SPECIAL)
    tokenizer.save_pretrained(place)
    return place


def remove(folder: Path) -> None:
    """Remove a model's folder: weights of several hundred MB are not kept between runs."""
    shutil.rmtree(folder, ignore_errors=True)
