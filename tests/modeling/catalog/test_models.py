"""The facts of the shipped catalog: all that can be worked out again is, and the rest is checked for its form."""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from importlib import resources

import pytest
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from afina.modeling import outline_of
from afina.modeling.catalog.entry import CatalogEntry, Figures
from afina.modeling.embedded import HUB_ID, REVISION, embedded_model_folder
from afina.modeling.outline import read_config

TEXT = resources.files("afina.modeling.catalog").joinpath("models.toml").read_text(encoding="utf-8")
ENTRIES = {name: CatalogEntry(name=name, **fields) for name, fields in tomllib.loads(TEXT).items()}

HUB_IDS_OF_EARLIER_RELEASES = {
    "minilm": HUB_ID,
    "albert": "albert/albert-base-v2",
    "bert": "google-bert/bert-base-uncased",
    "distilbert": "distilbert/distilbert-base-uncased",
    "electra": "google/electra-small-discriminator",
    "gpt2": "openai-community/gpt2",
    "opt": "facebook/opt-125m",
    "roberta": "FacebookAI/roberta-base",
    "xlnet": "xlnet/xlnet-base-cased",
}

# Millions of weights, and where they were read. What is published has a pooler or a head of pretraining more and a head
# of two labels less. "File" is the size of its weights on the Hub by the bytes of a weight, where the rounded number of
# the card is too coarse (ELECTRA small 14M, ALBERT 12M) or wrong (XLNet 110M).
PUBLISHED_MILLIONS = {
    "minilm": 22.7,  # the Hub, of sentence-transformers/all-MiniLM-L6-v2
    "minilm-l12": 33.3,  # file, 133 MB
    "minilm-l12-h384": 33,  # README of unilm/minilm
    "bert": 110,  # README of google-research/bert
    "bert-tiny": 4.4,  # Turc et al. 2019, arXiv 1908.08962
    "bert-mini": 11.3,  # the same
    "bert-small": 29.1,  # the same
    "distilbert": 66,  # Sanh et al. 2019, arXiv 1910.01108
    "roberta": 125,  # README of examples/roberta in fairseq
    "distilroberta": 82,  # card of distilbert/distilroberta-base
    "electra": 13.55,  # file, 54.2 MB
    "electra-base": 110,  # README of google-research/electra
    "albert": 11.85,  # file, 47.4 MB
    "xlnet": 116.75,  # file, 467 MB
    "gpt2": 124,  # README of openai/gpt-2
    "opt": 125,  # its name, and Zhang et al. 2022, arXiv 2205.01068
    "opt-350m": 331.2,  # file, 662 MB at 2 bytes: it is smaller than its name, for its embedding is narrow
    "deberta-small": 141.3,  # presets of keras-team/keras-hub; 44M and an embedding of 98M by its card
    "deberta": 183.8,  # presets of keras-team/keras-hub; 86M and an embedding of 98M by its card
    "modernbert": 149,  # card of answerdotai/ModernBERT-base
    "xlm-roberta": 278.9,  # the Hub, with the head of its pretraining: 278,885,778
    "distilbert-multilingual": 134,  # card of distilbert/distilbert-base-multilingual-cased
    "beto": 110,  # file, 440 MB
}

PUBLISHED_IN_FP16 = {"opt", "opt-350m", "deberta-small", "deberta"}

# Fields of a published config.json that the library reads and does not list.
UNLISTED_FIELDS = {
    "xlnet": {"untie_r"},
    "deberta-v2": {"norm_rel_ebd", "position_buckets", "share_att_key"},
    "modernbert": {"global_attn_every_n_layers", "global_rope_theta", "local_rope_theta"},
}

each_model = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)


@each_model
def test_figures_follow_from_the_config(entry):
    outline = outline_of(entry.config, name=entry.name)
    assert entry.figures == Figures(
        parameters=outline.weights,
        embedding_parameters=outline.embedding_weights,
        layers=outline.n_layers,
        width=outline.width,
        vocabulary=outline.vocabulary,
        context=outline.max_context,
    )
    assert entry.family == outline.family == entry.config["model_type"]


@each_model
def test_weights_agree_with_what_is_published(entry):
    assert entry.figures.parameters / 1e6 == pytest.approx(PUBLISHED_MILLIONS[entry.name], rel=0.02)


@each_model
def test_the_download_is_the_weights_and_what_pretraining_left_beside_them(entry):
    bytes_of_weights = entry.figures.parameters * (2 if entry.name in PUBLISHED_IN_FP16 else 4)
    # The files of GPT-2 hold the masks of its layers too, 50 MB.
    assert bytes_of_weights * 0.99 < entry.download_mb * 1e6 < bytes_of_weights * 1.11


@each_model
def test_no_field_of_a_config_is_misspelt(entry):
    family = CONFIG_MAPPING[entry.family]
    known = {*family().to_dict(), *family.attribute_map, *UNLISTED_FIELDS.get(entry.family, ())}
    assert set(entry.config) <= known


@each_model
def test_facts_have_their_form_and_their_source(entry):
    assert re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", entry.hub)
    assert re.fullmatch(r"[a-z0-9.+-]+", entry.licence)
    assert entry.licence != "other" or "licence allows" in entry.good_for
    assert all(re.fullmatch(r"[a-z]{2}|multilingual", language) for language in entry.languages)
    assert entry.languages
    assert entry.good_for.endswith(".")
    assert entry.objective
    assert entry.tokenizer
    assert datetime.date.fromisoformat(entry.checked) >= datetime.date(2026, 11, 26)
    for published in filter(None, (entry.sst2, entry.imdb)):
        assert 50 < published.accuracy < 100
        assert len(published.source) > 10


def test_no_two_models_are_one():
    assert len({entry.hub.lower() for entry in ENTRIES.values()}) == len(ENTRIES)
    pinned = [entry.revision for entry in ENTRIES.values() if entry.revision]
    assert len(set(pinned)) == len(pinned) >= 18


def test_short_names_keep_their_meaning():
    assert {name: ENTRIES[name].hub for name in HUB_IDS_OF_EARLIER_RELEASES} == HUB_IDS_OF_EARLIER_RELEASES
    assert next(iter(ENTRIES)) == "minilm"
    assert set(ENTRIES) == set(PUBLISHED_MILLIONS)


def test_the_embedded_model_is_the_one_that_is_shipped():
    entry = ENTRIES["minilm"]
    shipped = json.loads((embedded_model_folder() / "config.json").read_text(encoding="utf-8"))
    assert (entry.hub, entry.revision) == (HUB_ID, REVISION)
    assert entry.config == {field: shipped[field] for field in entry.config}
    assert entry.download_mb == pytest.approx(
        (embedded_model_folder() / "model.safetensors").stat().st_size / 1e6, abs=0.1
    )


def test_attention_is_that_of_the_published_models():
    """What sizes do not tell: fields that an older config.json has and the library translates."""
    modernbert = read_config(ENTRIES["modernbert"].config)
    assert [kind for kind in modernbert.layer_types if kind == "full_attention"] == ["full_attention"] * 8
    assert modernbert.layer_types[0] == modernbert.layer_types[21] == "full_attention"
    assert modernbert.local_attention == 128
    for name in ("deberta-small", "deberta"):
        config = read_config(ENTRIES[name].config)
        assert config.relative_attention
        assert config.pos_att_type == ["p2c", "c2p"]
        assert config.position_buckets == 256
    assert read_config(ENTRIES["opt-350m"].config).do_layer_norm_before is False
