"""A pretrained encoder or decoder with a new classification head, and its tokenizer."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)
from transformers.utils import logging as transformers_logging

from afina.errors import AfinaError, ModelError, first_line
from afina.labels import LabelSet
from afina.modeling.anatomy import head_modules
from afina.modeling.catalog import EMBEDDED, locate, revision_of
from afina.modeling.catalog.locating import NEWEST, find_entry
from afina.modeling.feeding import context_limit, ensure_pad_token, set_dropout, tokenizer_options, turn_off_caches
from afina.modeling.first_token import read_first_token_only
from afina.modeling.outline import empty_model
from afina.modeling.quantization import keep_full_precision, quantization_config
from afina.modeling.trainable import count_parameters

__all__ = [
    "PretrainedClassifier", "backend_of", "context_limit", "ensure_pad_token", "load_fine_tuned", "load_pretrained",
    "loading", "quiet",
]  # fmt: skip

# Safe for weights of anyone: no pickle is read, and no code of a model's author is run or asked about.
_SAFELY = {"use_safetensors": True, "trust_remote_code": False}
_OTHERS = "take an encoder such as minilm or roberta, or a decoder such as gpt2"


@dataclass
class PretrainedClassifier:
    """A model that classifies, and what is needed to feed it."""

    model: Any
    """`AutoModelForSequenceClassification` with one logit a label."""
    tokenizer: Any
    """The `AutoTokenizer` saved beside it."""
    labels: LabelSet
    pad_id: int
    max_context: int
    """Most tokens of a text the model can take, special tokens counted."""
    n_weights: int
    """Weights of the model, also where several are packed in one number."""

    @property
    def padding_side(self) -> str:
        """`right` or `left`, as the model needs it."""
        return str(self.tokenizer.padding_side)

    @property
    def backend_tokenizer(self) -> Tokenizer:
        """The tokenizer as the `tokenizers` library has it."""
        backend: Tokenizer = self.tokenizer.backend_tokenizer
        return backend


def load_pretrained(
    name: str,
    labels: LabelSet,
    *,
    seed: int,
    dropout: float | None = None,
    bits: int | None = None,
    catalog: str | Path | None = None,
) -> PretrainedClassifier:
    """Load a pretrained model and give it a new head for these labels.

    Args:
        name: Catalog name, local folder, or Hub id.
        labels: The labels; they are written into the model's config.
        seed: Seed of the new head.
        dropout: Rate for every dropout of the model; None leaves the rates it was pretrained with.
        bits: Hold the layers' weights in 8 or 4 bits (`check_quantization` first); None in fp32.
        catalog: A user's catalog file, laid over the shipped one.

    Raises:
        ModelError: The model is unknown, damaged, cannot be reached, or cannot classify texts.
        ConfigError: The user's catalog is wrong.
    """
    source, revision = locate(name, catalog=catalog), revision_of(name, catalog=catalog)
    with loading(name, catalog=catalog):
        config = AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
        _check_kind(name, config)
        _check_files(name, source)
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
        config.problem_type = "single_label_classification"
        if dropout is not None:
            set_dropout(config, dropout)
        tokenizer = _load_tokenizer(name, source, config, revision=revision)
        head = head_modules(empty_model(config)) if bits else []
        torch.manual_seed(seed)
        # A folder fine-tuned for other labels gives its encoder; its head does not fit and is made anew.
        model, report = AutoModelForSequenceClassification.from_pretrained(
            source,
            config=config,
            revision=revision,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            dtype=torch.float32,
            quantization_config=None if bits is None else quantization_config(bits, skipped=head),
            **_SAFELY,
        )
        base = f"{model.base_model_prefix}."
        # Not every pretraining has a use for the pooler, which is a part of the head in all but name.
        _check_complete(name, [w for w in _new_weights(report) if w.startswith(base) and "pooler" not in w], model)
    if bits is not None:
        keep_full_precision(model)
    return _pretrained(model, tokenizer, labels, bits=bits)


def load_fine_tuned(folder: Path, labels: LabelSet) -> PretrainedClassifier:
    """Load a model folder that afina wrote, head and all.

    Raises:
        ModelError: The folder is damaged, or its model has other labels.
    """
    name = str(folder)
    with loading(name):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        _check_kind(name, config)
        _check_files(name, folder)
        if [config.id2label[i] for i in range(config.num_labels)] != list(labels):
            raise ModelError(
                f"The model in {name} has other labels: {', '.join(map(str, config.id2label.values()))} "
                f"instead of {', '.join(labels)}"
            )
        tokenizer = _load_tokenizer(name, folder, config)
        model, report = AutoModelForSequenceClassification.from_pretrained(
            folder, config=config, output_loading_info=True, dtype=torch.float32, **_SAFELY
        )
        _check_complete(name, _new_weights(report), model)
    return _pretrained(model, tokenizer, labels)


def _pretrained(model: Any, tokenizer: Any, labels: LabelSet, *, bits: int | None = None) -> PretrainedClassifier:
    read_first_token_only(model)
    turn_off_caches(model.config)
    return PretrainedClassifier(
        model=model,
        tokenizer=tokenizer,
        labels=labels,
        pad_id=int(tokenizer.pad_token_id),
        max_context=context_limit(tokenizer, model.config),
        n_weights=count_parameters(empty_model(model.config) if bits else model)[0],
    )


def _load_tokenizer(name: str, source: str | Path, config: Any, *, revision: str = NEWEST) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(
        source, revision=revision, trust_remote_code=False, **tokenizer_options(config)
    )
    backend = backend_of(name, tokenizer)
    n_known, n_embedded = backend.get_vocab_size(with_added_tokens=False), config.get_text_config().vocab_size
    if n_known > n_embedded:
        raise ModelError(
            f"The tokenizer of {name!r} is not that of its model: it has {n_known:,} tokens, the model {n_embedded:,}",
            hint="the tokenizer that the model was trained with should stand beside it",
        )
    ensure_pad_token(tokenizer, config)
    return tokenizer


def backend_of(name: str, tokenizer: Any) -> Tokenizer:
    """A tokenizer as the `tokenizers` library has it.

    Args:
        name: Of its model.
        tokenizer: What transformers has loaded.

    Raises:
        ModelError: There is none, or it knows no words.
    """
    backend: Tokenizer | None = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelError(f"The tokenizer of {name!r} has no tokenizer.json, and none can be made of its files")
    if set(backend.get_vocab()) <= set(tokenizer.all_special_tokens):
        # transformers makes a tokenizer of the special tokens where it finds no file, and all words are unknown to it.
        raise ModelError(
            f"The model {name!r} has no tokenizer, or an empty one", hint="it should have a tokenizer.json"
        )
    return backend


def _check_kind(name: str, config: Any) -> None:
    """Refuse, before weights are read, what cannot classify texts in padded batches."""
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


def _check_files(name: str, source: str | Path) -> None:
    """Refuse a folder with pickled weights and no others; the Hub's client tells of such a repository itself."""
    folder = Path(source)
    if folder.is_dir() and not any(folder.glob("*.safetensors")):
        pickled = next((path.name for pattern in ("*.bin", "*.pt", "*.ckpt") for path in folder.glob(pattern)), None)
        raise ModelError(
            f"The model {name!r} has no weights in safetensors" + (f", only {pickled}" if pickled else ""),
            hint="a pickle can run any code, and afina reads none: save the model with `save_pretrained` once more"
            if pickled
            else "its folder should hold a model.safetensors",
        )


def _new_weights(report: dict[str, Any]) -> list[str]:
    """Names of weights that were not read but drawn at random."""
    return sorted({*report["missing_keys"], *(mismatch[0] for mismatch in report["mismatched_keys"])})


def _check_complete(name: str, random: Collection[str], model: Any) -> None:
    """Refuse a model some of whose pretrained weights would silently be random."""
    if random:
        raise ModelError(
            f"The model {name!r} lacks {len(random):,} of {len(model.state_dict()):,} weights, such as "
            f"{next(iter(random))}",
            hint="its config.json and its weights do not belong together, or a file is missing",
        )


@contextmanager
def loading(name: str, *, what: str = "model", catalog: str | Path | None = None) -> Iterator[None]:
    """Turn the many errors of loading a model, or another `what`, into one sentence."""
    try:
        with quiet():
            yield
    except (MemoryError, AfinaError):
        raise
    except Exception as error:  # transformers, safetensors, tokenizers and the Hub client each raise their own
        raise ModelError(
            f"The {what} {name!r} cannot be loaded: {first_line(error)}", hint=_hint(error, name, what, catalog)
        ) from error


def _hint(error: Exception, name: str, what: str, catalog: str | Path | None) -> str:
    if "trust_remote_code" in str(error):
        return "afina never runs code that comes with a model"
    if name != EMBEDDED and Path(name).expanduser().is_dir():
        return "a file in the folder is damaged or missing: copy or download it once more"
    # What is not in the Hub's cache and a Hub out of reach come out as OSError or ValueError.
    entry = find_entry(name, catalog)
    size = f" ({entry.download_mb:,.0f} MB)" if entry and entry.download_mb and what == "model" else ""
    return (
        f"a {what} on the Hugging Face Hub is downloaded{size} when first used, which needs a network; "
        f"give a local folder, or `{EMBEDDED}`, which needs none"
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the library's reports and progress bars off the screen; they are not what a user asked to see."""
    verbosity, progress = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if progress:
            transformers_logging.enable_progress_bar()
