"""A pretrained encoder or decoder with a new classification head, and its tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
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
from afina.modeling.refusals import (
    check_complete,
    check_kind,
    check_own_labels,
    check_pad_token,
    check_shapes,
    check_vocabulary,
    check_weight_files,
)
from afina.modeling.trainable import count_parameters

__all__ = [
    "PretrainedClassifier", "backend_of", "context_limit", "ensure_pad_token", "load_fine_tuned", "load_pretrained",
    "loading", "quiet",
]  # fmt: skip

# Safe for weights of anyone: no pickle is read, and no code of a model's author is run or asked about.
_SAFELY = {"use_safetensors": True, "trust_remote_code": False}


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
        check_kind(name, config)
        check_weight_files(name, source)
        _forget_own_code(config)
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
        check_complete(name, [w for w in _new_weights(report) if w.startswith(base) and "pooler" not in w], model)
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
        check_kind(name, config)
        check_weight_files(name, folder)
        check_own_labels(name, config, labels)
        pad_id = config.pad_token_id
        tokenizer = _load_tokenizer(name, folder, config)
        check_pad_token(name, tokenizer, pad_id)
        # Weights of another shape are told below, and by what they are.
        model, report = AutoModelForSequenceClassification.from_pretrained(
            folder, config=config, ignore_mismatched_sizes=True, output_loading_info=True, dtype=torch.float32,
            **_SAFELY,
        )  # fmt: skip
        check_shapes(name, sorted(report["mismatched_keys"]))
        check_complete(name, _new_weights(report), model)
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
    tokenizer.init_kwargs.pop("auto_map", None)
    backend = backend_of(name, tokenizer)
    check_vocabulary(name, backend, config.get_text_config().vocab_size)
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


def _forget_own_code(config: Any) -> None:
    """Leave out what names code of the model's author, where transformers knows the model itself: no run keeps it."""
    if hasattr(config, "auto_map"):
        del config.auto_map


def _new_weights(report: dict[str, Any]) -> list[str]:
    """Names of weights that were not read but drawn at random."""
    return sorted({*report["missing_keys"], *(mismatch[0] for mismatch in report["mismatched_keys"])})


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
