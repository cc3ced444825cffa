"""A head fitted on the frozen model before anything else is trained.

"Linear probing, then fine-tuning" (Kumar et al., ICLR 2022, arXiv 2202.10054): a random head sends large, meaningless
gradients through the layers and bends what they know; one that already classifies does not.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from afina.modeling import HEAD_ONLY, Prefix, PrefixStates, head_modules, try_dissect
from afina.recipes.session import Session
from afina.tokenization import Encodings, pad, shuffled_batches

_MOST_TEXTS, _TEXTS_IN_BATCH, _STEPS, _RATE, _DECAY = 2_000, 32, 300, 1e-3, 0.01


def fit_head(session: Session, encodings: Encodings, label_ids: torch.Tensor, *, seed: int) -> bool:
    """Fit the head for a few hundred steps on states of up to 2,000 texts that the frozen model gives.

    Args:
        session: The model; its head is changed in place.
        encodings: Token ids of the training texts.
        label_ids: Their labels, (n_texts,) int64.
        seed: Seed of the texts drawn and their order.

    Returns:
        Whether it was done: what the head of an unknown family reads cannot be kept.
    """
    plain, pretrained = session.pretrained.model, session.pretrained
    parts = try_dissect(plain)
    if parts is None or parts.pooling is None:
        return False
    some = np.sort(np.random.default_rng(seed).permutation(len(encodings))[:_MOST_TEXTS])
    chosen, targets = encodings.select(some), label_ids[torch.from_numpy(some)]
    states = PrefixStates(
        Prefix(session.model, plain, HEAD_ONLY), chosen, precision="fp32", pad_id=pretrained.pad_id,
        padding_side=pretrained.padding_side, device=session.accelerator.device,
    )  # fmt: skip
    weights = [
        weight
        for name in head_modules(plain)
        for weight in plain.get_submodule(name).parameters()
        if weight.requires_grad
    ]
    optimizer = torch.optim.AdamW(weights, lr=_RATE, weight_decay=_DECAY)
    plain.eval()
    step, epoch = 0, 0
    while step < _STEPS:
        for rows in shuffled_batches(states.encodings.lengths, _TEXTS_IN_BATCH, seed=seed, epoch=epoch):
            batch = pad(states.encodings, rows, pad_id=pretrained.pad_id, side=pretrained.padding_side)
            wanted = targets[torch.from_numpy(rows)].to(session.accelerator.device)
            F.cross_entropy(states.logits(batch), wanted).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            plain.zero_grad()
            step += 1
        epoch += 1
    return True
