import json

import numpy as np
import pytest

from afina.errors import ConfigError, DataError, ModelError
from afina.modeling import outline_of
from afina.planning.operations import training_operations
from afina.planning.platforms import training_memory_mb
from afina.recipes import compare_platforms, describe_platform


@pytest.fixture(scope="module")
def compared(tiny_model, tmp_path_factory):
    """The tiny model on forty texts of 4 tokens and twenty of 12, special ones counted, twice."""
    texts = [f"good {n % 10}" for n in range(40)] + ["the film was good and very bad and it not"] * 20
    path = tmp_path_factory.mktemp("texts") / "texts.csv"
    path.write_text("text\n" + "\n".join(texts) + "\n", encoding="utf-8")
    return compare_platforms(str(path), str(tiny_model), epochs=2, max_tokens=50)


def test_operations_are_those_of_the_texts_and_epochs(compared, tiny_model):
    outline = outline_of(json.loads((tiny_model / "config.json").read_text()))
    lengths = np.array([4] * 40 + [12] * 20)
    assert compared["texts"] == 60
    assert compared["tokens"] == lengths.sum()
    assert compared["operations"] == training_operations(outline, lengths, method="full", epochs=2)
    assert compared["max_tokens"] == 50
    assert compared["memory_mb"] == round(training_memory_mb(outline, batch_tokens=256))


def test_this_machine_is_measured_beside_every_platform(compared):
    here = compared["here"]
    assert here["minutes"] > 0
    assert here["gflops"] > 0
    assert here["fits"]
    assert here["minutes"] == pytest.approx(compared["operations"] / here["gflops"] / 1e9 / 60, rel=0.5, abs=1)
    names = [row["platform"] for row in compared["platforms"]]
    assert {"colab", "kaggle", "codespaces"} <= set(names)
    colab = compared["platforms"][names.index("colab")]
    assert colab["accelerator"] == "t4"
    assert colab["memory_gb"] == 16
    assert colab["session_hours"] == 12
    assert colab["gpu_hours_a_week"] is None
    assert 0 < colab["estimate"]["low"] <= colab["estimate"]["minutes"] <= colab["estimate"]["high"]
    json.dumps(compared)


def test_notes_say_how_minutes_come_about(compared):
    notes = " ".join(compared["notes"])
    assert "35% to 53% in fp32" in notes
    assert "assumed and not measured" in notes
    assert "doubled as a precaution" in notes
    assert "take the minutes elsewhere for the least" in notes


def test_more_epochs_and_a_lighter_method_change_the_work(tiny_model, reviews_csv):
    once, frozen = (
        compare_platforms(str(reviews_csv), str(tiny_model), epochs=1, method=method) for method in ("full", "frozen")
    )
    assert frozen["operations"] < once["operations"]
    assert frozen["memory_mb"] <= once["memory_mb"]


def test_a_model_that_does_not_fit_here_is_not_timed(giant, reviews_csv):
    document = compare_platforms(str(reviews_csv), giant, epochs=1)
    here = document["here"]
    assert (here["minutes"], here["gflops"], here["fits"]) == (None, None, False)
    assert "does not fit" in here["reasons"][0]
    assert any("lengths are counted in the tokens of minilm" in note for note in document["notes"])


def test_a_model_of_the_catalog_that_is_not_here_is_reckoned_from_its_config(reviews_csv):
    document = compare_platforms(str(reviews_csv), "bert-tiny", epochs=1, max_tokens=16, method="head")
    assert any(
        "bert-tiny is not on this machine: lengths are counted in the tokens of minilm" in n for n in document["notes"]
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message", "hint"),
    [
        ({"model": "robarta"}, ModelError, "Unknown model: 'robarta'", "roberta"),
        ({"model": "nobody/nothing"}, ModelError, "'nobody/nothing' is not on this machine", "catalog"),
        ({"method": "froze"}, ConfigError, "Unknown method: 'froze'", "frozen"),
        ({"source": "nowhere.csv"}, DataError, "nowhere.csv", None),
        ({"epochs": -1}, ConfigError, "epochs", None),
    ],
)
def test_bad_input_is_told_before_anything_is_timed(arguments, error, message, hint):
    with pytest.raises(error, match=message) as raised:
        compare_platforms(**arguments)
    if hint:
        assert hint in raised.value.hint


def test_blank_texts_and_a_broken_config_are_told(tmp_path, tiny_model):
    (tmp_path / "blank.csv").write_text('text,label\n" ",a\n" ",b\n')
    with pytest.raises(DataError):
        compare_platforms(str(tmp_path / "blank.csv"), str(tiny_model))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        compare_platforms(model=str(tmp_path / "model"))


def test_a_platform_is_described_with_its_accelerators_and_sources():
    document = describe_platform("colab")
    assert document["accelerators"]["t4"]["fp32_tflops"] == 8.1
    assert document["limits"]["source"].startswith("https://")
    assert document["limits"]["checked"] == "2026-11-26"
    json.dumps(document)


def test_a_users_model_is_taken_from_their_catalog(tmp_path, reviews_csv, tiny_model):
    config = json.loads((tiny_model / "config.json").read_text())
    lines = [f"{key} = {json.dumps(value)}" for key, value in config.items() if isinstance(value, int | float | str)]
    catalog = tmp_path / "mine.toml"
    catalog.write_text(
        '[mine]\nhub = "me/mine"\nfamily = "bert"\ntokenizer = "WordPiece"\ncased = false\nobjective = "none"\n'
        'languages = ["en"]\nlicence = "mit"\ngood_for = "Tests."\n[mine.config]\n' + "\n".join(lines) + "\n"
    )
    document = compare_platforms(str(reviews_csv), "mine", epochs=1, max_tokens=16, catalog=catalog)
    assert document["operations"] > 0
    assert any("mine is not on this machine" in note for note in document["notes"])
