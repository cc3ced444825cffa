"""Labels, extras, errors and the run folder."""

from __future__ import annotations

import json
import os

import pytest

from afina.errors import AfinaError, DataError, MissingExtraError, ModelError
from afina.extras import require
from afina.labels import LabelSet
from afina.run_folder import RunFolder, sha256_of, write_json


def test_labels_are_ordered_by_meaning_then_value_then_name():
    assert LabelSet.from_values(["positive", "negative"]).names == ("negative", "positive")
    assert LabelSet.from_values(["positive", "neutral", "negative"]).names == ("negative", "neutral", "positive")
    assert LabelSet.from_values(["10", "9", "-1"]).names == ("-1", "9", "10")
    assert LabelSet.from_values(["spam", "ham"]).names == ("ham", "spam")


def test_label_ids_are_positions_and_unknown_names_are_refused():
    labels = LabelSet(("negative", "positive"))
    assert labels.ids_of(["positive", "negative", "positive"]).tolist() == [1, 0, 1]
    assert labels.positive_id == 1
    assert LabelSet(("a", "b", "c")).positive_id is None
    with pytest.raises(DataError, match="'meh'"):
        labels.id_of("meh")


def test_labels_of_sentiment_are_negative_and_positive_with_or_without_neutral():
    assert LabelSet(("negative", "positive")).is_sentiment
    assert LabelSet(("negative", "neutral", "positive")).is_sentiment
    for names in (("joy", "sadness"), ("negative", "neutral"), ("negative", "positive", "mixed")):
        assert not LabelSet(names).is_sentiment


@pytest.mark.parametrize("names", [(), ("only",), ("same", "same")])
def test_a_label_set_has_two_different_names(names):
    with pytest.raises(DataError):
        LabelSet(names)


def test_a_missing_extra_is_the_pip_line():
    with pytest.raises(MissingExtraError) as raised:
        require("no_such_package_anywhere", extra="serve")
    assert raised.value.hint == "pip install 'afina[serve]'"
    assert isinstance(raised.value, ImportError)


def test_every_error_is_an_afina_error_with_an_exit_code():
    def below(cls):
        return [cls, *(inner for sub in cls.__subclasses__() for inner in below(sub))]

    # Rooms may have errors of their own, such as those of the server that say an HTTP status.
    codes = {cls.__name__: cls.exit_code for cls in below(AfinaError) if cls.__module__ == AfinaError.__module__}
    assert codes["DataError"] == 2
    assert codes["Interrupted"] == 3
    assert codes["MachineLimitError"] == 4
    assert all(name in (AfinaError.__module__ and __import__("afina.errors").errors.__doc__) for name in codes)


def test_a_changed_or_missing_file_of_a_run_is_named(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.model.mkdir(parents=True)
    (run.model / "model.safetensors").write_bytes(b"weights")
    write_json(run.manifest, {"labels": ["a", "b"], "artifacts": run.artifact_hashes()})
    assert run.verify()["labels"] == ["a", "b"]
    assert not run.is_complete, "the metrics are written last"
    write_json(run.metrics, {})
    assert run.is_complete
    weights = run.model / "model.safetensors"
    weights.write_bytes(b"weighty")
    with pytest.raises(ModelError, match=r"model/model.safetensors .* has changed"):
        run.verify()
    assert not run.is_complete
    weights.unlink()
    with pytest.raises(ModelError, match=r"misses the file model/model.safetensors"):
        run.verify()


@pytest.mark.parametrize("artifacts", [None, [], "all"])
def test_a_manifest_that_lists_no_files_is_no_manifest(tmp_path, artifacts):
    write_json(RunFolder(tmp_path).manifest, {"labels": ["a", "b"], "artifacts": artifacts})
    with pytest.raises(ModelError, match="does not list"):
        RunFolder(tmp_path).verify()


def test_half_an_emoji_does_not_keep_a_document_from_being_written(tmp_path):
    write_json(tmp_path / "a.json", {"joy \ud83d": 1})
    assert (tmp_path / "a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"no": "labels"}'])
def test_a_folder_that_is_no_run_is_refused(tmp_path, content):
    with pytest.raises(ModelError, match="No such run"):
        RunFolder(tmp_path / "nowhere").read_manifest()
    with pytest.raises(ModelError, match="Not a run folder"):
        RunFolder(tmp_path).read_manifest()
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ModelError):
        RunFolder(tmp_path).read_manifest()


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert os.listdir(tmp_path).count("a.json.tmp") == 0
    assert len(sha256_of(path)) == 64
