"""`afina.TextClassifier` among the tools of scikit-learn."""

from __future__ import annotations

import gc
import io
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks, get_tags
from tests.conftest import NEGATIVE, POSITIVE

import afina
from afina import Classifier, TextClassifier
from afina.errors import ConfigError, DataError, ModelError, OutputError
from afina.recipes import report_run

REVIEWS = [
    (f"the {words[i % 8]} film number {i} was {words[(i // 8 + 3) % 8]} it", name)
    for i in range(30)
    for words, name in ((NEGATIVE, "bad"), (POSITIVE, "good"))
]
TEXTS = [text for text, _ in REVIEWS]
NAMES = [name for _, name in REVIEWS]


@pytest.fixture(scope="module")
def few_steps(tiny_model):
    """An estimator that is fitted in a moment; keyword arguments are its parameters."""

    def make(**parameters):
        settings = {"max_steps": 4, "batch_tokens": 128, "learning_rate": 1e-2, **parameters}
        return TextClassifier(model=str(tiny_model), **settings)

    return make


@pytest.fixture(scope="module")
def fitted(few_steps):
    """To be asked and not changed."""
    return few_steps(max_steps=60).fit(TEXTS, NAMES)


def test_it_learns_and_answers_as_a_classifier_does(fitted):
    assert fitted.classes_.tolist() == ["bad", "good"]
    probabilities = fitted.predict_proba(TEXTS)
    assert probabilities.shape == (60, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    predicted = fitted.predict(TEXTS)
    assert predicted.tolist() == [["bad", "good"][i] for i in probabilities.argmax(axis=1)]
    assert fitted.score(TEXTS, NAMES) == accuracy_score(NAMES, predicted)
    assert fitted.score(TEXTS, NAMES) > 0.9
    assert fitted.predict([]).shape == (0,)
    assert fitted.predict_proba(["", "  "]).shape == (2, 2)


def test_all_texts_but_a_dev_part_are_learned_from(fitted):
    data = fitted.run_.read_manifest()["data"]
    assert (data["train"]["texts"], data["dev"]["texts"], data["test"]["texts"]) == (54, 6, 0)
    assert fitted.summary_["test"] is fitted.summary_["baseline"] is None
    assert "No texts were held out" in fitted.summary_["verdict"]


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [([0, 1], "int64"), ([10, 9], "int64"), ([False, True], "bool"), ([1.0, -1.0], "float64"), (["b", "a"], "<U1")],
)
def test_labels_keep_their_type_and_their_order_through_saving(few_steps, tmp_path, labels, dtype):
    y = np.array([labels[name == "good"] for name in NAMES], dtype=dtype)
    fitted = few_steps(max_steps=30).fit(TEXTS, y)
    assert fitted.classes_.tolist() == sorted(labels)
    assert fitted.predict(TEXTS).dtype == y.dtype
    assert fitted.score(TEXTS, y) > 0.5
    again = TextClassifier.load(fitted.save(tmp_path / "saved"))
    assert again.classes_.dtype == y.dtype
    np.testing.assert_array_equal(again.predict(TEXTS), fitted.predict(TEXTS))


@pytest.mark.parametrize(
    "wrap",
    [tuple, np.array, lambda t: np.array(t, dtype=object), pd.Series, lambda t: pd.DataFrame({"text": t}), iter],
)
def test_texts_come_in_any_container(fitted, wrap):
    np.testing.assert_array_equal(fitted.predict(wrap(TEXTS[:6])), fitted.predict(TEXTS[:6]))


def test_a_table_of_texts_and_a_column_of_labels(few_steps):
    table = pd.DataFrame({"text": TEXTS, "label": pd.Categorical(NAMES)})
    assert few_steps().fit(table[["text"]], table["label"]).classes_.tolist() == ["bad", "good"]
    with pytest.raises(DataError, match="One column of texts is wanted, not 60 x 2 values"):
        few_steps().fit(table, table["label"])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (TEXTS, None, "Labels are needed to fit a classifier: y is None"),
        (TEXTS, NAMES[:-1], "60 texts with 59 labels"),
        (TEXTS, ["good"] * 60, "at least two labels, found 1: good"),
        (TEXTS, [None, *NAMES[1:]], "Label 0 is missing: None"),
        (TEXTS, [*NAMES[1:], float("nan")], "Label 59 is missing: nan"),
        (TEXTS, [1, *NAMES[1:]], "Labels are of several kinds: int, str"),
        (TEXTS, np.linspace(0.5, 0.9, 60), "Label 0 is a number with a fraction"),
        (TEXTS, [["good"], ["bad"]] * 30, "Label 0 is a list"),
        (TEXTS, np.eye(60), "One column of labels is wanted, not 60 x 60"),
        ([None, *TEXTS[1:]], NAMES, "Text 0 is no string but missing: None"),
        ([*TEXTS[1:], float("nan")], NAMES, "Text 59 is no string but missing: nan"),
        ([*TEXTS[1:], 7], NAMES, "Text 59 is no string but int: 7"),
        (np.zeros((60, 1)), NAMES, "Text 0 is no string but float: 0.0"),
        ("one text", NAMES, "not as str"),
        ([], [], "at least two labels, found 0"),
        (["good film", "bad film", "poor film"], ["good", "bad", "bad"], "has 1 text, at least 2 are needed"),
        (["", *TEXTS[1:2]], ["bad", "good"], "'bad' of the texts given has 0 texts"),
    ],
)
def test_what_cannot_be_learned_from_is_one_sentence(few_steps, X, y, message):
    with pytest.raises(ValueError, match=message) as raised:
        few_steps().fit(X, y)
    assert isinstance(raised.value, DataError)
    assert "\n" not in str(raised.value)


def test_it_does_not_answer_before_it_is_fitted(few_steps, tmp_path):
    for ask in (lambda e: e.predict(TEXTS), lambda e: e.predict_proba(TEXTS), lambda e: e.save(tmp_path / "run")):
        with pytest.raises(NotFittedError):
            ask(few_steps())


def test_cross_validation_and_pipelines(few_steps):
    shouted = [text.upper() for text in TEXTS]
    pipeline = make_pipeline(
        FunctionTransformer(lambda texts: [text.lower() for text in texts]), few_steps(max_steps=40)
    )
    scores = cross_val_score(pipeline, shouted, NAMES, cv=2, error_score="raise")
    assert scores.shape == (2,)
    assert scores.mean() > 0.6
    scores = cross_val_score(few_steps(), TEXTS, NAMES, cv=2, scoring="neg_log_loss", error_score="raise")
    assert np.isfinite(scores).all()


def test_a_grid_search_chooses_and_fits_again(few_steps):
    search = GridSearchCV(few_steps(), {"learning_rate": [1e-9, 1e-2], "max_steps": [40]}, cv=2, error_score="raise")
    search.fit(TEXTS, NAMES)
    assert search.best_params_ == {"learning_rate": 1e-2, "max_steps": 40}
    assert search.best_estimator_.score(TEXTS, NAMES) > 0.6


def test_the_same_seed_gives_the_same_answers(few_steps):
    first, second, other = (few_steps(seed=seed).fit(TEXTS, NAMES).predict_proba(TEXTS) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_parameters_are_those_of_scikit_learn(few_steps, fitted):
    estimator = few_steps(settings={"training.label_smoothing": 0.1})
    assert clone(estimator).get_params() == estimator.get_params()
    assert clone(fitted).get_params() == fitted.get_params()
    assert not hasattr(clone(fitted), "classes_")
    with pytest.raises(ValueError, match="Invalid parameter 'nosuch'"):
        estimator.set_params(nosuch=1)
    tags = get_tags(estimator)
    assert tags.estimator_type == "classifier"
    assert (tags.input_tags.string, tags.input_tags.two_d_array, tags.target_tags.required) == (True, False, True)
    assert "learning_rate=0.01" in repr(estimator)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    ],
)
def test_checks_of_scikit_learn_that_need_no_table_of_numbers(check):
    check("TextClassifier", TextClassifier())


def test_settings_reach_the_recipe_and_wrong_ones_are_named(few_steps):
    fitted = few_steps(settings={"training.label_smoothing": 0.25}, method="head").fit(TEXTS, NAMES)
    manifest = fitted.run_.read_manifest()
    assert manifest["config"]["training"]["label_smoothing"] == 0.25
    assert manifest["config"]["modeling"]["method"] == manifest["settings"]["method"] == "head"
    for parameters, name in (
        ({"learning_rate": -1.0}, "training.learning_rate"),
        ({"settings": {"training.nosuch": 1}}, "training.nosuch"),
        ({"settings": {"training.epochs": 1}}, "training.epochs"),
        ({"settings": {"data.test": "test.csv"}}, "data.test"),
    ):
        with pytest.raises(ConfigError, match=name):
            few_steps(**parameters).fit(TEXTS, NAMES)
    with pytest.raises(ModelError, match="nosuch"):
        TextClassifier(model="./nosuch").fit(TEXTS, NAMES)


def test_a_budget_ends_fitting(few_steps):
    fitted = few_steps(max_steps=None, budget="20s").fit(TEXTS, NAMES)
    assert fitted.summary_["budget_seconds"] == 20
    assert fitted.summary_["seconds"]["total"] < 20


def test_saved_through_the_run_folder(fitted, tmp_path):
    place = fitted.save(tmp_path / "run")
    expected = fitted.predict_proba(TEXTS)
    np.testing.assert_allclose(TextClassifier.load(place).predict_proba(TEXTS), expected, atol=1e-6)
    np.testing.assert_allclose(Classifier.load(place).predict_proba(TEXTS), expected, atol=1e-6)
    assert json.loads((place / "metrics.json").read_text())["run"] == str(place)
    assert TextClassifier.load(place).get_params() == fitted.get_params()
    assert report_run(place).page.is_file()
    with pytest.raises(OutputError, match="exists"):
        fitted.save(place)
    fitted.save(place, force=True)
    with pytest.raises(ModelError, match="No such run"):
        TextClassifier.load(tmp_path / "nosuch")


def test_a_run_that_was_trained_by_command_becomes_an_estimator(trained_run):
    estimator = TextClassifier.load(trained_run)
    assert estimator.classes_.tolist() == ["negative", "positive"]
    np.testing.assert_array_equal(estimator.predict(TEXTS), Classifier.load(trained_run).predict(TEXTS))


def test_a_fitted_one_is_not_pickled_and_says_what_to_do(few_steps, fitted):
    again = pickle.loads(pickle.dumps(few_steps()))
    assert again.get_params() == few_steps().get_params()
    with pytest.raises(OutputError, match="not pickled") as raised:
        pickle.dump(fitted, io.BytesIO())
    assert "save(folder)" in raised.value.hint


def test_temporary_folders_go_with_the_estimator(few_steps, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    estimator = few_steps().fit(TEXTS, NAMES)
    with pytest.raises(ModelError):
        few_steps().set_params(model="./none").fit(TEXTS, NAMES)
    assert len(list((tmp_path / "temporary").glob("afina-*"))) == 1
    estimator.fit(TEXTS, NAMES)
    assert len(list((tmp_path / "temporary").glob("afina-*"))) == 1
    assert estimator.run_.root.is_dir()
    del estimator
    gc.collect()
    assert not list((tmp_path / "temporary").glob("afina-*"))


def test_it_is_quiet_unless_asked(few_steps, capfd):
    few_steps().fit([*TEXTS, " "], [*NAMES, "bad"])
    assert capfd.readouterr() == ("", "")
    few_steps(verbose=True).fit([*TEXTS, " ", TEXTS[0]], [*NAMES, "bad", NAMES[0]])
    out, err = capfd.readouterr()
    assert out == ""
    assert "Blank texts left out: 1" in err
    assert "repeat an earlier one's words and label: 1" in err
    assert "warning: No texts were held out" in err


def test_it_has_a_public_name():
    assert afina.TextClassifier is TextClassifier
