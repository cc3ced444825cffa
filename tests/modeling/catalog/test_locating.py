"""Where models of the catalog are loaded from, at which commit, and which are here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.conftest import build_tiny_bert
from tests.modeling.catalog.test_reading import MINE

from afina.errors import ModelError, UnknownModelError
from afina.labels import LabelSet
from afina.modeling import (
    HUB_IDS,
    embed,
    hub_id,
    is_local,
    known_entry,
    load_pretrained,
    load_tokenizer,
    locate,
    read_catalog,
    revision_of,
)

LABELS = LabelSet(("negative", "positive"))
OLD, NEW = "0" * 40, "f" * 40


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    """The Hub's cache in a folder of this test; a function puts a model folder into it as one of its commits."""
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))

    def put(folder: Path, hub: str, revision: str, *, newest: bool) -> Path:
        repository = cache / f"models--{hub.replace('/', '--')}"
        if newest:
            (repository / "refs").mkdir(parents=True)
            (repository / "refs" / "main").write_text(revision, encoding="utf-8")
        return shutil.copytree(folder, repository / "snapshots" / revision)

    return put


@pytest.fixture
def mine(tmp_path):
    """A catalog file with a model `mine`, pinned to its old commit."""
    path = tmp_path / "my.toml"
    path.write_text(MINE.replace("family =", f'revision = "{OLD}"\nfamily =', 1), encoding="utf-8")
    return path


def test_names_of_the_catalog_are_hub_ids_and_pinned():
    assert locate("roberta") == HUB_IDS["roberta"] == hub_id("roberta") == "FacebookAI/roberta-base"
    assert revision_of("roberta") == read_catalog()["roberta"].revision
    assert len(revision_of("minilm")) == 40


def test_other_names_are_taken_as_they_are_and_their_newest_revision(tiny_model):
    assert locate("someone/something") == hub_id("someone/something") == "someone/something"
    assert locate(str(tiny_model)) == tiny_model
    assert revision_of("someone/something") == revision_of(str(tiny_model)) == "main"


def test_a_users_catalog_gives_its_names_too(mine):
    assert locate("mine", catalog=mine) == hub_id("mine", catalog=str(mine)) == "me/mine"
    assert revision_of("mine", catalog=mine) == OLD
    with pytest.raises(UnknownModelError):
        locate("mine")


def test_a_users_model_may_take_the_name_of_the_embedded_one(mine):
    mine.write_text(mine.read_text(encoding="utf-8").replace("[mine", "[minilm"), encoding="utf-8")
    assert locate("minilm", catalog=mine) == "me/mine"


def test_unknown_names_are_told_with_what_is_near(mine):
    with pytest.raises(UnknownModelError, match="Unknown model: 'robreta'") as caught:
        locate("robreta")
    assert caught.value.hint == "did you mean roberta?"
    with pytest.raises(UnknownModelError) as caught:
        locate("nothing of the sort", catalog=mine)
    assert "mine" in caught.value.hint
    assert "a folder, or a Hub id" in caught.value.hint
    with pytest.raises(UnknownModelError) as caught:
        known_entry("dstilbert", read_catalog())
    assert caught.value.hint == "did you mean distilbert?"
    assert known_entry("facebookai/roberta-base", read_catalog()).name == "roberta"


def test_the_pinned_commit_is_loaded_and_not_the_newest(hub_cache, tiny_model, tmp_path, mine):
    (tmp_path / "narrow").mkdir()
    hub_cache(tiny_model, "me/mine", OLD, newest=False)
    hub_cache(build_tiny_bert(tmp_path / "narrow", hidden_size=16), "me/mine", NEW, newest=True)
    pinned = load_pretrained("mine", LABELS, seed=0, catalog=mine)
    assert pinned.model.config.hidden_size == 32
    assert load_pretrained("me/mine", LABELS, seed=0).model.config.hidden_size == 16


def test_tokenizers_and_embeddings_are_of_the_pinned_commit(hub_cache, tiny_model):
    hub_cache(tiny_model, HUB_IDS["bert-tiny"], revision_of("bert-tiny"), newest=False)
    assert load_tokenizer("bert-tiny").name == "bert-tiny"
    assert embed("bert-tiny", ["a good film"]).shape == (1, 32)
    with pytest.raises(ModelError):
        embed(HUB_IDS["bert-tiny"], ["a good film"])  # its newest revision, which is not here


def test_a_model_that_is_not_here_is_told_with_its_size(hub_cache):
    with pytest.raises(ModelError) as caught:
        load_pretrained("roberta", LABELS, seed=0)
    assert f"({read_catalog()['roberta'].download_mb:,.0f} MB)" in caught.value.hint
    assert "`minilm`, which needs none" in caught.value.hint
    with pytest.raises(ModelError) as caught:
        load_tokenizer("roberta")
    assert "MB" not in caught.value.hint


def test_a_model_is_here_where_its_config_and_weights_of_the_pinned_commit_are(hub_cache, tiny_model):
    entry = read_catalog()["roberta"]
    assert not is_local(entry)
    hub_cache(tiny_model, entry.hub, NEW, newest=True)
    assert not is_local(entry)
    assert is_local(entry.model_copy(update={"revision": None}))
    folder = hub_cache(tiny_model, entry.hub, entry.revision, newest=False)
    assert is_local(entry)
    (folder / "model.safetensors").unlink()
    assert not is_local(entry)


@pytest.mark.parametrize("load", [load_tokenizer, lambda name: embed(name, ["a"])])
def test_code_that_comes_with_a_model_is_never_run(load, tmp_path, tiny_model, monkeypatch):
    folder = shutil.copytree(tiny_model, tmp_path / "coded")
    code = f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n"
    (folder / "own.py").write_text(code, encoding="utf-8")
    for file, classes in (("config.json", "own.Own"), ("tokenizer_config.json", ["own.Own", None])):
        path = folder / file
        settings = json.loads(path.read_text(encoding="utf-8")) | {"model_type": "own", "tokenizer_class": "Own"}
        kind = "AutoConfig" if file == "config.json" else "AutoTokenizer"
        path.write_text(json.dumps(settings | {"auto_map": {kind: classes}}), encoding="utf-8")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(ModelError) as caught:
        load(str(folder))
    assert caught.value.hint == "afina never runs code that comes with a model"
    assert not (tmp_path / "ran").exists()
