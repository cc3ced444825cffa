"""A pretrained encoder with a new classification head, and its tokenizer."""

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

from afina.errors import ModelError, first_line
from afina.labels import LabelSet
from afina.modeling.catalog import locate

# Configs of different families name their dropout rates differently; every such key is set.
_DROPOUT_KEYS = (
    "attention_dropout", "attention_probs_dropout_prob", "attn_pdrop", "classifier_dropout", "classifier_dropout_prob",
    "dropout", "embd_pdrop", "embedding_dropout", "hidden_dropout_prob", "mlp_dropout", "resid_pdrop",
    "seq_classif_dropout", "summary_last_dropout",
)  # fmt: skip
# Some tokenizers carry a "no limit" of 1e30; a context this long is then never meant.
_NO_LIMIT = 100_000


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
    """Most tokens the model can take."""

    @property
    def padding_side(self) -> str:
        """`right` or `left`, as the model was pretrained."""
        return str(self.tokenizer.padding_side)

    @property
    def backend_tokenizer(self) -> Tokenizer:
        """The tokenizer as the `tokenizers` library has it."""
        backend: Tokenizer = self.tokenizer.backend_tokenizer
        return backend


def load_pretrained(name: str, labels: LabelSet, *, seed: int, dropout: float | None = None) -> PretrainedClassifier:
    """Load a pretrained model and give it a new head for these labels.

    Args:
        name: Catalog name, local folder, or Hub id.
        labels: The labels; they are written into the model's config.
        seed: Seed of the new head.
        dropout: Rate for every dropout of the model; None leaves the rates it was pretrained with.

    Raises:
        ModelError: The model is unknown, damaged, cannot be reached, or is no model for texts.
    """
    source = locate(name)
    with loading(name):
        config = AutoConfig.from_pretrained(source)
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
        config.problem_type = "single_label_classification"
        if dropout is not None:
            for key in _DROPOUT_KEYS:
                if isinstance(getattr(config, key, None), int | float):
                    setattr(config, key, dropout)
        tokenizer = AutoTokenizer.from_pretrained(source)
        ensure_pad_token(tokenizer, config)
        torch.manual_seed(seed)
        # A folder fine-tuned for other labels gives its encoder; its head does not fit and is made anew.
        model = AutoModelForSequenceClassification.from_pretrained(
            source, config=config, ignore_mismatched_sizes=True, use_safetensors=True, dtype=torch.float32
        )
    return _pretrained(model, tokenizer, labels)


def load_fine_tuned(folder: Path, labels: LabelSet) -> PretrainedClassifier:
    """Load a model folder that afina wrote, head and all.

    Raises:
        ModelError: The folder is damaged.
    """
    with loading(str(folder)):
        model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    return _pretrained(model, tokenizer, labels)


def _pretrained(model: Any, tokenizer: Any, labels: LabelSet) -> PretrainedClassifier:
    return PretrainedClassifier(
        model=model,
        tokenizer=tokenizer,
        labels=labels,
        pad_id=int(model.config.pad_token_id),
        max_context=context_limit(tokenizer, model.config),
    )


def context_limit(tokenizer: Any, config: Any) -> int:
    """Most tokens of a text that a model can take."""
    limits = [getattr(config, "max_position_embeddings", None), tokenizer.model_max_length]
    return min((int(limit) for limit in limits if isinstance(limit, int) and 0 < limit < _NO_LIMIT), default=512)


def ensure_pad_token(tokenizer: Any, config: Any) -> None:
    """GPT-2 has no pad token: its end-of-text token fills the gaps, hidden by the attention mask."""
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    config.pad_token_id = tokenizer.pad_token_id


@contextmanager
def loading(name: str, *, what: str = "model") -> Iterator[None]:
    """Turn the many errors of loading a model, or another `what`, into one sentence."""
    try:
        with quiet():
            yield
    except MemoryError:
        raise
    except Exception as error:  # transformers, safetensors, tokenizers and the Hub client each raise their own
        # A local copy that is not in the Hub's cache and a Hub out of reach come out as OSError or ValueError.
        raise ModelError(
            f"The {what} {name!r} cannot be loaded: {first_line(error)}",
            hint=f"a {what} on the Hugging Face Hub needs a network, or give a local folder; `minilm` needs neither",
        ) from error


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
