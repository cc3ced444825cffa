"""A run exported, checked against itself, and answered from."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.recipes.recorder import Recorder

from afina import Classifier
from afina.claims import locked
from afina.errors import ConfigError, ExportError, ModelError, OutputError
from afina.inference.loading import load_parts
from afina.inference.onnx_backend import OnnxBackend
from afina.recipes import export_run, exporting, integer_checks
from afina.recipes.integer_checks import read_dev_texts
from afina.recipes.reporting import Silent
from afina.run_folder import RunFolder, sha256_of, write_json

pytestmark = pytest.mark.usefixtures("one_thread")

TEXTS = ["good", "a bad room, and not a good one", "it was fine " * 30, "", "😀 <br /> nice"]


@pytest.fixture(scope="module")
def exported_run(trained_run, tmp_path_factory) -> Path:
    """A run with both graphs; tests that change it copy it."""
    run = tmp_path_factory.mktemp("exported") / "run"
    shutil.copytree(trained_run, run)
    document = export_run(run, int8=True)
    assert document["refused"] is None
    return run


@pytest.fixture
def changed_run(exported_run, tmp_path) -> RunFolder:
    return RunFolder(shutil.copytree(exported_run, tmp_path / "run"))


def rewrite(folder: RunFolder, path: Path, content: bytes, key: str) -> None:
    """Change a file of an export together with its hash, as someone who means it would."""
    path.write_bytes(content)
    record = json.loads(folder.onnx.record.read_text())
    if key in record["graphs"]:
        record["graphs"][key]["sha256"] = sha256_of(path)
    else:
        record[f"{key}_sha256"] = sha256_of(path)
    write_json(folder.onnx.record, record)


def test_the_exported_model_answers_as_pytorch(exported_run):
    wanted = Classifier.load(exported_run, backend="torch").predict_proba(TEXTS)
    fp32, int8, default = (Classifier.load(exported_run, backend=each) for each in ("fp32", "int8", "auto"))
    np.testing.assert_allclose(fp32.predict_proba(TEXTS), wanted, atol=1e-5)
    np.testing.assert_allclose(int8.predict_proba(TEXTS), wanted, atol=0.1)
    assert [each.backend.name for each in (fp32, int8, default)] == ["onnx-fp32", "onnx-int8", "onnx-int8"]
    np.testing.assert_array_equal(default.predict_proba(TEXTS), int8.predict_proba(TEXTS))
    together = int8.predict_proba(TEXTS)
    np.testing.assert_allclose(np.concatenate([int8.predict_proba([text]) for text in TEXTS]), together, atol=1e-6)


def test_the_record_tells_what_was_checked(exported_run):
    record = json.loads(RunFolder(exported_run).onnx.record.read_text())
    assert set(record["graphs"]) == {"fp32", "int8"}
    assert max(record["graphs"]["fp32"]["largest_difference"].values()) < 1e-4
    check = record["graphs"]["int8"]["dev"]
    assert check["labels_kept"] >= 0.99
    assert check["accuracy"] >= check["accuracy_before"] - 0.003
    assert record["graphs"]["int8"]["temperature"] > 0
    dev = json.loads((exported_run / "run.json").read_text())["data"]["dev"]["texts"]
    assert check["texts"] == dev


def test_an_exported_model_needs_neither_torch_nor_the_original(exported_run, tmp_path):
    light = RunFolder(tmp_path / "light")
    light.root.mkdir()
    shutil.copy(exported_run / "run.json", light.root)
    shutil.copytree(exported_run / "onnx", light.onnx.root)
    script = (
        "import sys, json, pathlib; from afina import Classifier; from afina.inference import score_file\n"
        "run, out = sys.argv[1:]; classifier = Classifier.load(run)\n"
        "print(json.dumps(classifier.predict_proba(['good', 'a bad room']).tolist()))\n"
        "print(sorted({'torch', 'transformers', 'sklearn', 'scipy', 'onnx', 'pandas'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(light.root), str(tmp_path / "out.csv")]
    answers, heavy = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert heavy == "[]"
    wanted = Classifier.load(exported_run).predict_proba(["good", "a bad room"])
    np.testing.assert_allclose(json.loads(answers), wanted, atol=1e-6)
    with pytest.raises(ModelError, match="no folder model"):
        Classifier.load(light.root, backend="torch")


@pytest.mark.parametrize("name", ["model.onnx", "model_int8.onnx", "tokenizer.json", "self_test.json"])
def test_a_changed_byte_is_refused_by_name(changed_run, name):
    path = changed_run.onnx.root / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    backend = "fp32" if name == "model.onnx" else "auto"
    with pytest.raises(ModelError, match=f"{name} of run .* has changed"):
        Classifier.load(changed_run.root, backend=backend)


@pytest.mark.parametrize("name", ["model_int8.onnx", "tokenizer.json", "self_test.json"])
def test_a_missing_file_is_named(changed_run, name):
    (changed_run.onnx.root / name).unlink()
    with pytest.raises(ModelError, match=f"misses the file onnx/{name}"):
        Classifier.load(changed_run.root)


@pytest.mark.parametrize("written", ["", "[]", "{}", "\x00", '{"graphs": 5}'])
def test_a_damaged_record_is_one_sentence(changed_run, written):
    changed_run.onnx.record.write_text(written)
    with pytest.raises(ModelError, match=r"export.json is not one that afina wrote"):
        Classifier.load(changed_run.root)


def computing_otherwise(monkeypatch, *precisions):
    """A processor on which some graphs give other logits."""
    logits = OnnxBackend.logits

    def wrong(self, encodings):
        return logits(self, encodings) + (self.name.removeprefix("onnx-") in precisions) * 1.5

    monkeypatch.setattr(OnnxBackend, "logits", wrong)


@pytest.mark.parametrize(("wrong", "backend", "messages"), [(["int8"], "onnx-fp32", 1), (["int8", "fp32"], "torch", 2)])
def test_a_machine_that_computes_otherwise_gets_the_next_backend(exported_run, monkeypatch, wrong, backend, messages):
    computing_otherwise(monkeypatch, *wrong)
    told: list[str] = []
    assert Classifier.load(exported_run, warn=told.append).backend.name == backend
    assert len(told) == messages
    assert "does not answer on this machine as it did" in told[0]
    with pytest.raises(ModelError, match="int8 model does not answer"):
        Classifier.load(exported_run, backend="int8")


def test_a_library_call_warns(exported_run, monkeypatch):
    computing_otherwise(monkeypatch, "int8")
    with pytest.warns(UserWarning, match="int8 model does not answer"):
        Classifier.load(exported_run)


def test_an_export_of_other_weights_is_not_used(changed_run):
    record = json.loads(changed_run.onnx.record.read_text())
    write_json(changed_run.onnx.record, record | {"weights_sha256": "0" * 64})
    told: list[str] = []
    assert Classifier.load(changed_run.root, warn=told.append).backend.name == "torch"
    assert "made of other weights" in told[0]
    with pytest.raises(ModelError, match="made of other weights"):
        Classifier.load(changed_run.root, backend="fp32")


def test_without_onnx_runtime_pytorch_answers(exported_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    told: list[str] = []
    assert Classifier.load(exported_run, warn=told.append).backend.name == "torch"
    assert "'onnxruntime', which is not installed" in told[0]


def test_another_tokenizer_is_refused(changed_run):
    content = changed_run.onnx.tokenizer.read_text()
    swapped = content.replace('"good"', '"g00d"').replace('"bad"', '"good"').replace('"g00d"', '"bad"')
    assert swapped != content
    rewrite(changed_run, changed_run.onnx.tokenizer, swapped.encode(), "tokenizer")
    with pytest.raises(ModelError, match="is not that of its model: it reads"):
        Classifier.load(changed_run.root)


def test_another_number_of_labels_is_refused(changed_run):
    model = onnx.load(changed_run.onnx.int8)
    for weight in model.graph.initializer:
        if weight.name.startswith("classifier."):
            rows = onnx.numpy_helper.to_array(weight)
            weight.CopyFrom(onnx.numpy_helper.from_array(np.concatenate([rows, rows[:1]]), weight.name))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 3
    rewrite(changed_run, changed_run.onnx.int8, model.SerializeToString(), "int8")
    with pytest.raises(ModelError, match="gives 3 logits, and the run has 2 labels"):
        Classifier.load(changed_run.root)
    record = json.loads(changed_run.onnx.record.read_text())
    write_json(changed_run.onnx.record, record | {"labels": ["a", "b"]})
    with pytest.raises(ModelError, match="has other labels: a, b"):
        Classifier.load(changed_run.root)


def test_a_graph_that_points_to_other_files_or_has_foreign_operators_is_refused(changed_run):
    model = onnx.load(changed_run.onnx.int8)
    weight = next(each for each in model.graph.initializer if len(each.raw_data) > 100)
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../../../etc/passwd")
    rewrite(changed_run, changed_run.onnx.int8, model.SerializeToString(), "int8")
    with pytest.raises(ModelError, match=r"model_int8.onnx cannot be loaded"):
        Classifier.load(changed_run.root)
    model = onnx.load(changed_run.onnx.fp32)
    model.graph.node[0].domain = "somewhere.else"
    rewrite(changed_run, changed_run.onnx.fp32, model.SerializeToString(), "fp32")
    with pytest.raises(ModelError, match=r"model.onnx cannot be loaded"):
        Classifier.load(changed_run.root, backend="fp32")


def test_what_was_not_exported_cannot_be_asked_for(run_copy):
    with pytest.raises(ModelError, match="has no exported model"):
        Classifier.load(run_copy, backend="fp32")
    with pytest.raises(ConfigError, match="Unknown backend: 'tpu'"):
        Classifier.load(run_copy, backend="tpu")
    with pytest.raises(ConfigError, match="whole number above 0"):
        Classifier.load(run_copy, threads=0)
    assert export_run(run_copy)["int8"] is None
    with pytest.raises(ModelError, match="was not exported in int8"):
        Classifier.load(run_copy, backend="int8")
    assert Classifier.load(run_copy).backend.name == "onnx-fp32"


def test_integers_that_change_answers_are_refused_with_figures(changed_run, monkeypatch):
    monkeypatch.setattr(integer_checks, "LEAST_LABELS_KEPT", 1.01)
    document = export_run(changed_run.root, int8=True)
    assert document["int8"] is None
    assert document["refused"]["labels_kept"] <= 1
    assert not changed_run.onnx.int8.exists(), "the older export went too"
    assert Classifier.load(changed_run.root).backend.name == "onnx-fp32"


def test_a_graph_that_is_off_is_not_written(run_copy, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_IN_FP32", -1.0)
    with pytest.raises(ExportError, match="does not give PyTorch's logits"):
        export_run(run_copy)
    assert not RunFolder(run_copy).onnx.root.exists()


def test_one_export_at_a_time_and_only_where_it_can_be_put(run_copy):
    folder = RunFolder(run_copy)
    with locked(folder.manifest, folder.root), pytest.raises(OutputError, match="Another command is writing"):
        export_run(run_copy)
    folder.onnx.root.mkdir()
    (folder.onnx.root / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds no export\.json"):
        export_run(run_copy)
    assert [path.name for path in folder.onnx.root.iterdir()] == ["notes.txt"]


def test_runs_without_dev_texts_need_some(run_copy, new_csv):
    folder = RunFolder(run_copy)
    folder.dev_texts.unlink()
    manifest = folder.read_manifest()
    del manifest["artifacts"]["dev.parquet"]
    write_json(folder.manifest, manifest)
    with pytest.raises(ConfigError, match="kept no dev texts"):
        export_run(run_copy, int8=True)
    recorder = Recorder()
    document = export_run(run_copy, int8=True, on=str(new_csv), reporter=recorder)
    assert any("Only 80 texts check the integers" in warning for warning in recorder.warned)
    assert (document["int8"] or document["refused"]) is not None


def test_texts_that_the_run_was_trained_on_check_nothing(trained_run):
    folder, source = RunFolder(trained_run), trained_run.parent / "source.csv"
    manifest = folder.read_manifest()
    left = read_dev_texts(folder, load_parts(trained_run, backend="torch"), str(source), None, Silent())
    learned = manifest["data"]["train"]["texts"]
    assert learned > 0
    assert len(left) == sum(manifest["data"][part]["texts"] for part in ("dev", "test"))
