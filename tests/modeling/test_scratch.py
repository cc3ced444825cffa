from __future__ import annotations

import pytest
import torch

from afina.modeling.scratch import WIDTH, small_encoder

pytestmark = pytest.mark.usefixtures("one_thread")


def encoder(vocabulary=100, n_labels=2, *, max_tokens=64, pad_id=0, seed=0):
    return small_encoder(vocabulary, n_labels, max_tokens=max_tokens, pad_id=pad_id, seed=seed)


def logits(model, rows):
    """Logits of token ids padded on the right, (n_texts, n_labels)."""
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[model.config.pad_token_id] * (longest - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    with torch.inference_mode():
        return model.eval()(input_ids=ids, attention_mask=mask).logits


def test_equal_seeds_give_equal_weights_and_others_do_not():
    one, same, other = (encoder(seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_padding_does_not_change_the_logits():
    model = encoder(pad_id=7)
    short, long = [5, 9, 20], list(range(10, 60))
    together = logits(model, [short, long])
    torch.testing.assert_close(together[:1], logits(model, [short]), atol=1e-5, rtol=0)
    torch.testing.assert_close(together[1:], logits(model, [long]), atol=1e-5, rtol=0)
    assert not torch.allclose(together[0], together[1], atol=1e-3)


def test_vocabularies_differ_in_the_embedding_table_alone():
    sizes = {n: {name: tuple(weight.shape) for name, weight in encoder(n).named_parameters()} for n in (50, 5_000)}
    different = [name for name in sizes[50] if sizes[50][name] != sizes[5_000][name]]
    assert len(different) == 1
    assert "embed" in different[0]
    assert [sizes[n][different[0]] for n in (50, 5_000)] == [(50, WIDTH), (5_000, WIDTH)]


@pytest.mark.parametrize("n_labels", [2, 3, 7])
def test_there_is_a_logit_for_each_label(n_labels):
    assert logits(encoder(n_labels=n_labels), [[1, 2, 3]]).shape == (1, n_labels)


@pytest.mark.parametrize("pad_id", [0, 1, 99])
def test_any_token_may_be_the_padding(pad_id):
    model = encoder(pad_id=pad_id)
    rows = [[3, 4, 5], [3, 4, 5, 6, 7, 8]]
    torch.testing.assert_close(logits(model, rows)[:1], logits(model, rows[:1]), atol=1e-5, rtol=0)


def test_every_position_up_to_the_limit_matters():
    model = encoder(max_tokens=40)
    row = list(range(1, 41))
    changed = [*row[:-1], 77]
    assert not torch.equal(logits(model, [row]), logits(model, [changed]))


def test_the_order_of_tokens_matters():
    model = encoder()
    assert not torch.allclose(logits(model, [[5, 6, 7, 8]]), logits(model, [[8, 7, 6, 5]]), atol=1e-6)


def test_it_learns_which_token_tells_the_label():
    torch.manual_seed(0)
    model = encoder().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    ids = torch.randint(10, 100, (64, 8))
    labels = torch.arange(64) % 2
    ids[:, 3] = labels + 2
    mask = torch.ones_like(ids)
    losses = []
    for _ in range(30):
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.1 < losses[0]
