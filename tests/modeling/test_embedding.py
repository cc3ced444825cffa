from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from tests.conftest import NEGATIVE, POSITIVE

from afina.errors import ModelError
from afina.modeling.embedding import embed

TEXTS = ["the good film", "a bad room", "the " * 30 + "end", "not very happy and not very sad", "fine"]


def test_rows_have_length_one_and_the_width_of_the_model(tiny_model):
    vectors = embed(str(tiny_model), TEXTS)
    assert (vectors.shape, vectors.dtype) == ((5, 32), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_text_does_not_depend_on_its_neighbours(tiny_model):
    together = embed(str(tiny_model), TEXTS)
    alone = np.concatenate([embed(str(tiny_model), [text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert len(np.unique(together.round(4), axis=0)) == len(TEXTS)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("family", ["bert", "gpt2", "xlnet", "modernbert"])
def test_neighbours_do_not_matter_in_any_family(tiny_model, tmp_path, family, side):
    import transformers as t

    sizes = {"vocab_size": 200, "num_hidden_layers": 1, "pad_token_id": 0}
    model = {
        "bert": lambda: t.BertModel(t.BertConfig(**sizes, hidden_size=32, num_attention_heads=2, intermediate_size=32)),
        "gpt2": lambda: t.GPT2Model(t.GPT2Config(vocab_size=200, n_embd=32, n_layer=1, n_head=2, n_positions=64)),
        "xlnet": lambda: t.XLNetModel(t.XLNetConfig(vocab_size=200, d_model=32, n_layer=1, n_head=2, d_inner=32)),
        "modernbert": lambda: t.ModernBertModel(
            t.ModernBertConfig(**sizes, hidden_size=32, num_attention_heads=2, intermediate_size=32)
        ),
    }[family]()
    folder = shutil.copytree(tiny_model, tmp_path / family)
    model.save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "padding_side": side}))
    together = embed(str(folder), TEXTS)
    alone = np.concatenate([embed(str(folder), [text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_order_is_kept_whatever_the_lengths(tiny_model):
    texts = [f"the {POSITIVE[i % 8]} {'film ' * (i * 7 % 23)}{NEGATIVE[i % 5]}" for i in range(200)]
    vectors = embed(str(tiny_model), texts)
    order = np.random.default_rng(0).permutation(200)
    np.testing.assert_allclose(embed(str(tiny_model), [texts[i] for i in order]), vectors[order], atol=1e-5)


def test_no_texts_give_no_rows(tiny_model):
    assert embed(str(tiny_model), []).shape == (0, 32)


def test_progress_counts_every_text(tiny_model):
    done = []
    embed(str(tiny_model), ["the good film " * 12] * 300, on_texts=done.append)
    assert done == sorted(set(done))
    assert done[-1] == 300
    assert len(done) > 1


def test_texts_longer_than_the_model_can_take_are_cut(tiny_model):
    long = "good film " * 500
    np.testing.assert_allclose(
        embed(str(tiny_model), [long], max_tokens=512), embed(str(tiny_model), [long], max_tokens=64), atol=1e-6
    )


def test_only_the_tokens_wanted_are_read(tiny_model):
    short, long = "the good film was", "the good film was bad and sad"
    at_six = embed(str(tiny_model), [short, long], max_tokens=6)
    np.testing.assert_allclose(at_six[0], at_six[1], atol=1e-5)
    assert np.abs(np.diff(embed(str(tiny_model), [short, long]), axis=0)).max() > 1e-3


def test_texts_without_a_word_have_vectors_too(tiny_model):
    vectors = embed(str(tiny_model), ["", "   ", "\u200b", "\ud83d", "good"])
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_equal_calls_give_equal_vectors(tiny_model):
    assert np.array_equal(embed(str(tiny_model), TEXTS), embed(str(tiny_model), TEXTS))


def test_the_random_head_of_a_classifier_is_not_asked_for(tiny_model, tmp_path):
    """The vectors are the encoder's alone: another head on the same encoder changes nothing."""
    from safetensors.numpy import load_file, save_file

    other = shutil.copytree(tiny_model, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    heads = [name for name in weights if name.startswith("classifier")]
    assert heads
    save_file(
        {name: value + 1 if name in heads else value for name, value in weights.items()}, other / "model.safetensors",
        metadata={"format": "pt"},
    )  # fmt: skip
    assert np.array_equal(embed(str(other), TEXTS), embed(str(tiny_model), TEXTS))


def test_an_encoder_decoder_is_refused_by_name(tmp_path, tiny_model):
    from transformers import T5Config, T5Model

    folder = shutil.copytree(tiny_model, tmp_path / "t5")
    T5Model(
        T5Config(vocab_size=200, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, pad_token_id=0)
    ).save_pretrained(folder)
    with pytest.raises(ModelError, match="does not give one row of hidden states"):
        embed(str(folder), TEXTS)


def test_a_model_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ModelError):
        embed(str(tmp_path / "nowhere"), TEXTS)
