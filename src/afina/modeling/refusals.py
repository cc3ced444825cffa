"""Model folders that are refused, each in one sentence that names what is wrong.

What can be told by the files alone, without a library, stands in `afina.model_files`.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from afina.errors import ModelError
from afina.labels import LabelSet
from afina.model_files import PICKLES, check_header

_OTHERS = "take an encoder such as minilm or roberta, or a decoder such as gpt2"
_NOT_TOGETHER = "its config.json and its weights do not belong together, or a file is missing"


def check_kind(name: str, config: Any) -> None:
    """Refuse, before weights are read, what cannot classify texts in padded batches."""
    from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING

    kind = config.model_type
    if config.is_encoder_decoder:
        raise ModelError(
            f"The model {name!r} ({kind}) is an encoder-decoder, and afina trains encoders and decoders", hint=_OTHERS
        )
    if type(config) not in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING:
        raise ModelError(f"The model {name!r} ({kind}) is no model that classifies texts", hint=_OTHERS)
    model_class = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)]
    if "attention_mask" not in inspect.signature(model_class.forward).parameters:
        raise ModelError(
            f"The model {name!r} ({kind}) reads padding as text, so its answers depend on the batch", hint=_OTHERS
        )


def check_weight_files(name: str, source: str | Path) -> None:
    """Refuse a folder without safetensors, or with one whose header is made to do harm.

    Many pretrained models come with pickled weights beside their safetensors, which are then not read. The Hub's
    client tells of a repository without safetensors itself.
    """
    folder = Path(source)
    if not folder.is_dir():
        return
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickled = next((path.name for path in sorted(folder.iterdir()) if path.suffix.lower() in PICKLES), None)
        raise ModelError(
            f"The model {name!r} has no weights in safetensors" + (f", only {pickled}" if pickled else ""),
            hint="a pickle can run any code, and afina reads none: save the model with `save_pretrained` once more"
            if pickled
            else "its folder should hold a model.safetensors",
        )
    for path in weights:
        check_header(path)


def check_own_labels(name: str, config: Any, labels: LabelSet) -> None:
    """Refuse a fine-tuned model that has other labels than its run."""
    if [config.id2label[i] for i in range(config.num_labels)] != list(labels):
        raise ModelError(
            f"The model in {name} has other labels: {', '.join(map(str, config.id2label.values()))} "
            f"instead of {', '.join(labels)}"
        )


def check_vocabulary(name: str, tokenizer: Tokenizer, n_embedded: int) -> None:
    """Refuse a tokenizer that has tokens for which its model has no embedding.

    Tokens that were added to the vocabulary are not looked at: some pretrained models come with such as no text holds.

    Args:
        name: Of the model.
        tokenizer: Its tokenizer.
        n_embedded: Tokens that the model has embeddings for.
    """
    known = tokenizer.get_vocab(with_added_tokens=False)
    # Ids may have gaps.
    n_known = max(len(known), max(known.values(), default=-1) + 1)
    if n_known > n_embedded:
        raise ModelError(
            f"The tokenizer of {name!r} is not that of its model: it has {n_known:,} tokens, the model {n_embedded:,}",
            hint="the tokenizer that the model was trained with should stand beside it",
        )


def check_complete(name: str, random: Collection[str], model: Any) -> None:
    """Refuse a model some of whose pretrained weights would silently be random."""
    if random:
        raise ModelError(
            f"The model {name!r} lacks {len(random):,} of {len(model.state_dict()):,} weights, such as "
            f"{next(iter(random))}",
            hint=_NOT_TOGETHER,
        )


def check_shapes(name: str, mismatched: Sequence[tuple[str, Any, Any]]) -> None:
    """Refuse a fine-tuned model whose weights are not of the sizes that its config.json says.

    Args:
        name: Of the model.
        mismatched: Names of weights, with the shape in the file and the shape that is wanted.
    """
    for weight, found, wanted in mismatched:
        raise ModelError(
            f"The weight {weight} of {name!r} has the shape {_shape(found)}, and its config.json wants "
            f"{_shape(wanted)}",
            hint=_NOT_TOGETHER,
        )


def check_pad_token(name: str, tokenizer: Any, wanted: int | None) -> None:
    """Refuse a fine-tuned model that fills the gaps between texts with another token than its tokenizer does.

    Args:
        name: Of the model.
        tokenizer: Its `AutoTokenizer`.
        wanted: `pad_token_id` of its config.json.
    """
    if wanted is not None and tokenizer.pad_token_id != wanted:
        raise ModelError(
            f"The tokenizer of {name!r} is not that of its model: its pad token has the id {tokenizer.pad_token_id}, "
            f"and pad_token_id of the model's config.json is {wanted}",
            hint="the tokenizer that the model was trained with should stand beside it",
        )


def _shape(sizes: Any) -> str:
    return " x ".join(f"{size:,}" for size in sizes)
