import pytest
import torch
from tests.modeling.passes import assert_same, batch_of, encode, gradients, load

from afina.modeling import batch_logits
from afina.modeling.first_token import read_first_token_only

READS_FIRST = ("bert", "distilbert", "electra", "minilm", "roberta", "xlm-roberta")


@pytest.mark.parametrize("family_folder", READS_FIRST, indirect=True)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_logits_and_gradients_are_those_of_the_whole_layer(family_folder, attention):
    pretrained = load(family_folder)
    model = pretrained.model
    model.set_attn_implementation(attention)
    batch = batch_of(pretrained, encode(pretrained))
    whole = batch_logits(model, batch)
    expected = gradients(model, whole, batch)
    assert read_first_token_only(model)
    short = batch_logits(model, batch)
    torch.testing.assert_close(short, whole, rtol=0, atol=1e-5)
    assert_same(gradients(model, short, batch), expected, 1e-4)


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_the_last_layer_gives_one_state_a_text(family_folder):
    pretrained = load(family_folder)
    read_first_token_only(pretrained.model)
    batch = batch_of(pretrained, encode(pretrained))
    base = pretrained.model.base_model(torch.from_numpy(batch.token_ids), torch.from_numpy(batch.mask))
    assert base.last_hidden_state.shape[:2] == (6, 1)


@pytest.mark.parametrize("family_folder", ["gpt2", "xlnet", "modernbert-mean", "deberta-v3"], indirect=True)
def test_other_families_keep_their_last_layer(family_folder):
    assert not read_first_token_only(load(family_folder).model)


@pytest.mark.parametrize("family_folder", ["bert", "distilbert"], indirect=True)
def test_dropout_acts_while_training_only(family_folder):
    pretrained = load(family_folder, dropout=0.5)
    model = pretrained.model
    read_first_token_only(model)
    batch = batch_of(pretrained, encode(pretrained))
    model.eval()
    assert torch.equal(batch_logits(model, batch), batch_logits(model, batch))
    model.train()
    assert not torch.equal(batch_logits(model, batch), batch_logits(model, batch))
