import torch
from torch import nn

from afina.training import make_optimizer


def test_only_matrices_decay():
    model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    optimizer = make_optimizer(model, learning_rate=0.1, weight_decay=0.5)
    before = [p.detach().clone() for p in model.parameters()]
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for old, new in zip(before, model.parameters(), strict=True):
        torch.testing.assert_close(new.detach(), old * (0.95 if old.ndim >= 2 else 1))


def test_frozen_weights_are_left_out():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    for parameter in model[0].parameters():
        parameter.requires_grad_(False)
    optimizer = make_optimizer(model, learning_rate=0.1, weight_decay=0.5)
    held = [p for group in optimizer.param_groups for p in group["params"]]
    assert {id(p) for p in held} == {id(p) for p in model[1].parameters()}


def test_a_model_without_vectors_can_be_trained():
    optimizer = make_optimizer(nn.Linear(3, 2, bias=False), learning_rate=0.1, weight_decay=0.0)
    assert [len(group["params"]) for group in optimizer.param_groups] == [1]
