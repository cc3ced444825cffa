"""Fixed padding against batches of similar length: the same texts, model and optimizer, both sides in turn.

    python benchmarks/padding.py [--texts N] [--repeats N]

The texts are the shipped sample. "Fixed" pads every text to 128 tokens in batches of 16, as the usual recipe does;
"afina" is the order of `shuffled_batches`. Prints the ratio of texts a second, writes benchmarks/results/padding.json.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.nn import functional as F

from _machine import describe, write_result
from afina.data import load_dataset
from afina.modeling import batch_logits, freeze, load_pretrained
from afina.tokenization import Batch, Encoder, Encodings, pad, padded_tokens, shuffled_batches
from afina.training import make_optimizer

MAX_TOKENS, FIXED_BATCH, BATCH_TOKENS = 128, 16, 1024


def fixed_batches(encodings: Encodings) -> Iterator[Batch]:
    """Every text padded to MAX_TOKENS, in batches of FIXED_BATCH."""
    order = np.random.default_rng(0).permutation(len(encodings))
    for start in range(0, len(order), FIXED_BATCH):
        batch = pad(encodings, order[start : start + FIXED_BATCH], pad_id=0)
        gap = ((0, 0), (0, MAX_TOKENS - batch.token_ids.shape[1]))
        yield Batch(batch.rows, np.pad(batch.token_ids, gap), np.pad(batch.mask, gap))


def similar_batches(encodings: Encodings) -> Iterator[Batch]:
    """Afina's own batches."""
    for rows in shuffled_batches(encodings.lengths, BATCH_TOKENS, seed=0, epoch=0):
        yield pad(encodings, rows, pad_id=0)


def texts_per_second(
    make: Callable[[Encodings], Iterator[Batch]], encodings: Encodings, label_ids: torch.Tensor
) -> float:
    """One epoch of training in fp32; the model is loaded anew, so that both sides start alike."""
    dataset, _ = load_dataset("sample:train")
    pretrained = load_pretrained("minilm", dataset.labels, seed=0, dropout=0.0)
    freeze(pretrained.model, embeddings=True)
    optimizer = make_optimizer(pretrained.model, learning_rate=1e-4, weight_decay=0.01)
    pretrained.model.train()
    started = time.perf_counter()
    for batch in make(encodings):
        loss = F.cross_entropy(batch_logits(pretrained.model, batch), label_ids[torch.from_numpy(batch.rows)])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return len(encodings) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    dataset, _ = load_dataset("sample:train")
    dataset = dataset.select(np.arange(min(options.texts, len(dataset))))
    tokenizer = load_pretrained("minilm", dataset.labels, seed=0).backend_tokenizer
    encodings = Encoder(tokenizer, MAX_TOKENS).encode(dataset.texts)
    label_ids = torch.from_numpy(dataset.label_ids)
    sides = {"fixed": fixed_batches, "afina": similar_batches}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.repeats):
        for name, make in sides.items():
            rates[name].append(texts_per_second(make, encodings, label_ids))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    order = shuffled_batches(encodings.lengths, BATCH_TOKENS, seed=0, epoch=0)
    result = {
        **describe(),
        "texts": len(dataset),
        "tokens": encodings.n_tokens,
        "padded_tokens": {"fixed": len(dataset) * MAX_TOKENS, "afina": padded_tokens(encodings.lengths, order)},
        "texts_per_second": rates,
        "median_texts_per_second": medians,
        "ratio": medians["afina"] / medians["fixed"],
    }
    write_result("padding", result)
    print(
        f"fixed {medians['fixed']:.1f} texts/s, afina {medians['afina']:.1f} texts/s, ratio {result['ratio']:.2f}; "
        f"padded tokens {result['padded_tokens']}, real ones {encodings.n_tokens}"
    )


if __name__ == "__main__":
    main()
