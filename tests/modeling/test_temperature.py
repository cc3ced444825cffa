"""A temperature in the weights of every family, and of its adapter; and heads that cannot hold one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.modeling.passes import batch_of, encode, load
from torch import nn

from afina.modeling import (
    add_lora,
    batch_logits,
    fold_into_adapter,
    fold_temperature,
    head_modules,
    merge_lora,
    predict_logits,
    save_adapter,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def logits_of(pretrained, **options):
    """A function that computes the logits of the usual texts."""
    encodings = encode(pretrained, **options)
    return lambda: predict_logits(
        pretrained.model, encodings, pad_id=pretrained.pad_id, padding_side=pretrained.padding_side
    )


@pytest.mark.parametrize("temperature", [0.3, 1.7, 20.0])
def test_logits_come_out_divided(family_folder, temperature):
    pretrained = load(family_folder)
    logits = logits_of(pretrained)
    before, weights = logits(), {name: weight.clone() for name, weight in pretrained.model.named_parameters()}
    layer = fold_temperature(pretrained.model, temperature, logits=logits)
    np.testing.assert_allclose(logits(), before / temperature, rtol=1e-4, atol=1e-5)
    changed = {name for name, weight in pretrained.model.named_parameters() if not torch.equal(weight, weights[name])}
    assert f"{layer}.weight" in changed
    assert changed <= {f"{layer}.weight", f"{layer}.bias"}


def test_windows_of_long_texts_are_divided_too(build_family):
    pretrained = load(build_family("bert"))
    logits = logits_of(pretrained, max_tokens=8, long_text="windows")
    before = logits()
    assert fold_temperature(pretrained.model, 2.5, logits=logits) == "classifier"
    np.testing.assert_allclose(logits(), before / 2.5, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's own call
def test_an_adapter_answers_as_the_model_it_was_merged_into(family_folder, tmp_path):
    from peft import PeftModel

    pretrained = load(family_folder)
    wrapped = add_lora(pretrained.model, rank=4, alpha=8)
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in pretrained.model.parameters():
            if weight.requires_grad:
                weight.add_(torch.randn_like(weight) * 0.1)
    save_adapter(wrapped, tmp_path, base="owner/name")
    pretrained.model = merge_lora(wrapped)
    layer = fold_temperature(pretrained.model, 3.0, logits=logits_of(pretrained))
    fold_into_adapter(tmp_path, layer, 3.0)
    batch = batch_of(pretrained, encode(pretrained))
    reloaded = PeftModel.from_pretrained(load(family_folder).model, tmp_path).eval()
    with torch.no_grad():
        expected = batch_logits(pretrained.model.eval(), batch)
        found = batch_logits(reloaded.base_model.model, batch)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


class Capped(nn.Module):
    """A head whose logits are bounded after its last layer."""

    def __init__(self, linear):
        super().__init__()
        self.linear = linear

    def forward(self, states):
        return self.linear(states).tanh()


def test_a_head_that_cannot_hold_it_is_left_as_it_was(build_family):
    pretrained = load(build_family("bert"))
    pretrained.model.classifier = Capped(pretrained.model.classifier)
    assert head_modules(pretrained.model)[0] == "classifier"
    logits = logits_of(pretrained)
    before, weights = logits(), pretrained.model.state_dict()
    weights = {name: weight.clone() for name, weight in weights.items()}
    assert fold_temperature(pretrained.model, 2.0, logits=logits) is None
    assert all(torch.equal(weight, weights[name]) for name, weight in pretrained.model.state_dict().items())
    np.testing.assert_array_equal(logits(), before)


def test_the_layer_is_found_by_what_it_does_and_not_by_its_place(build_family):
    pretrained = load(build_family("bert"))
    last = pretrained.model.classifier
    pretrained.model.classifier = nn.Sequential(last, nn.Tanh(), nn.Linear(2, 2))
    # Registered last, and never called.
    pretrained.model.unused = nn.Linear(2, 2)
    logits = logits_of(pretrained)
    before = logits()
    assert fold_temperature(pretrained.model, 2.0, logits=logits) == "classifier.2"
    np.testing.assert_allclose(logits(), before / 2, rtol=1e-4, atol=1e-6)
