import torch
from torch import nn

from afina.labels import LabelSet
from afina.modeling import load_pretrained
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


def test_lower_layers_take_smaller_steps_where_wished(tiny_model):
    model = load_pretrained(str(tiny_model), LabelSet(("negative", "positive")), seed=0).model
    optimizer = make_optimizer(model, learning_rate=1e-3, weight_decay=0.1, layer_decay=0.5)
    factors = {id(weight): group["rate_factor"] for group in optimizer.param_groups for weight in group["params"]}
    assert factors[id(model.classifier.weight)] == 1
    assert factors[id(model.bert.encoder.layer[1].output.dense.weight)] == 0.5
    assert factors[id(model.bert.encoder.layer[0].output.dense.weight)] == 0.25
    assert factors[id(model.bert.embeddings.word_embeddings.weight)] == 0.125
    assert len(factors) == len(list(model.parameters()))


def test_without_decay_of_the_rate_there_are_two_groups(tiny_model):
    model = load_pretrained(str(tiny_model), LabelSet(("negative", "positive")), seed=0).model
    groups = make_optimizer(model, learning_rate=1e-3, weight_decay=0.1).param_groups
    assert [(group["weight_decay"], group["rate_factor"]) for group in groups] == [(0.1, 1.0), (0.0, 1.0)]
