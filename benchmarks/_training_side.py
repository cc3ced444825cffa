"""One side of the speed benchmark, once, in a process of its own; its result is one JSON line on standard output.

    python benchmarks/_training_side.py SIDE TEXTS.json MAX_TOKENS EPOCHS SEED

Started by training.py, which wrote the texts. All sides begin with the same pretrained weights and the same new head.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from _matrix_rate import WorkCounter, matrix_rates
from _sets import read_texts
from afina.config import load_config
from afina.data import TextDataset
from afina.modeling import predict_logits
from afina.tokenization import Encoder

MODEL = "minilm"
TRAINER: dict[str, dict[str, bool]] = {
    "padded": {"grouped": False},
    "grouped": {"grouped": True},
    "padded-bf16": {"grouped": False, "bf16": True},
    "grouped-bf16": {"grouped": True, "bf16": True},
}
AFINA: dict[str, dict[str, Any]] = {
    "afina": {"modeling.method": "full"},
    "afina-fp32": {"modeling.method": "full", "training.precision": "fp32"},
    "afina-frozen": {"modeling.method": "frozen"},
}


def megabytes() -> float:
    """Largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # What `getrusage` tells on Linux begins with the memory of the process that started this one.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def hash_of(model: Any) -> str:
    """Tells weights apart; the sides must begin with equal ones, the new head included."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.state_dict().items()):
        digest.update(name.encode() + weight.numpy().tobytes())
    return digest.hexdigest()[:12]


@dataclass
class Trained:
    """What a side did, and its model as it was left."""

    record: dict[str, Any]
    """`seconds`, `steps`, `settings`, `weights`, `precision`, `matrix_rates` (before training)."""
    model: Any
    tokenizer: Any
    work: WorkCounter


def run_trainer(side: str, train: TextDataset, *, max_tokens: int, epochs: float, seed: int) -> Trained:
    """The Hugging Face Trainer."""
    # Each side imports its own code only, since memory is compared too.
    from _hf_trainer import load, train_with_trainer

    options = TRAINER[side]
    model, tokenizer = load(MODEL, n_labels=len(train.labels), seed=seed)
    work = WorkCounter(model)
    precision = "bf16" if options.get("bf16") else "fp32"
    start = {"weights": hash_of(model), "precision": precision, "matrix_rates": matrix_rates(model)}
    trained = train_with_trainer(model, tokenizer, train, max_tokens=max_tokens, epochs=epochs, seed=seed, **options)
    return Trained({**trained, **start}, model, tokenizer, work)


def run_afina(side: str, train: TextDataset, *, max_tokens: int, epochs: float, seed: int) -> Trained:
    """Training as `afina train` does it: filling a prefix cache counts, tokenizing does not."""
    from _afina_training import UNDISTURBED, PausableClock, fit, prepare
    from afina.recipes.reporting import Silent

    config, _ = load_config(
        options={
            "modeling.name": MODEL, "tokenization.max_tokens": max_tokens, "tokenization.long_text": "head",
            "training.epochs": epochs, "training.seed": seed, **UNDISTURBED, **AFINA[side],
        }
    )  # fmt: skip
    prepared = prepare(config, train, seconds=None)
    session = prepared.session
    settings, model = session.settings.as_dict(), session.pretrained.model
    work = WorkCounter(model)
    start = {"weights": hash_of(model), "precision": settings["precision"], "matrix_rates": matrix_rates(model)}
    clock = PausableClock()
    started = clock()
    fitted = fit(prepared, clock=clock, reporter=Silent(), seconds=None)
    seconds = clock() - started
    settings["prefix_cache"] = prepared.allocation.cache_precision
    record = {"seconds": seconds, "steps": fitted.state.step, "settings": settings, **start}
    session.finish()
    return Trained(record, session.pretrained.model, session.pretrained.tokenizer, work)


def main() -> None:
    side, file, max_tokens, epochs, seed = sys.argv[1:]
    parts = read_texts(Path(file))
    train, test = parts["train"], parts["test"]
    before = megabytes()
    run = run_trainer if side in TRAINER else run_afina
    trained = run(side, train, max_tokens=int(max_tokens), epochs=float(epochs), seed=int(seed))
    peak = megabytes()
    work, record = trained.work, trained.record
    operations_done, padded_tokens = work.done(), work.tokens_done()
    rates_after = matrix_rates(trained.model)
    encoder = Encoder(trained.tokenizer.backend_tokenizer, int(max_tokens))
    lengths = encoder.encode(train.texts).lengths
    logits = predict_logits(trained.model, encoder.encode(test.texts), pad_id=trained.tokenizer.pad_token_id)
    result = {
        **record,
        "texts": len(train),
        "tokens": int(lengths.sum() * float(epochs)),
        "padded_tokens": padded_tokens,
        "operations_standard": work.standard(lengths, epochs=float(epochs)),
        "operations_needed": work.needed(lengths, epochs=float(epochs)),
        "operations_done": operations_done,
        "matrix_rates": {name: max(rate, rates_after[name]) for name, rate in record["matrix_rates"].items()},
        "megabytes": peak,
        "megabytes_before": before,
        "threads": torch.get_num_threads(),
        "accuracy": float(np.mean(logits.argmax(axis=1) == test.label_ids)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
