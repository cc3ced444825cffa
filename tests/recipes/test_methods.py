"""Every method through the whole recipe."""

import errno
import json
import os

import numpy as np
import pytest
import torch
from tests.recipes.recorder import Recorder

from afina.config import load_config
from afina.data import load_dataset
from afina.errors import ConfigError, ModelError, TrainingError
from afina.inference import Classifier
from afina.labels import LabelSet
from afina.modeling import load_fine_tuned, load_pretrained
from afina.planning import NO_CACHE
from afina.planning.choices import Task
from afina.planning.pace import Line, Pace
from afina.recipes.probing import fit_head
from afina.recipes.session import set_up

METHODS = {
    "full": {},
    "frozen": {"modeling.freeze_layers": 1},
    "head": {"training.learning_rate": 3e-2},
    "lora": {"modeling.lora_rank": 4},
}


@pytest.mark.parametrize("method", METHODS)
def test_each_method_trains_tests_saves_and_comes_back(tune, method, reviews_csv):
    recorder = Recorder()
    tuned = tune(settings={"modeling.method": method, "training.max_steps": 20, **METHODS[method]}, reporter=recorder)
    summary = tuned.summary
    assert summary["method"] == method
    assert 0 < summary["parameters"]["trained"] <= summary["parameters"]["all"]
    assert summary["memory_mb"]["peak"] > summary["memory_mb"]["weights"] > 0
    assert summary["checkpoint_mb"] >= 0
    assert any(message.startswith(f"Method {method}") for message in recorder.told)
    texts = ["the good film", "the awful room was sad"]
    again = Classifier.load(tuned.run.root).predict_proba(texts)
    np.testing.assert_allclose(again, tuned.classifier.predict_proba(texts), rtol=0, atol=1e-6)
    weights = tuned.run.model / "model.safetensors"
    assert b"lora" not in weights.read_bytes()[:10_000]
    assert tuned.run.adapter.is_dir() == (method == "lora")
    assert not tuned.run.states.exists()
    assert set(json.loads(tuned.run.manifest.read_text())["artifacts"]) >= (
        {"adapter/adapter_config.json", "adapter/adapter_model.safetensors"} if method == "lora" else set()
    )


def test_kept_states_change_nothing_but_the_time(tune):
    options = {"modeling.method": "frozen", "modeling.freeze_layers": 1, "training.max_steps": 40}
    recorder = Recorder()
    kept = tune("kept", {**options, "modeling.prefix_cache": "fp32"}, reporter=recorder)
    plain = tune("plain", {**options, "modeling.prefix_cache": "off"})
    assert any("read each text once" in message for message in recorder.told)
    one, other = (
        [json.loads(line)["loss"] for line in run.run.history.read_text().splitlines()] for run in (kept, plain)
    )
    np.testing.assert_allclose(one[:10], other[:10], rtol=1e-3)


def test_states_on_disk_are_removed_after(tune, monkeypatch):
    monkeypatch.setattr("afina.planning.method._MEMORY_SHARE", 0.0)
    recorder = Recorder()
    tuned = tune(
        settings={"modeling.method": "frozen", "modeling.freeze_layers": 1, "training.max_steps": 40},
        reporter=recorder,
    )
    assert any("kept on disk while training" in message for message in recorder.told)
    assert not tuned.run.states.exists()


def test_states_for_which_the_disk_has_no_room_are_not_kept(tune, monkeypatch):
    def full(*unused):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("afina.planning.method._MEMORY_SHARE", 0.0)
    monkeypatch.setattr("afina.modeling.prefix._mapped", full)
    recorder = Recorder()
    tuned = tune(
        settings={"modeling.method": "frozen", "modeling.freeze_layers": 1, "training.max_steps": 40},
        reporter=recorder,
    )
    assert any("is not kept: No space left on device" in message for message in recorder.warned)
    assert tuned.summary["steps"] == 40


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("method", ["lora", "head"])
def test_weights_in_fewer_bits_end_as_a_plain_model(tune, bits, method, build_wide_model):
    tuned = tune(
        settings={
            "modeling.name": str(build_wide_model),
            f"modeling.load_in_{bits}bit": True,
            "training.max_steps": 6,
            "modeling.method": "auto" if method == "lora" else method,
            "training.learning_rate": 1e-2,
        }
    )
    assert tuned.summary["method"] == method
    # The head that was trained is the one that is saved, and not the new one of a model loaded once more.
    fresh = load_pretrained(str(build_wide_model), LabelSet(("negative", "positive")), seed=0).model
    saved = load_fine_tuned(tuned.run.model, LabelSet(("negative", "positive"))).model
    for one, other in ((fresh.classifier, saved.classifier), (fresh.bert.pooler.dense, saved.bert.pooler.dense)):
        assert not torch.equal(one.weight, other.weight)
    assert tuned.summary["parameters"]["all"] > 50 * 64
    assert tuned.summary["settings"]["bits"] == bits
    config = json.loads((tuned.run.model / "config.json").read_text())
    assert "quantization_config" not in config
    texts = ["the good film", "the awful room was sad"]
    again = Classifier.load(tuned.run.root).predict_proba(texts)
    np.testing.assert_allclose(again, tuned.classifier.predict_proba(texts), rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def build_wide_model(tmp_path_factory, one_thread):
    """Wide enough for the blocks in which bitsandbytes packs 4-bit weights."""
    from tests.conftest import build_tiny_bert

    return build_tiny_bert(tmp_path_factory.mktemp("wide"), hidden_size=64, intermediate_size=128)


def test_the_head_may_be_fitted_first(tune, tiny_model, reviews_csv):
    dataset, _ = load_dataset(str(reviews_csv))
    config, _ = load_config(options={"modeling.name": str(tiny_model), "training.precision": "fp32"})
    session = set_up(config, dataset)
    encodings, label_ids = session.encoder.encode(dataset.texts), torch.from_numpy(dataset.label_ids)
    feed = session.feed(encodings, NO_CACHE, file=reviews_csv)

    def loss():
        return float(torch.nn.functional.cross_entropy(torch.from_numpy(feed.predict()), label_ids))

    before, layer = loss(), session.pretrained.model.bert.encoder.layer[0].output.dense.weight.clone()
    assert fit_head(session, encodings, label_ids, seed=0)
    assert loss() < before
    assert torch.equal(session.pretrained.model.bert.encoder.layer[0].output.dense.weight, layer)
    assert tune(settings={"training.probe_first": True}).summary["steps"] == 6


def test_the_other_options_of_training_run_together(tune):
    tuned = tune(
        settings={
            "training.layer_decay": 0.8,
            "training.label_smoothing": 0.1,
            "training.class_weights": "balanced",
            "training.accumulation": 2,
            "modeling.gradient_checkpointing": True,
            "training.max_steps": 6,
        }
    )
    assert tuned.summary["steps"] == 6


def test_long_texts_are_read_alike_in_training_and_prediction(tune):
    for mode in ("head", "head-tail", "windows"):
        tuned = tune(mode, {"tokenization.long_text": mode, "tokenization.max_tokens": 8})
        assert tuned.summary["settings"]["long_text"] == mode
        loaded = Classifier.load(tuned.run.root)
        texts = ["the film was good and fresh and lovely and happy and it was very kind and great", "bad"]
        np.testing.assert_allclose(
            loaded.predict_proba(texts), tuned.classifier.predict_proba(texts), rtol=0, atol=1e-6
        )


def test_the_baseline_is_blended_in_where_dev_texts_gain(tune):
    # A model that has learned nothing, beside a baseline that has.
    tuned = tune(settings={"blend": True, "training.max_steps": 1, "training.learning_rate": 1e-6})
    blend = tuned.summary["blend"]
    assert 0 < blend["weight"] <= 1
    assert tuned.summary["test"]["accuracy"]["value"] >= blend["test_alone"]["accuracy"]["value"]
    loaded = Classifier.load(tuned.run.root)
    texts = ["the good film number 3 was lovely it", "the awful film number 3 was sad it"]
    np.testing.assert_allclose(loaded.predict_proba(texts), tuned.classifier.predict_proba(texts), rtol=0, atol=1e-5)
    assert loaded.predict(texts) == ["positive", "negative"]
    (tuned.run.blend / "tfidf.parquet").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"blend/tfidf\.parquet"):
        Classifier.load(tuned.run.root)


def test_the_card_of_a_blended_run_has_the_figures_of_the_model_alone(tune):
    tuned = tune(
        settings={
            "blend": True,
            "training.max_steps": 1,
            "training.learning_rate": 1e-6,
            "tokenization.long_text": "windows",
        }
    )
    card = (tuned.run.model / "README.md").read_text()
    alone = tuned.summary["blend"]["test_alone"]["accuracy"]["value"]
    assert f"value: {alone:.4f}" in card
    assert "blended in" in card
    assert "windows, whose logits are averaged" in card


def test_a_run_without_a_wish_to_blend_has_none(tune):
    tuned = tune()
    assert tuned.summary["blend"]["weight"] == 0
    assert not tuned.run.blend.exists()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"modeling.freeze_layers": 3}, ConfigError, "The model has 2 layers, so 3 cannot be frozen"),
        ({"modeling.method": "lora", "modeling.lora_targets": ["nothing"]}, ConfigError, "LoRA targets match nothing"),
        ({"tokenization.batch_tokens": 4}, ConfigError, "A batch of 4 tokens cannot hold one text of"),
        ({"modeling.method": "full", "modeling.load_in_8bit": True}, ConfigError, "cannot be trained"),
        ({"training.precision": "fp16"}, TrainingError, "A CPU does not train in fp16"),
    ],
)
def test_bad_settings_end_in_a_sentence_and_leave_nothing(tune, tmp_path, settings, error, message):
    with pytest.raises(error, match=message) as caught:
        tune(settings=settings)
    assert caught.value.hint
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "run.partial").exists()


def test_eight_bits_where_the_device_cannot_are_refused_before_anything_is_loaded(tune, monkeypatch, tmp_path):
    import bitsandbytes

    monkeypatch.setattr(bitsandbytes, "supported_torch_devices", {"cuda"})
    loaded = []
    monkeypatch.setattr("afina.recipes.session.load_pretrained", lambda *a, **k: loaded.append(1))
    with pytest.raises(ModelError, match="no 8-bit kernels for the device 'cpu'"):
        tune(settings={"modeling.load_in_8bit": True})
    assert not loaded
    assert not (tmp_path / "run.partial").exists()


# Reading costs next to nothing beside training, so that a frozen layer saves its share of the time.
READS_FAST = Pace(
    read_layer=Line(1e-9, 0), read_ends=Line(1e-9, 0), train_layer=Line(1e-5, 0), train_ends=Line(1e-8, 0),
    update=1e-12, precision="fp32",
)  # fmt: skip
# About 30 seconds of training an epoch with all layers, and as many for all else.
MANY = Task(n_train=200_000, n_dev=20, n_test=20, characters=40, test_characters=40, source_characters=8e6)


@pytest.fixture
def choose(tiny_model, reviews_csv):
    """Settings of the tiny model in a time, for a task."""
    dataset, _ = load_dataset(str(reviews_csv))

    def run(seconds_left, task=MANY, **options):
        given = {"modeling.name": str(tiny_model), "training.precision": "fp32", **options}
        config, _ = load_config(options=given)
        return set_up(config, dataset, seconds_left=seconds_left, task=task).settings

    return run


def test_the_method_follows_the_time(choose, monkeypatch):
    monkeypatch.setattr("afina.recipes.own_plan.measure_pace", lambda *a, **k: READS_FAST)
    enough, little, none = choose(1e4), choose(30), choose(1e-3)
    assert (enough.method, enough.freeze_layers) == ("full", 0)
    assert (little.method, little.freeze_layers) == ("frozen", 1)
    # A run is made all the same: the clock, and not the plan, says when there is no time at all.
    assert none.method == "full"
    assert choose(None).method == "full"


def test_what_was_settled_stays_in_a_run_that_plans_itself(choose):
    options = {"tokenization.max_tokens": 16, "tokenization.batch_tokens": 64, "training.evaluations": 3}
    settled = choose(1e4, **options, **{"training.epochs": 1.5, "training.learning_rate": 1e-3})
    assert (settled.max_tokens, settled.batch_tokens, settled.evaluations) == (16, 64, 3)
    assert (settled.epochs, settled.learning_rate) == (1.5, 1e-3)


@pytest.mark.parametrize("options", [{"modeling.method": "full"}, {"modeling.freeze_layers": 1}])
def test_a_run_whose_method_is_settled_is_not_timed_for_a_plan(choose, monkeypatch, options):
    monkeypatch.setattr("afina.recipes.own_plan.measure_pace", lambda *a, **k: pytest.fail("timed"))
    assert choose(1e4, **options).method == ("frozen" if "modeling.freeze_layers" in options else "full")
