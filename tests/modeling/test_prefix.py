import numpy as np
import pytest
import torch
from tests.modeling.passes import TEXTS, assert_same, batch_of, encode, gradients, load

from afina.modeling import batch_logits
from afina.modeling.anatomy import dissect
from afina.modeling.first_token import read_first_token_only
from afina.modeling.prefix import HEAD_ONLY, Prefix, PrefixStates
from afina.modeling.trainable import freeze, freeze_all_but_head


def keep(pretrained, depth, encodings, **options):
    prefix = Prefix(pretrained.model, pretrained.model, depth)
    options = {"precision": "fp32", "pad_id": pretrained.pad_id, "padding_side": pretrained.padding_side, **options}
    return PrefixStates(prefix, encodings, **options)


def test_logits_and_gradients_are_those_of_the_whole_model(family_folder):
    pretrained = load(family_folder, dropout=0.3)
    model = pretrained.model
    if dissect(model).shares_layers:
        pytest.skip("its one layer cannot be frozen in part")
    freeze(model, embeddings=True, layers=1)
    read_first_token_only(model)
    encodings = encode(pretrained)
    batch = batch_of(pretrained, encodings)
    model.train()
    torch.manual_seed(0)
    whole = batch_logits(model, batch)
    expected = gradients(model, whole, batch)
    states = keep(pretrained, 1, encodings)
    torch.manual_seed(0)
    # The same draws of dropout: the frozen part makes none.
    cached = states.logits(batch)
    torch.testing.assert_close(cached, whole, rtol=0, atol=1e-4)
    assert_same(gradients(model, cached, batch), expected, 1e-4)


def test_a_frozen_base_is_run_once(family_folder):
    pretrained = load(family_folder)
    model = pretrained.model
    freeze_all_but_head(model)
    read_first_token_only(model)
    encodings = encode(pretrained)
    batch = batch_of(pretrained, encodings)
    whole = batch_logits(model, batch)
    expected = gradients(model, whole, batch)
    states = keep(pretrained, HEAD_ONLY, encodings)
    assert len(states.encodings.token_ids) == len(TEXTS)
    short = batch_of(pretrained, states.encodings)
    assert short.token_ids.shape == (len(TEXTS), 1)
    cached = states.logits(short)
    torch.testing.assert_close(cached, whole, rtol=0, atol=1e-4)
    assert_same(gradients(model, cached, short), expected, 1e-4)


@pytest.mark.parametrize("family_folder", ["bert", "xlnet", "gpt2"], indirect=True)
@pytest.mark.parametrize("depth", [1, HEAD_ONLY])
def test_windows_are_kept_one_by_one(family_folder, depth):
    pretrained = load(family_folder)
    encodings = encode(pretrained, max_tokens=8, long_text="windows")
    assert encodings.window_counts.max() > 1
    states = keep(pretrained, depth, encodings)
    pretrained.model.eval()
    whole = batch_logits(pretrained.model, batch_of(pretrained, encodings))
    cached = states.logits(batch_of(pretrained, states.encodings))
    torch.testing.assert_close(cached, whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_on_disk_and_in_half_precision(family_folder, tmp_path):
    pretrained = load(family_folder)
    encodings = encode(pretrained)
    batch = batch_of(pretrained, encodings)
    in_memory = keep(pretrained, 1, encodings).logits(batch)
    file = tmp_path / "states"
    on_disk = keep(pretrained, 1, encodings, file=file)
    assert torch.equal(on_disk.logits(batch), in_memory)
    assert file.stat().st_size == encodings.n_tokens * 32 * 4
    half = keep(pretrained, 1, encodings, precision="fp16", file=tmp_path / "half")
    torch.testing.assert_close(half.logits(batch), in_memory, rtol=0, atol=1e-2)
    assert (tmp_path / "half").stat().st_size == encodings.n_tokens * 32 * 2


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_a_state_too_large_for_half_precision_is_refused(family_folder):
    pretrained = load(family_folder)
    with torch.no_grad():
        pretrained.model.bert.embeddings.LayerNorm.weight.fill_(1e6)
        pretrained.model.bert.encoder.layer[0].output.LayerNorm.weight.fill_(1e6)
    with pytest.raises(OverflowError):
        keep(pretrained, 1, encode(pretrained), precision="fp16")


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_filling_is_repeatable_and_leaves_the_model_as_it_was(family_folder):
    pretrained = load(family_folder)
    model = pretrained.model
    read_first_token_only(model)
    model.train()
    encodings = encode(pretrained)
    batch = batch_of(pretrained, encodings)
    before = batch_logits(model, batch)
    seen = []
    first = keep(pretrained, HEAD_ONLY, encodings, on_texts=seen.append)
    again = keep(pretrained, HEAD_ONLY, encodings)
    assert seen == [len(TEXTS)]
    short = batch_of(pretrained, first.encodings)
    assert torch.equal(first.logits(short), again.logits(short))
    assert model.training
    assert torch.equal(batch_logits(model, batch), before)
    np.testing.assert_array_equal(first.encodings.offsets, np.arange(len(TEXTS) + 1))
