"""Every architecture, from a folder of pretrained weights to a saved classifier that another process answers with."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.conftest import NEGATIVE, POSITIVE
from tests.modeling.families import CONTEXT, FAMILIES

from afina.labels import LabelSet
from afina.modeling import PretrainedClassifier, batch_logits, embed, load_pretrained, predict_logits
from afina.modeling.feeding import LONGEST_CONTEXT
from afina.tokenization import Encoder, Encodings, pad, shuffled_batches
from afina.training import (
    Budget,
    DevScore,
    LoopSettings,
    linear_multiplier,
    make_accelerator,
    make_optimizer,
    seed_everything,
    training_steps,
)

pytestmark = pytest.mark.usefixtures("one_thread")

LABELS = LabelSet(("negative", "positive"))
TEXTS = [text for word in (*POSITIVE, *NEGATIVE) for text in (f"the {word} film", f"{word}, this was it and " * 3)]
LABEL_IDS = np.array([1] * 16 + [0] * 16)
# From one token to as many as fit.
LENGTHS = [
    "",
    "good",
    "a bad room",
    "not very happy and not very sad 7",
    "it was the number " * 6,
    "fine and dull " * 40,
]
RELOAD = """
import json, sys
import torch
torch.set_num_threads(1)
from pathlib import Path
from transformers import pipeline
from afina.labels import LabelSet
from afina.modeling import load_fine_tuned, predict_logits
from afina.tokenization import Encoder

asked = json.load(sys.stdin)
answers = {}
for name, folder in asked["folders"].items():
    loaded = load_fine_tuned(Path(folder), LabelSet(tuple(asked["labels"])))
    encodings = Encoder(loaded.backend_tokenizer, loaded.max_context).encode(asked["texts"])
    logits = predict_logits(loaded.model, encodings, pad_id=loaded.pad_id, padding_side=loaded.padding_side)
    classify = pipeline("text-classification", folder, top_k=None, device="cpu")
    scores = {size: classify(asked["texts"][1:], truncation=True, batch_size=size) for size in (1, 8)}
    answers[name] = {"logits": logits.tolist()} | {
        f"pipeline_{size}": [[{a["label"]: a["score"] for a in one}[label] for label in asked["labels"]] for one in all]
        for size, all in scores.items()
    }
json.dump(answers, sys.stdout)
"""


@dataclass
class Fitted:
    """A model that was trained on `TEXTS`."""

    pretrained: PretrainedClassifier
    accuracy: float

    def encode(self, texts: list[str]) -> Encodings:
        return Encoder(self.pretrained.backend_tokenizer, CONTEXT).encode(texts)

    def logits(self, texts: list[str]) -> np.ndarray:
        """Logits of texts in one batch."""
        return predict(self.pretrained, self.encode(texts))


def predict(pretrained, encodings):
    """Logits of all texts, in one batch if they are few."""
    return predict_logits(
        pretrained.model, encodings, pad_id=pretrained.pad_id, padding_side=pretrained.padding_side, batch_tokens=10_000
    )


def fit(folder: Path, *, max_steps: int = 120) -> Fitted:
    """Train with the public loop until all texts are told apart."""
    pretrained = load_pretrained(str(folder), LABELS, seed=0, dropout=0.0)
    encodings = Encoder(pretrained.backend_tokenizer, pretrained.max_context).encode(TEXTS)
    accelerator = make_accelerator("fp32")
    seed_everything(0)
    optimizer = make_optimizer(pretrained.model, learning_rate=3e-3, weight_decay=0.01)
    model, optimizer = accelerator.prepare(pretrained.model, optimizer)
    make = partial(pad, encodings, pad_id=pretrained.pad_id, side=pretrained.padding_side)
    order = partial(shuffled_batches, encodings.lengths, 256, seed=0)
    fitted = Fitted(pretrained, 0.0)
    for step in training_steps(
        model,
        optimizer,
        accelerator,
        epoch_batches=lambda epoch: [partial(make, rows) for rows in order(epoch=epoch)],
        forward=partial(batch_logits, model),
        label_ids=torch.from_numpy(LABEL_IDS),
        budget=Budget(max_steps),
        settings=LoopSettings(
            learning_rate=3e-3, schedule=partial(linear_multiplier, warmup_share=0.1), evaluations=max_steps // 5,
            patience=max_steps, max_grad_norm=1.0, mean_texts=len(TEXTS) / len(order(epoch=0)), seed=0,
        ),
        evaluate=lambda: DevScore.of(predict(pretrained, encodings), LABEL_IDS),
    ):  # fmt: skip
        if step.dev is not None:
            fitted.accuracy = step.dev.accuracy
            if math.isclose(fitted.accuracy, 1):
                break
    return fitted


@pytest.fixture(scope="module")
def fitted_families(build_family):
    """A fitted model of each family."""
    return {name: fit(build_family(name)) for name in FAMILIES}


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def family(request):
    """Name of each family in turn."""
    return request.param


@pytest.fixture
def fitted(fitted_families, family) -> Fitted:
    """The fitted model of a family."""
    return fitted_families[family]


@pytest.fixture(scope="module")
def answers(fitted_families, tmp_path_factory):
    """Logits, and probabilities of transformers' pipeline, of each saved model in one process that trained none."""
    folders = {name: tmp_path_factory.mktemp("saved") / name for name in fitted_families}
    for name, folder in folders.items():
        fitted_families[name].pretrained.model.save_pretrained(folder)
        fitted_families[name].pretrained.tokenizer.model_max_length = CONTEXT
        fitted_families[name].pretrained.tokenizer.save_pretrained(folder)
    asked = {"folders": {name: str(folder) for name, folder in folders.items()}, "labels": LABELS.names}
    finished = subprocess.run(
        [sys.executable, "-c", RELOAD], input=json.dumps({**asked, "texts": LENGTHS}), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_the_weights_are_those_of_the_folder(family_folder):
    from transformers import AutoModel

    base = load_pretrained(str(family_folder), LABELS, seed=0).model.base_model.state_dict()
    saved = AutoModel.from_pretrained(family_folder).state_dict()
    compared = [name for name in base if "pooler" not in name]
    assert len(compared) > 10
    assert all(torch.equal(base[name], saved[name]) for name in compared)


def test_the_seed_decides_the_head_and_nothing_else(family_folder):
    one, same, other = (load_pretrained(str(family_folder), LABELS, seed=seed).model for seed in (0, 0, 1))
    differing = {n for n, w in one.state_dict().items() if not torch.equal(w, other.state_dict()[n])}
    assert differing
    assert all("pooler" in name or not name.startswith(f"{one.base_model_prefix}.") for name in differing)
    assert all(torch.equal(weight, same.state_dict()[name]) for name, weight in one.state_dict().items())
    assert one.config.id2label == {0: "negative", 1: "positive"}


def test_dropout_is_set_wherever_there_is_any(family_folder):
    def two_passes(rate):
        pretrained = load_pretrained(str(family_folder), LABELS, seed=0, dropout=rate)
        batch = pad(
            Encoder(pretrained.backend_tokenizer, CONTEXT).encode(TEXTS[:2]), np.arange(2), pad_id=pretrained.pad_id
        )
        model = pretrained.model.train()
        with torch.no_grad():
            passes = [batch_logits(model, batch) for _ in range(2)]
            return *passes, batch_logits(model.eval(), batch), model

    first, second, evaluated, _ = two_passes(0.0)
    assert torch.equal(first, second)
    torch.testing.assert_close(first, evaluated, atol=1e-5, rtol=0)
    first, second, _, model = two_passes(0.3)
    assert not torch.allclose(first, second, atol=1e-3)
    # OPT has no module for it.
    assert {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)} <= {0.3}


def test_thirty_two_texts_are_learned(fitted):
    assert fitted.accuracy == 1.0


def test_padding_changes_no_logits(fitted):
    encodings = fitted.encode(LENGTHS)
    together = predict(fitted.pretrained, encodings)
    alone = np.concatenate([fitted.logits([text]) for text in LENGTHS])
    np.testing.assert_allclose(together, alone, atol=1e-4, rtol=0)
    pretrained = fitted.pretrained
    batch = pad(encodings, np.arange(len(LENGTHS)), pad_id=pretrained.pad_id, side=pretrained.padding_side)
    with torch.no_grad():
        np.testing.assert_allclose(batch_logits(pretrained.model.eval(), batch).numpy(), alone, atol=1e-4, rtol=0)
    assert np.abs(np.diff(alone, axis=0)).max(axis=1).min() > 1e-2


def test_a_text_as_long_as_the_context_is_read(fitted, family):
    limit = fitted.pretrained.max_context
    assert limit == (LONGEST_CONTEXT if family == "xlnet" else CONTEXT)
    length = min(limit, 3 * CONTEXT)
    encodings = Encoder(fitted.pretrained.backend_tokenizer, length).encode(["the good film was " * CONTEXT])
    assert encodings.n_tokens == length
    assert np.isfinite(predict(fitted.pretrained, encodings)).all()


def test_more_tokens_than_fit_are_never_read(family_folder):
    long = "the good film was " * 40
    tokens = 200 if "xlnet" in family_folder.name else 10_000
    assert np.isfinite(embed(str(family_folder), [long], max_tokens=tokens)).all()


def test_another_process_gives_the_same_logits_to_the_bit(fitted, answers, family):
    np.testing.assert_array_equal(np.array(answers[family]["logits"], dtype=np.float32), fitted.logits(LENGTHS))


@pytest.mark.parametrize("batch_size", [1, 8])
def test_the_pipeline_of_transformers_gives_the_same_probabilities(fitted, answers, family, batch_size):
    theirs = np.array(answers[family][f"pipeline_{batch_size}"])
    # Not the text without tokens, for which GPT-2's pipeline has no answer.
    ours = torch.from_numpy(fitted.logits(LENGTHS)[1:]).softmax(dim=1).numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=0)
