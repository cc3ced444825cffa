"""Labels, extras, errors and the run folder."""

from __future__ import annotations

import json
import os

import pytest

from afina.errors import AfinaError, DataError, MissingExtraError, ModelError, OutputError
from afina.extras import require
from afina.labels import LabelSet
from afina.run_folder import RunFolder, check_place, claim, sha256_of, write_json


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

    codes = {cls.__name__: cls.exit_code for cls in below(AfinaError)}
    assert codes["DataError"] == 2
    assert codes["Interrupted"] == 3
    assert codes["MachineLimitError"] == 4
    assert all(name in (AfinaError.__module__ and __import__("afina.errors").errors.__doc__) for name in codes)


def _finish(folder: RunFolder) -> None:
    folder.model.mkdir()
    (folder.model / "model.safetensors").write_bytes(b"weights")
    write_json(folder.manifest, {"labels": ["a", "b"], "artifacts": folder.artifact_hashes()})


def test_a_claimed_run_gets_its_name_only_when_complete(tmp_path):
    run = RunFolder(tmp_path / "deep" / "run")
    with claim(run) as folder:
        assert not run.root.exists()
        _finish(folder)
    assert run.verify()["labels"] == ["a", "b"]
    assert not run.partial.root.exists()


def test_a_failed_run_leaves_nothing(tmp_path):
    run = RunFolder(tmp_path / "run")
    with pytest.raises(RuntimeError), claim(run):
        raise RuntimeError
    assert list(tmp_path.glob("run*")) == []


def test_a_failed_run_with_a_checkpoint_stays(tmp_path):
    run = RunFolder(tmp_path / "run")

    def interrupted() -> None:
        with claim(run) as folder:
            (folder.checkpoints / "last").mkdir(parents=True)
            (folder.checkpoints / "last" / "state.json").write_text("{}")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert run.partial.root.exists()
    with pytest.raises(OutputError, match="unfinished run") as raised:
        check_place(run, force=False)
    assert "--resume" in str(raised.value.hint)


def test_of_two_at_once_one_gets_the_place(tmp_path):
    run = RunFolder(tmp_path / "run")
    with claim(run) as folder:
        with pytest.raises(OutputError), claim(run):
            pass
        _finish(folder)
    assert run.root.exists()


def test_what_exists_is_replaced_only_by_force_and_only_a_run(tmp_path):
    run = RunFolder(tmp_path / "run")
    with claim(run) as folder:
        _finish(folder)
    with pytest.raises(OutputError, match="exists"):
        check_place(run, force=False)
    with claim(run, force=True) as folder:
        _finish(folder)
    precious = RunFolder(tmp_path / "thesis")
    precious.root.mkdir()
    (precious.root / "chapter.tex").write_text("years of work")
    with pytest.raises(OutputError, match="no run folder"):
        check_place(precious, force=True)


def test_a_full_disk_is_told_before_any_work(tmp_path):
    with pytest.raises(OutputError, match="too full"):
        check_place(RunFolder(tmp_path / "run"), force=False, needed_bytes=10**18)


def test_a_place_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Cannot write"):
        check_place(RunFolder(tmp_path / "file" / "run"), force=False)


def test_a_changed_or_missing_file_of_a_run_is_named(tmp_path):
    run = RunFolder(tmp_path / "run")
    with claim(run) as folder:
        _finish(folder)
    weights = run.model / "model.safetensors"
    weights.write_bytes(b"weighty")
    with pytest.raises(ModelError, match=r"model/model.safetensors .* has changed"):
        run.verify()
    weights.unlink()
    with pytest.raises(ModelError, match=r"misses the file model/model.safetensors"):
        run.verify()


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
