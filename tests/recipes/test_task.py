"""What a plan is told of the texts and of the settings."""

from __future__ import annotations

import numpy as np
import pytest

from afina.config import load_config
from afina.data import TextDataset
from afina.errors import ConfigError
from afina.labels import LabelSet
from afina.planning.choices import METHODS, Task, Wishes
from afina.recipes.preparation import PreparedData
from afina.recipes.task import describe_task, wishes_of


def dataset(*texts):
    return TextDataset(texts, np.arange(len(texts)) % 2, LabelSet(("negative", "positive")))


def wishes(on_cpu=True, **settings):
    config, _ = load_config(options={name.replace("__", "."): value for name, value in settings.items()})
    return wishes_of(config, on_cpu=on_cpu)


def test_texts_are_counted_part_by_part():
    data = PreparedData(dataset("bad", "good one"), dataset("ok"), dataset("a" * 10, "b" * 20), {}, [])
    assert describe_task(data) == Task(
        n_train=2, n_dev=1, n_test=2, characters=5.5, test_characters=15.0, source_characters=43.0
    )


def test_an_empty_part_has_no_characters():
    task = describe_task(PreparedData(dataset("bad", "good"), dataset(), dataset(), {}, []))
    assert (task.n_dev, task.n_test, task.test_characters, task.source_characters) == (0, 0, 0.0, 7.0)


def test_what_nobody_has_settled_is_left_to_the_plan():
    assert wishes() == Wishes(methods=METHODS)


def test_what_was_settled_is_kept():
    settled = wishes(
        modeling__method="lora", modeling__lora_rank=4, modeling__gradient_checkpointing=True, data__train_texts=500,
        tokenization__max_tokens=64, tokenization__batch_tokens=512, training__epochs=1.5, training__learning_rate=1e-4,
        modeling__prefix_cache="off",
    )  # fmt: skip
    assert settled == Wishes(
        methods=("lora",), lora_rank=4, recomputes=True, train_texts=500, max_tokens=64, batch_tokens=512, epochs=1.5,
        learning_rate=1e-4, keeps_states=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "methods", "depth"),
    [
        ({"modeling__method": "head"}, ("head",), None),
        ({"modeling__freeze_layers": 2}, ("frozen",), 2),
        ({"modeling__freeze_layers": "auto"}, ("frozen",), None),
        ({"modeling__method": "frozen", "modeling__freeze_layers": "1"}, ("frozen",), 1),
        ({"modeling__freeze_layers": 0}, METHODS, 0),
        ({"modeling__load_in_8bit": True}, ("lora", "head"), None),
        ({"modeling__load_in_4bit": True, "modeling__method": "head"}, ("head",), None),
    ],
)
def test_methods_are_those_that_the_settings_leave(given, methods, depth):
    settled = wishes(**given)
    assert (settled.methods, settled.freeze_layers) == (methods, depth)


def test_embeddings_are_trained_where_they_are_not_frozen():
    assert not wishes(on_cpu=True).embeddings_trained
    assert wishes(on_cpu=False).embeddings_trained
    assert wishes(on_cpu=True, modeling__freeze_embeddings=False).embeddings_trained
    assert not wishes(on_cpu=False, modeling__freeze_embeddings=True).embeddings_trained


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(ConfigError, match="8 and in 4 bits"):
        wishes(modeling__load_in_8bit=True, modeling__load_in_4bit=True)


def test_evaluations_that_are_settled_are_planned_with():
    config, _ = load_config(options={"training.evaluations": 3})
    assert wishes_of(config, on_cpu=True).evaluations == 3
