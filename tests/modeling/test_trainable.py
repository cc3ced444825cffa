import pytest
from tests.modeling.passes import load

from afina.errors import ConfigError
from afina.modeling import count_parameters, dissect, freeze, freeze_all_but_head, head_modules


def trained_names(model):
    return {name for name, weight in model.named_parameters() if weight.requires_grad}


def test_embeddings_alone_are_frozen(family_folder):
    model = load(family_folder).model
    freeze(model, embeddings=True)
    table = model.base_model.get_input_embeddings().weight
    assert not table.requires_grad
    parts = dissect(model)
    assert all(weight.requires_grad for layer in parts.layers for weight in layer.parameters())
    assert all(
        weight.requires_grad for head in head_modules(model) for weight in model.get_submodule(head).parameters()
    )


def test_the_first_layers_are_frozen_with_what_comes_before_them(family_folder):
    model = load(family_folder).model
    parts = dissect(model)
    if parts.shares_layers:
        with pytest.raises(ConfigError, match="runs one layer 2 times"):
            freeze(model, embeddings=True, layers=1)
        return
    freeze(model, embeddings=True, layers=1)
    inside = {id(weight) for layer in parts.layers[1:] for weight in layer.parameters()}
    above = {id(weight) for module in parts.exit_modules for weight in module.parameters()}
    for weight in model.base_model.parameters():
        assert weight.requires_grad == (id(weight) in inside | above)


def test_the_head_alone_is_trained(family_folder):
    model = load(family_folder).model
    freeze_all_but_head(model)
    heads = head_modules(model)
    assert heads
    names = trained_names(model)
    assert names
    assert all(any(name.startswith(f"{head}.") for head in heads) for name in names)
    everything, trained = count_parameters(model)
    assert 0 < trained < everything


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_frozen_layers_stay_without_dropout(family_folder):
    model = load(family_folder, dropout=0.5).model
    freeze(model, embeddings=True, layers=1)
    model.train()
    layers = dissect(model).layers
    assert not any(module.training for module in layers[0].modules())
    assert not model.bert.embeddings.training
    assert all(module.training for module in layers[1].modules())
    assert model.classifier.training
    model.eval()
    assert not model.classifier.training


def test_a_frozen_base_stays_without_dropout(family_folder):
    model = load(family_folder, dropout=0.5).model
    freeze_all_but_head(model)
    model.train()
    assert not any(module.training for layer in dissect(model).layers for module in layer.modules())
    assert not model.base_model.get_input_embeddings().training
    assert model.training


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_more_layers_than_there_are_is_told(family_folder):
    with pytest.raises(ConfigError, match="The model has 2 layers, so 3 cannot be frozen"):
        freeze(load(family_folder).model, embeddings=True, layers=3)


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_a_model_without_a_list_of_layers_is_told(family_folder):
    model = load(family_folder).model
    model.config.num_hidden_layers = 7
    with pytest.raises(ConfigError, match="Layers cannot be told apart in a bert model"):
        dissect(model)
    freeze(model, embeddings=True)
    assert not model.base_model.get_input_embeddings().weight.requires_grad
