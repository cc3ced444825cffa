"""One vector a text from a pretrained encoder that is not trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from afina.errors import ModelError
from afina.modeling.catalog import locate, revision_of
from afina.modeling.load import context_limit, ensure_pad_token, loading
from afina.tokenization import Encoder, pad, sorted_batches

_BATCH_TOKENS = 4096


def embed(
    name: str,
    texts: Sequence[str],
    *,
    max_tokens: int = 128,
    on_texts: Callable[[int], None] = lambda done: None,
) -> npt.NDArray[np.float32]:
    """Mean of the last hidden states over a text's tokens, scaled to length 1.

    For the embedded model this is the sentence embedding it was trained to give (Reimers and Gurevych, "Sentence-BERT",
    EMNLP 2019).

    Args:
        name: Catalog name, local folder, or Hub id.
        texts: The texts.
        max_tokens: Tokens read of a text, from its start; no more than the model can take.
        on_texts: Called with the number of texts done.

    Returns:
        (n_texts, width) float32.

    Raises:
        ModelError: The model cannot be loaded, or is none that reads a text into states of one width.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    source = locate(name)
    pinned: dict[str, Any] = {"revision": revision_of(name), "trust_remote_code": False}
    with loading(name):
        config = AutoConfig.from_pretrained(source, **pinned)
        tokenizer = AutoTokenizer.from_pretrained(source, **pinned)
        ensure_pad_token(tokenizer, config)
        model = AutoModel.from_pretrained(
            source, config=config, use_safetensors=True, dtype=torch.float32, **pinned
        ).eval()
    if not hasattr(config, "hidden_size") or config.is_encoder_decoder:
        raise ModelError(
            f"The model {name!r} does not give one row of hidden states a token", hint="give an encoder or a decoder"
        )
    max_tokens = min(max_tokens, context_limit(tokenizer, config))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return _embed(model.to(device), tokenizer, texts, max_tokens, on_texts, device)


def _embed(
    model: Any, tokenizer: Any, texts: Sequence[str], max_tokens: int, on_texts: Callable[[int], None], device: Any
) -> npt.NDArray[np.float32]:
    encodings = Encoder(tokenizer.backend_tokenizer, max_tokens).encode(texts)
    embeddings = np.zeros((len(texts), int(model.config.hidden_size)), dtype=np.float32)
    done = 0
    with torch.inference_mode():
        for rows in sorted_batches(encodings.lengths, _BATCH_TOKENS):
            # On the right whatever the model is used to: a mean over tokens needs none in a fixed place, and there a
            # model that counts positions from the left gives a text the same states in any batch.
            batch = pad(encodings, rows, pad_id=int(tokenizer.pad_token_id), side="right")
            mask = torch.from_numpy(batch.mask).to(device)
            states = model(input_ids=torch.from_numpy(batch.token_ids).to(device), attention_mask=mask)
            weights = mask.unsqueeze(-1).to(states.last_hidden_state.dtype)  # (n_texts, n_tokens, 1)
            means = (states.last_hidden_state * weights).sum(dim=1) / weights.sum(dim=1)
            embeddings[rows] = torch.nn.functional.normalize(means, dim=1).cpu().numpy()
            done += len(rows)
            on_texts(done)
    return embeddings
