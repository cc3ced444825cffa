import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.config import load_config
from afina.planning import choose_dropout, choose_settings


def choose(options=None, **facts):
    config, _ = load_config(options=options or {})
    given_facts = {
        "method": "full", "n_layers": 6, "mean_tokens": 50.0, "n_texts": 5_000, "max_context": 512,
        "on_cpu": True, "fast_bf16": False, **facts,
    }  # fmt: skip
    return choose_settings(config, **given_facts)


@pytest.mark.parametrize("on_cpu", [True, False])
@pytest.mark.parametrize("fast_bf16", [True, False])
@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("tokenization.max_tokens", "max_tokens", 8),
        ("tokenization.max_tokens", "max_tokens", 512),
        ("tokenization.batch_tokens", "batch_tokens", 64),
        ("training.epochs", "epochs", 0.25),
        ("training.learning_rate", "learning_rate", 1e-6),
        ("training.patience", "patience", 2),
        ("training.precision", "precision", "fp32"),
        ("training.precision", "precision", "bf16"),
        ("modeling.freeze_embeddings", "freeze_embeddings", False),
        ("modeling.freeze_embeddings", "freeze_embeddings", True),
        ("modeling.dropout", "dropout", 0.0),
        ("modeling.dropout", "dropout", 0.3),
    ],
)
def test_what_the_user_set_is_kept(name, field, value, on_cpu, fast_bf16):
    chosen = choose({name: value}, on_cpu=on_cpu, fast_bf16=fast_bf16)
    assert getattr(chosen, field) == value
    others = {k: v for k, v in chosen.as_dict().items() if k != field}
    without = choose(on_cpu=on_cpu, fast_bf16=fast_bf16).as_dict()
    assert others == {k: v for k, v in without.items() if k != field}


@pytest.mark.parametrize("evaluations", [1, 9])
def test_training_has_the_patience_for_every_evaluation_unless_less_is_asked_for(evaluations):
    chosen = choose({"training.evaluations": evaluations})
    assert (chosen.evaluations, chosen.patience) == (evaluations, evaluations)
    asked = choose({"training.evaluations": evaluations, "training.patience": 3})
    assert (asked.evaluations, asked.patience) == (evaluations, 3)


def test_what_is_left_open_depends_on_the_machine():
    cpu, gpu = choose(on_cpu=True), choose(on_cpu=False, fast_bf16=True)
    assert (cpu.precision, cpu.dropout, cpu.freeze_embeddings) == ("fp32", 0.0, True)
    assert (gpu.precision, gpu.dropout, gpu.freeze_embeddings) == ("bf16", None, False)


def test_texts_are_read_to_256_tokens_where_the_model_takes_that_many():
    assert choose().max_tokens == 256
    assert choose(max_context=64).max_tokens == 64


@settings(deadline=None)
@given(max_tokens=st.none() | st.integers(8, 8192), max_context=st.integers(8, 10_000))
def test_the_length_limit_never_exceeds_what_the_model_takes(max_tokens, max_context):
    chosen = choose({"tokenization.max_tokens": max_tokens}, max_context=max_context)
    assert chosen.max_tokens <= max_context
    if max_tokens is not None:
        assert chosen.max_tokens == min(max_tokens, max_context)


def test_more_texts_are_seen_fewer_times():
    epochs = [choose(n_texts=n).epochs for n in (100, 2_999, 3_000, 29_999, 30_000, 10**7)]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] > epochs[-1] >= 1


def test_dropout_is_the_models_own_only_on_an_accelerator():
    config, _ = load_config()
    assert choose_dropout(config, on_cpu=True) == 0
    assert choose_dropout(config, on_cpu=False) is None
    config, _ = load_config(options={"modeling.dropout": 0.0})
    assert choose_dropout(config, on_cpu=False) == 0


def test_methods_have_rates_and_depths_of_their_own():
    assert choose(method="frozen").freeze_layers == 3
    assert choose({"modeling.freeze_layers": 5}, method="frozen").freeze_layers == 5
    assert choose({"modeling.freeze_layers": "auto"}, method="frozen").freeze_layers == 3
    assert choose(method="full").freeze_layers == choose(method="head").freeze_layers == 0
    assert choose(method="lora").learning_rate > choose(method="full").learning_rate
    assert choose(method="head").epochs > choose(method="full").epochs
    assert choose(method="lora").freeze_embeddings


def test_long_texts_are_read_as_a_tool_that_truncates_would():
    assert choose().long_text == "head"
    assert choose({"tokenization.long_text": "windows"}).long_text == "windows"


def test_a_batch_holds_the_longest_text_by_default():
    assert choose({"tokenization.max_tokens": 4000}, max_context=8000).batch_tokens == 4000
    assert choose().batch_tokens == 1024


def test_a_small_set_is_cut_into_smaller_batches():
    assert choose(n_texts=1_000, mean_tokens=20.0).batch_tokens == 500
    assert choose(n_texts=100, mean_tokens=20.0, max_context=128).batch_tokens == 256
    assert choose({"tokenization.batch_tokens": 64}, n_texts=1_000).batch_tokens == 64
