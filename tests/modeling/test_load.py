"""What is refused with a sentence, and what is mended on loading."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from afina.errors import ModelError
from afina.labels import LabelSet
from afina.modeling import load_fine_tuned, load_pretrained

pytestmark = pytest.mark.usefixtures("one_thread")

LABELS = LabelSet(("negative", "positive"))


@pytest.fixture
def copy(build_family, tmp_path):
    """A folder of a family that may be written to."""
    return lambda name: shutil.copytree(build_family(name), tmp_path / name)


@pytest.fixture
def fine_tuned(copy):
    """A folder with a head for two labels, as a run has."""
    folder = copy("bert")
    pretrained = load_pretrained(str(folder), LABELS, seed=0)
    pretrained.model.save_pretrained(folder)
    pretrained.tokenizer.save_pretrained(folder)
    return folder


def change_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def change_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    save_file(change(weights), folder / "model.safetensors", metadata={"format": "pt"})


def load(folder, **options):
    return load_pretrained(str(folder), LABELS, seed=0, **options)


def refused(folder) -> ModelError:
    """The one sentence that a folder is refused with."""
    with pytest.raises(ModelError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return caught.value


def test_an_encoder_decoder(copy):
    from transformers import T5Config, T5ForConditionalGeneration

    folder = copy("bert")
    config = T5Config(vocab_size=111, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0)
    T5ForConditionalGeneration(config).save_pretrained(folder)
    error = refused(folder)
    assert "(t5) is an encoder-decoder" in str(error)
    assert "minilm" in error.hint


def test_a_vision_model(tmp_path):
    from transformers import ViTConfig, ViTModel

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    ViTModel(ViTConfig(**sizes, image_size=32)).save_pretrained(tmp_path / "vit")
    assert "(vit) is no model that classifies texts" in str(refused(tmp_path / "vit"))


def test_a_model_that_cannot_tell_padding_from_text(copy):
    from transformers import FNetConfig, FNetModel

    folder = copy("bert")
    FNetModel(FNetConfig(vocab_size=111, hidden_size=16, num_hidden_layers=1, intermediate_size=16)).save_pretrained(
        folder
    )
    assert "(fnet) reads padding as text" in str(refused(folder))


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty"])
def test_a_broken_safetensors_file(copy, damage):
    folder = copy("bert")
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "garbage": b"\xff" * 100, "empty": b""}[damage])
    error = refused(folder)
    assert "cannot be loaded: " in str(error)
    assert "damaged" in error.hint


def test_a_folder_with_pickled_weights_only(copy):
    folder = copy("bert")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    error = refused(folder)
    assert str(error).endswith("has no weights in safetensors, only pytorch_model.bin")
    assert "pickle" in error.hint


def test_a_folder_without_weights(copy):
    folder = copy("bert")
    (folder / "model.safetensors").unlink()
    assert str(refused(folder)).endswith("has no weights in safetensors")


@pytest.mark.parametrize("changes", [{"model_type": "nosuch"}, {"hidden_act": "nosuch"}, {"num_attention_heads": 5}])
def test_a_config_that_makes_no_model(copy, changes):
    folder = copy("bert")
    change_json(folder / "config.json", **changes)
    assert "cannot be loaded: " in str(refused(folder))


@pytest.mark.parametrize("name", ["albert", "bert", "deberta-v3", "gpt2", "opt", "roberta", "xlm-roberta", "xlnet"])
def test_a_folder_without_a_tokenizer(copy, name):
    """For which transformers makes one that knows no word."""
    folder = copy(name)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).unlink()
    assert str(refused(folder)).endswith("has no tokenizer, or an empty one")


def test_code_of_the_author_is_neither_run_nor_asked_about(copy, monkeypatch):
    folder = copy("bert")
    change_json(folder / "config.json", model_type="own", auto_map={"AutoConfig": "own.OwnConfig"})
    (folder / "own.py").write_text("raise SystemExit(9)\n", encoding="utf-8")
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked on the terminal"))
    assert "never runs code" in refused(folder).hint


def test_weights_of_another_size(copy):
    folder = copy("bert")
    change_json(folder / "config.json", intermediate_size=96)
    message = str(refused(folder))
    assert " of " in message
    assert "bert.encoder.layer.0.intermediate.dense.bias" in message


def test_weights_that_are_missing(copy):
    folder = copy("gpt2")
    change_weights(folder, lambda weights: {n: w for n, w in weights.items() if "h.1.mlp.c_fc" not in n})
    assert "lacks 2 of" in str(refused(folder))


def test_a_tokenizer_of_another_model(copy, build_family):
    folder = copy("xlm-roberta")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(build_family("roberta") / name, folder / name)
    assert "is not that of its model: it has 353 tokens, the model 73" in str(refused(folder))


def test_a_model_without_a_pooler_gets_one(copy):
    folder = copy("bert")
    change_weights(folder, lambda weights: {n: w for n, w in weights.items() if "pooler" not in n})
    assert "bert.pooler.dense.weight" in load(folder).model.state_dict()


def test_a_folder_fine_tuned_for_other_labels_gives_its_encoder(fine_tuned):
    loaded = load_pretrained(str(fine_tuned), LabelSet(("a", "b", "c")), seed=0)
    assert loaded.model.config.num_labels == 3
    assert loaded.model.classifier.weight.shape == (3, 32)


def test_a_saved_folder_comes_back_with_its_head(fine_tuned):
    loaded, fresh = load_fine_tuned(fine_tuned, LABELS), load_pretrained(str(fine_tuned), LABELS, seed=1)
    saved = load_file(fine_tuned / "model.safetensors")
    assert all(torch.equal(weight, saved[name]) for name, weight in loaded.model.state_dict().items())
    assert loaded.labels == fresh.labels == LABELS


def test_a_saved_folder_without_its_head_is_refused(fine_tuned):
    change_weights(fine_tuned, lambda weights: {n: w for n, w in weights.items() if not n.startswith("classifier")})
    with pytest.raises(ModelError, match="lacks 2 of"):
        load_fine_tuned(fine_tuned, LABELS)


@pytest.mark.parametrize("names", [("positive", "negative"), ("negative", "neutral", "positive")])
def test_a_saved_folder_with_other_labels_is_refused(fine_tuned, names):
    with pytest.raises(ModelError, match="other labels: negative, positive instead of"):
        load_fine_tuned(fine_tuned, LabelSet(names))


def test_decoders_keep_nothing_for_tokens_to_come(build_family):
    configs = [load(build_family(name)).model.config for name in ("gpt2", "opt", "xlnet")]
    assert not any(getattr(config, "use_cache", False) or getattr(config, "use_mems_eval", False) for config in configs)
