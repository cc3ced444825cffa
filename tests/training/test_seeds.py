import torch

from afina.training import seed_everything


def test_equal_seeds_give_equal_draws():
    draws = []
    for seed in (5, 5, 2**32 - 1):
        seed_everything(seed)
        draws.append(torch.rand(4).tolist())
    assert draws[0] == draws[1] != draws[2]
