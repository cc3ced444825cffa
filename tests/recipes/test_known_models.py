"""What is known of a model before its weights are here, and whose tokens its texts are counted in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.modeling.catalog.test_reading import MINE

from afina.errors import ModelError, UnknownModelError
from afina.modeling import load_tokenizer, read_catalog
from afina.recipes.known_models import count_tokens, know_entry, know_model

PINNED, NEWEST = "0" * 40, "f" * 40
# The tiny model knows "film", and of other words their letters; the embedded one knows parts of them.
TEXTS = ["a film", "an unwatchable film"]
OF_TINY, OF_EMBEDDED = [4, 16], [4, 7]


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Puts files into the Hub's cache, which is a folder of this test, as a commit of a model."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))

    def into_cache(folder: Path, hub: str, revision: str = NEWEST, *, only: str = "*") -> Path:
        repository = tmp_path / "hub" / f"models--{hub.replace('/', '--')}"
        place = repository / "snapshots" / revision
        place.mkdir(parents=True)
        for file in folder.glob(only):
            shutil.copy(file, place)
        if revision == NEWEST:
            (repository / "refs").mkdir()
            (repository / "refs" / "main").write_text(revision, encoding="utf-8")
        return place

    return into_cache


@pytest.fixture
def catalog(tmp_path):
    """A catalog file with the model `mine`, pinned."""
    path = tmp_path / "my.toml"
    path.write_text(MINE.replace("family =", f'revision = "{PINNED}"\nfamily =', 1), encoding="utf-8")
    return path


def counted(model):
    lengths, is_own = count_tokens(model, TEXTS)
    return lengths.tolist(), is_own


def write_config(folder: Path, fields: object) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    return str(folder)


def test_a_model_of_the_catalog_is_known_by_its_name_and_its_hub_id():
    by_name, by_hub = know_model("roberta"), know_model("facebookai/RoBERTa-base")
    assert by_name == by_hub == know_entry(read_catalog()["roberta"])
    assert (by_name.is_here, by_name.published) == (False, by_name.entry.sst2.accuracy)
    assert by_name.download_mb == by_name.entry.download_mb > 400
    assert by_name.outline.weights == by_name.entry.figures.parameters


def test_the_embedded_model_is_here_and_nothing_is_to_be_downloaded():
    model = know_model("minilm")
    assert (model.is_here, model.download_mb) == (True, None)
    assert counted(model) == (OF_EMBEDDED, True)


def test_a_folder_is_known_by_its_config(tiny_model):
    model = know_model(str(tiny_model))
    assert (model.outline.n_layers, model.outline.width, model.is_here) == (2, 32, True)
    assert model.entry is model.published is model.download_mb is None
    assert counted(model) == (OF_TINY, True)


def test_a_folder_without_a_tokenizer_has_its_texts_counted_in_tokens_of_the_embedded_model(tiny_model, tmp_path):
    bare = write_config(tmp_path / "bare", json.loads((tiny_model / "config.json").read_text(encoding="utf-8")))
    assert counted(know_model(bare)) == (OF_EMBEDDED, False)


def test_a_users_model_is_counted_in_its_own_tokens_of_its_pinned_commit(put, catalog, tiny_model):
    assert counted(know_model("mine", catalog=catalog)) == (OF_EMBEDDED, False)
    put(tiny_model, "me/mine", PINNED)
    model = know_model("mine", catalog=catalog)
    assert model.is_here
    assert counted(model) == (OF_TINY, True)


def test_a_users_model_may_have_the_name_of_a_shipped_one(put, catalog, tiny_model):
    catalog.write_text(catalog.read_text(encoding="utf-8").replace("[mine", "[minilm"), encoding="utf-8")
    put(tiny_model, "me/mine", PINNED)
    assert counted(know_model("minilm", catalog=catalog)) == (OF_TINY, True)
    assert load_tokenizer("minilm").tokenizer.get_vocab_size() > 30_000


def test_a_hub_model_is_known_by_its_config_in_the_cache_and_here_only_with_its_weights(put, tiny_model):
    put(tiny_model, "me/half", only="*.json")
    half = know_model("me/half")
    assert (half.outline.width, half.is_here, half.download_mb) == (32, False, None)
    assert counted(half) == (OF_EMBEDDED, False)
    put(tiny_model, "me/whole")
    whole = know_model("me/whole")
    assert whole.is_here
    assert counted(whole) == (OF_TINY, True)


@pytest.mark.parametrize("name", ["me/elsewhere", "no such/model", "a..b/c"])
def test_a_hub_model_that_is_not_here_is_refused_with_what_to_do(name):
    with pytest.raises(ModelError, match="is not on this machine, so its size is not known") as caught:
        know_model(name)
    assert "afina models" in caught.value.hint


def test_an_unknown_name_is_refused_with_a_near_one():
    with pytest.raises(UnknownModelError) as caught:
        know_model("distlbert")
    assert caught.value.hint == "did you mean distilbert?"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"model_type": "bert", "hidden_size": 32}, "lacks num_hidden_layers, num_attention_heads, vocab_size"),
        ({"hidden_size": 32}, "names no family"),
        ({"model_type": "berd"}, "Unknown family of models: 'berd'"),
        ([1, 2], "is no table of fields"),
    ],
)
def test_a_config_that_tells_no_sizes_is_refused(fields, expected, tmp_path):
    with pytest.raises(ModelError, match=expected):
        know_model(write_config(tmp_path / "bad", fields))


def test_a_config_that_is_no_json_is_refused(tmp_path):
    folder = write_config(tmp_path / "bad", {})
    (tmp_path / "bad" / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be read"):
        know_model(folder)
