import pytest
import torch
from tests.modeling.passes import batch_of, encode, gradients, load

from afina.errors import MissingExtraError, ModelError
from afina.labels import LabelSet
from afina.modeling import add_lora, batch_logits, check_quantization, head_modules, load_pretrained, merge_into
from afina.modeling.quantization import is_quantized

pytest.importorskip("bitsandbytes")
LABELS = LabelSet(("negative", "positive"))
# Layers at least 64 wide: bitsandbytes packs 4-bit weights in blocks of 64.
FAMILIES = ["bert", "distilbert", "gpt2", "opt", "roberta"]


def quantized(folder, bits):
    check_quantization(bits, "cpu")
    return load_pretrained(str(folder), LABELS, seed=0, dropout=0.0, bits=bits)


@pytest.mark.parametrize("family_folder", FAMILIES, indirect=True)
@pytest.mark.parametrize("bits", [8, 4])
def test_low_rank_updates_are_trained_beside_weights_in_fewer_bits(family_folder, bits):
    pretrained = quantized(family_folder, bits)
    model = pretrained.model
    assert any(is_quantized(module) for module in model.modules())
    for head in head_modules(model):
        assert not any(is_quantized(module) for module in model.get_submodule(head).modules())
    add_lora(model, rank=4, alpha=8)
    batch = batch_of(pretrained, encode(pretrained))
    trained = gradients(model, batch_logits(model, batch), batch)
    moved = [name for name, gradient in trained.items() if "lora_B" in name and gradient.abs().sum() > 0]
    assert moved
    assert all("lora" in name or any(name.startswith(head) for head in head_modules(model)) for name in trained)


@pytest.mark.parametrize("family_folder", FAMILIES, indirect=True)
@pytest.mark.parametrize("bits", [8, 4])
def test_unpacked_and_merged_weights_compute_the_same(family_folder, bits):
    pretrained = quantized(family_folder, bits)
    model = pretrained.model
    add_lora(model, rank=4, alpha=8)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                weight.add_(torch.randn_like(weight) * (0.1 if "lora" in name else 0.05))
    model.eval()
    batch = batch_of(pretrained, encode(pretrained))
    plain = load(family_folder)
    plain.model.eval()
    with torch.no_grad():
        expected = batch_logits(model, batch)
        unlike = batch_logits(plain.model, batch)
        merge_into(plain.model, model)
        found = batch_logits(plain.model, batch)
    # In 8 bits the inputs of each product are rounded too.
    spread = float(expected.std())
    torch.testing.assert_close(found, expected, rtol=0, atol=(0.1 if bits == 8 else 1e-3) * spread)
    assert (unlike - expected).abs().max() > 0.1 * spread


def test_a_device_without_kernels_is_told_before_anything_is_loaded():
    with pytest.raises(ModelError, match="no 8-bit kernels for the device 'meta'"):
        check_quantization(8, "meta")


def test_kernels_that_do_not_run_are_told(monkeypatch):
    import bitsandbytes

    def broken(*args, **kwargs):
        raise RuntimeError("no such operator")

    monkeypatch.setattr(bitsandbytes.nn, "Linear4bit", broken)
    with pytest.raises(ModelError, match="4-bit kernels of bitsandbytes do not run"):
        check_quantization(4, "cpu")


def test_the_missing_package_is_told_with_its_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(MissingExtraError) as caught:
        check_quantization(8, "cpu")
    assert "afina[quantize]" in caught.value.hint
