"""Sizes of a model from its config alone, against the model itself."""

from __future__ import annotations

import json

import pytest
import torch
from tests.modeling.families import CONTEXT

from afina.errors import AfinaError, ModelError
from afina.labels import LabelSet
from afina.modeling import load_pretrained, outline_of, read_config
from afina.modeling.outline import empty_model

LABELS = LabelSet(("negative", "positive"))
BERT = {
    "model_type": "bert", "vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 64, "max_position_embeddings": 40, "type_vocab_size": 2,
}  # fmt: skip


def without(field):
    return {name: value for name, value in BERT.items() if name != field}


def test_sizes_are_those_of_the_loaded_classifier(family_folder):
    fields = json.loads((family_folder / "config.json").read_text())
    outline = outline_of(fields, name=family_folder.name)
    model = load_pretrained(str(family_folder), LABELS, seed=0).model
    assert outline.weights == sum(weight.numel() for weight in model.parameters())
    table = model.get_input_embeddings().weight
    assert outline.vocabulary == table.shape[0]
    assert outline.embedding_weights >= table.numel()
    assert outline.weights == outline.embedding_weights + outline.layer_weights + outline.head_weights
    assert min(outline.embedding_weights, outline.layer_weights, outline.head_weights) > 0
    assert outline.width == 32
    assert outline.n_layers == (3 if outline.family == "modernbert" else 2)
    assert outline.max_context == (None if outline.family == "xlnet" else CONTEXT)
    assert outline.shares_layers == (outline.family == "albert")
    # Layers that are run twice are multiplied with twice; biases and norms are few.
    times = 2 if outline.shares_layers else 1
    assert 0.8 * times * outline.layer_weights < outline.matrix_weights <= times * outline.layer_weights


def test_a_config_in_the_form_of_transformers_gives_the_same():
    outline = outline_of(BERT)
    assert outline_of(read_config(BERT)) == outline
    # (32 x 32 weights and 32 biases) x 4 in attention, 2 x 32 x 64 + 32 + 64 in the other, and two norms.
    assert outline.layer_weights == 2 * (4 * (32 * 32 + 32) + 2 * 32 * 64 + 32 + 64 + 2 * 64)
    assert outline.matrix_weights == 2 * (4 * 32 * 32 + 2 * 32 * 64)
    assert outline.embedding_weights == 32 * (100 + 40 + 2) + 64
    # Pooler and classifier.
    assert outline.head_weights == 32 * 32 + 32 + 2 * 32 + 2
    assert json.loads(json.dumps(outline.as_dict())) == outline.as_dict()


def test_a_model_larger_than_any_memory_has_sizes_too():
    outline = outline_of({**BERT, "hidden_size": 16_384, "intermediate_size": 65_536, "num_hidden_layers": 48})
    assert outline.weights > 150e9
    model = empty_model(read_config(BERT))
    assert all(weight.is_meta for weight in model.parameters())


def test_neither_config_nor_random_numbers_are_changed():
    config = read_config(BERT)
    before, state = config.to_dict(), torch.get_rng_state()
    outline_of(config)
    assert config.to_dict() == before
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("field", ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"])
def test_a_missing_field_is_named(field):
    with pytest.raises(ModelError, match=f"The config of 'mine' lacks {field}$") as caught:
        outline_of(without(field), name="mine")
    assert caught.value.exit_code == 2
    assert "config.json" in caught.value.hint


def test_missing_fields_are_all_named_as_the_family_calls_them():
    with pytest.raises(ModelError, match=r"lacks n_embd, n_layer, n_head$"):
        outline_of({"model_type": "gpt2", "vocab_size": 100})
    # Either name will do.
    assert outline_of({"model_type": "gpt2", "vocab_size": 99, "n_embd": 32, "num_hidden_layers": 1, "n_head": 2})


@pytest.mark.parametrize("family", ["no-such-family", 7, ["bert"], ""])
def test_an_unknown_family_is_refused(family):
    with pytest.raises(ModelError, match="Unknown family of models") as caught:
        outline_of({**BERT, "model_type": family})
    assert repr(family) in str(caught.value)
    assert "distilbert" in caught.value.hint


def test_a_config_without_a_family_says_so():
    with pytest.raises(ModelError, match="'mine' names no family"):
        outline_of(without("model_type"), name="mine")
    with pytest.raises(ModelError, match="names no family"):
        outline_of({})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden_size", "wide"),
        ("hidden_size", None),
        ("hidden_size", 31),
        ("hidden_size", -32),
        ("hidden_size", 0),
        ("hidden_size", [32]),
        ("num_hidden_layers", "two"),
        ("num_hidden_layers", 0),
        ("num_hidden_layers", -1),
        ("num_attention_heads", 0),
        ("vocab_size", "many"),
        ("vocab_size", 0),
        ("vocab_size", -1),
        ("intermediate_size", None),
        ("max_position_embeddings", "long"),
        ("hidden_act", "no-such-activation"),
    ],
)
def test_wrong_numbers_are_one_sentence(field, value):
    with pytest.raises(AfinaError) as caught:
        outline_of({**BERT, field: value}, name="mine")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("family", ["clip", "vit", "whisper"])
def test_models_that_do_not_read_texts_are_refused(family):
    with pytest.raises(ModelError):
        outline_of({**BERT, "model_type": family}, name="mine")
