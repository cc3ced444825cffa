"""Run folders that are damaged, swapped or made to do harm: refused in one sentence that names what is wrong."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.conftest import build_tiny_bert, train_tiny
from tests.modeling.families import roberta

from afina.errors import ModelError
from afina.inference import Classifier
from afina.model_files import MOST_HEADER_BYTES, MOST_TENSORS
from afina.run_folder import RunFolder, write_json

Damage = Callable[[RunFolder], None]


def plant(name: str, content: bytes = b"\x80\x04.") -> Damage:
    """A file more in the run."""

    def do(run: RunFolder) -> None:
        path = run.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    return do


def change(name: str, **fields: object) -> Damage:
    """Other fields in a JSON file of the model, with the hash in the manifest adapted."""

    def do(run: RunFolder) -> None:
        path = run.model / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
        list_again(run)

    return do


def list_again(run: RunFolder) -> None:
    """Adapt the hashes in the manifest, as whoever means harm would."""
    manifest = json.loads(run.manifest.read_text())
    write_json(run.manifest, {**manifest, "artifacts": run.artifact_hashes()})


def change_byte(run: RunFolder) -> None:
    path = run.model / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def change_manifest(**fields: object) -> Damage:
    def do(run: RunFolder) -> None:
        write_json(run.manifest, {**json.loads(run.manifest.read_text()), **fields})

    return do


def list_outside(run: RunFolder) -> None:
    manifest = json.loads(run.manifest.read_text())
    manifest["artifacts"]["../outside"] = "0" * 64
    write_json(run.manifest, manifest)


def grow_head(run: RunFolder) -> None:
    """A head of three rows, where the config and the manifest speak of two labels."""
    path = run.model / "model.safetensors"
    weights = load_file(path)
    weights["classifier.weight"] = np.zeros((3, 32), dtype=np.float32)
    save_file(weights, path, metadata={"format": "pt"})
    list_again(run)


def drop_head(run: RunFolder) -> None:
    path = run.model / "model.safetensors"
    save_file({name: w for name, w in load_file(path).items() if "classifier" not in name}, path, {"format": "pt"})
    list_again(run)


def larger_vocabulary(run: RunFolder) -> None:
    path = run.model / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary |= {f"word{i}": len(vocabulary) + i for i in range(50)}
    path.write_text(json.dumps(tokenizer))
    list_again(run)


def one_id_too_far(run: RunFolder) -> None:
    path = run.model / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["model"]["vocab"]["film"] = 100_000
    path.write_text(json.dumps(tokenizer))
    list_again(run)


def another_tokenizer(run: RunFolder) -> None:
    """A tokenizer that is smaller, so that all its tokens have an embedding: that of another."""
    family = run.root.parent / "roberta"
    family.mkdir()
    roberta(family)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(family / name, run.model / name)
    change("config.json", vocab_size=5_000)(run)


def long_header(run: RunFolder) -> None:
    header = json.dumps({"__metadata__": {"format": "pt", "padding": "x" * MOST_HEADER_BYTES}}).encode()
    (run.model / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    list_again(run)


def many_tensors(run: RunFolder) -> None:
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({f"t{i}": entry for i in range(MOST_TENSORS + 1)}, separators=(",", ":")).encode()
    (run.model / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    list_again(run)


CASES: dict[str, tuple[Damage, str]] = {
    **{
        f"a file {name}": (plant(name), f"{name} {why}")
        for name, why in {
            "model/pytorch_model.bin": "may be a pickle",
            "model/Model.PT": "may be a pickle",
            "model/model.pth": "may be a pickle",
            "model/deep/tokenizer.pkl": "may be a pickle",
            "model/x.pickle": "may be a pickle",
            "model/last.ckpt": "may be a pickle",
            "model/head.joblib": "may be a pickle",
            "model/.hidden.npy": "may be a pickle",
            "model/modeling_own.py": "is code",
            "model/tf_model.h5": "holds weights in a form",
            "model/flax_model.msgpack": "holds weights in a form",
            "blend/tfidf.joblib": "may be a pickle",
            "adapter/adapter_model.bin": "may be a pickle",
            "onnx/model.pt": "may be a pickle",
        }.items()
    },
    "a file that is not listed": (plant("model/added_tokens.json", b"{}"), "model/added_tokens.json of run .* is not "),
    "an adapter": (plant("model/adapter_config.json", b"{}"), "adapter_config.json would have other weights laid"),
    "a changed byte": (change_byte, "model/model.safetensors of run .* has changed"),
    "a missing file": (lambda run: (run.model / "tokenizer.json").unlink(), "misses the file model/tokenizer.json"),
    "a file outside": (list_outside, "lists a file outside the run: ../outside"),
    "auto_map": (change("config.json", auto_map={"AutoConfig": "own.Own"}), "config.json names code .*: auto_map"),
    "auto_map of the tokenizer": (
        change("tokenizer_config.json", auto_map={"AutoTokenizer": ["own.Own", None]}),
        "tokenizer_config.json names code .*: auto_map",
    ),
    "weights elsewhere": (
        change("config.json", transformers_weights="o.safetensors"), "names weights in another file: transformers_",
    ),
    "kernels of the Hub": (
        change("config.json", attn_implementation="someone/kernels"), "code on the Hub: attn_implementation",
    ),
    "settings that are none": (change("config.json", id2label=None, num_labels=None), "other labels .* none instead"),
    "labels in another order": (
        change("config.json", id2label={"0": "positive", "1": "negative"}), "other labels than its run: positive",
    ),
    "labels of the manifest": (change_manifest(labels=["a", "b", "c"]), "negative, positive instead of a, b, c"),
    "a label more": (
        change("config.json", id2label={"0": "negative", "1": "positive", "2": "neutral"}),
        "other labels than its run: negative, positive, neutral instead of negative, positive",
    ),
    "a head of another size": (grow_head, "weight classifier.weight of .* has the shape 3 x 32, .* wants 2 x 32"),
    "no head": (drop_head, "lacks 2 of .* weights, such as classifier.bias"),
    "another width": (change("config.json", intermediate_size=96), "has the shape .* config.json wants 96"),
    "a larger vocabulary": (larger_vocabulary, "is not that of its model: it has"),
    "an id too far": (one_id_too_far, "it has 100,001 tokens, the model"),
    "another tokenizer": (another_tokenizer, "its pad token has the id 1, and pad_token_id .* is 0"),
    "a long header": (long_header, "header of .*model.safetensors is of 1,000,.* bytes, more than 1,000,000"),
    "many tensors": (many_tensors, "names 5,001 tensors, more than 5,000"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bad_folder_is_refused_by_what_is_wrong(run_copy, name):
    damage, message = CASES[name]
    damage(RunFolder(run_copy))
    with pytest.raises(ModelError, match=message) as raised:
        Classifier.load(run_copy)
    assert "\n" not in str(raised.value)
    assert raised.value.hint
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    "name",
    ["a file model/pytorch_model.bin", "auto_map", "a changed byte", "a label more", "no head", "a larger vocabulary"],
)
def test_every_command_refuses_it(run_copy, new_csv, afina_command, name):
    damage, _ = CASES[name]
    damage(RunFolder(run_copy))
    out = run_copy.parent / "out.csv"
    for arguments in (
        ("predict", run_copy, "good"),
        ("predict", run_copy, "--file", new_csv, "--out", out),
        ("evaluate", run_copy, new_csv),
    ):
        code, printed, told = afina_command(*arguments)
        assert (code, printed) == (2, "")
        assert "Traceback" not in told
        assert "\nerror: " in f"\n{told}"
    assert not out.exists()


def test_what_a_desktop_leaves_behind_is_no_harm(run_copy):
    plant("model/.DS_Store", b"\0")(RunFolder(run_copy))
    assert Classifier.load(run_copy).predict(["good"])


def test_a_pretrained_folder_that_names_code_it_does_not_need_makes_a_run_that_names_none(tmp_path, reviews_csv):
    base = tmp_path / "base"
    base.mkdir()
    build_tiny_bert(base)
    for name, entry in (("config.json", "AutoConfig"), ("tokenizer_config.json", "AutoTokenizer")):
        path = base / name
        path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": {entry: "own.Own"}}))
    (base / "pytorch_model.bin").write_bytes(b"not read, since safetensors stand beside it")
    run = train_tiny(base, reviews_csv, tmp_path / "run", {"training.max_steps": 1}).run
    for name in ("config.json", "tokenizer_config.json"):
        assert "auto_map" not in (run.model / name).read_text()
    assert Classifier.load(run.root).predict(["good"])


@pytest.mark.parametrize("harm", [long_header, many_tensors])
def test_a_header_made_to_do_harm_is_refused_in_pretrained_folders_too(tmp_path, reviews_csv, run_copy, harm):
    harm(RunFolder(run_copy))
    with pytest.raises(ModelError, match=r"header of .*model\.safetensors"):
        train_tiny(run_copy / "model", reviews_csv, tmp_path / "out", {"training.max_steps": 1})
