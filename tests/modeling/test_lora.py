import pytest
import torch
from tests.modeling.passes import batch_of, encode, gradients, load

from afina.errors import ConfigError
from afina.modeling import add_lora, batch_logits, head_modules, merge_lora, save_adapter


def adapted(pretrained, **options):
    """The model with updates that are not zero, as after some training."""
    wrapped = add_lora(pretrained.model, **{"rank": 4, "alpha": 8, **options})
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in pretrained.model.named_parameters():
            if weight.requires_grad:
                weight.add_(torch.randn_like(weight) * (0.3 if "lora" in name else 0.05))
    pretrained.model.eval()
    return wrapped


def test_updates_and_head_are_trained_and_nothing_else(family_folder):
    pretrained = load(family_folder)
    heads = head_modules(pretrained.model)
    add_lora(pretrained.model, rank=4, alpha=8)
    batch = batch_of(pretrained, encode(pretrained))
    trained = gradients(pretrained.model, batch_logits(pretrained.model, batch), batch)
    assert any("lora" in name for name in trained)
    for name in trained:
        assert "lora" in name or any(name.startswith(f"{head}.") for head in heads), name
    for head in heads:
        assert any(name.startswith(f"{head}.") for name in trained), head


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's own call
def test_merged_weights_and_a_reloaded_adapter_give_the_same_logits(family_folder, tmp_path):
    from peft import PeftModel

    pretrained = load(family_folder)
    batch = batch_of(pretrained, encode(pretrained))
    wrapped = adapted(pretrained)
    with torch.no_grad():
        expected = batch_logits(pretrained.model, batch)
        save_adapter(wrapped, tmp_path / "adapter", base="owner/name")
        merged = merge_lora(wrapped)
        torch.testing.assert_close(batch_logits(merged, batch), expected, rtol=0, atol=1e-4)
    assert not any("lora" in name for name in merged.state_dict())
    # Another head than the trained one stands here until the adapter brings its own: the bug of many reloads.
    fresh = load(family_folder).model
    with torch.no_grad():
        for head in head_modules(fresh):
            for weight in fresh.get_submodule(head).parameters():
                weight.zero_()
        reloaded = PeftModel.from_pretrained(fresh, tmp_path / "adapter").eval()
        found = batch_logits(reloaded.base_model.model, batch)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)
    assert "owner/name" in (tmp_path / "adapter" / "adapter_config.json").read_text()


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_targets_are_chosen_by_name(family_folder):
    pretrained = load(family_folder)
    add_lora(pretrained.model, rank=2, alpha=4, targets=["query", "value"])
    updated = {name.split(".lora_A")[0] for name, _ in pretrained.model.named_parameters() if "lora_A" in name}
    assert {name.rsplit(".", 1)[-1] for name in updated} == {"query", "value"}


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_targets_that_match_nothing_are_told_with_those_there_are(family_folder):
    with pytest.raises(ConfigError, match="match nothing in a bert model: q_proj") as caught:
        add_lora(load(family_folder).model, rank=2, alpha=4, targets=["q_proj"])
    assert "query" in caught.value.hint


@pytest.mark.parametrize("family_folder", ["bert"], indirect=True)
def test_merging_weights_that_are_not_finite_is_an_error(family_folder):
    pretrained = load(family_folder)
    wrapped = adapted(pretrained)
    with torch.no_grad():
        next(weight for name, weight in pretrained.model.named_parameters() if "lora_B" in name).fill_(float("nan"))
    with pytest.raises(FloatingPointError):
        merge_lora(wrapped)
