import numpy as np
import pytest
from tests.conftest import write_reviews

from afina.data import load_dataset, split
from afina.errors import DataError
from afina.recipes.scratch_trial import Division, ScratchTrial
from afina.recipes.tokenizer_effect import measure_effect
from afina.recipes.tokenizer_names import parse_name, train_named

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def reviews(tmp_path):
    return write_reviews(tmp_path / "many.csv", 240)


@pytest.fixture
def trial(reviews):
    dataset, _ = load_dataset(str(reviews))
    division = Division(*split(dataset, (0.7, 0.1, 0.2), seed=0))
    return ScratchTrial(train_named(parse_name("wordlevel:300"), division.train.texts), division), division


def test_every_vocabulary_gets_the_same_number_of_operations(reviews):
    effect = measure_effect(str(reviews), ["wordlevel:300", "chars"], minutes=0.01)
    words, chars = effect["scratch"]["models"]
    assert [words["tokenizer"], chars["tokenizer"]] == ["wordlevel:300", "chars"]
    # A text has more characters than words, so that equal work reads it less often.
    assert words["epochs"] > chars["epochs"]
    assert words["parameters"] - words["embedding_parameters"] == chars["parameters"] - chars["embedding_parameters"]
    assert effect["train"] + effect["dev"] + effect["test"] == 240
    for row in (words, chars):
        assert len(row["by_seed"]) == effect["scratch"]["seeds"]
        assert row["accuracy"]["value"] == pytest.approx(np.mean(row["by_seed"]))
        assert row["accuracy"]["low"] <= row["accuracy"]["value"] <= row["accuracy"]["high"]
    behind = [row["behind_best"]["value"] for row in (words, chars)]
    assert min(behind) == 0
    assert max(behind) == pytest.approx(abs(words["accuracy"]["value"] - chars["accuracy"]["value"]))
    assert effect["pretrained"] == []


def test_a_small_encoder_learns_what_a_word_tells(trial):
    trial, division = trial
    predicted = trial.predictions(12 * trial.operations_per_epoch, seed=0)
    assert (predicted == division.test.label_ids).mean() > 0.9


def test_equal_seeds_give_equal_predictions(trial):
    trial, _ = trial
    first, again = (trial.predictions(trial.operations_per_epoch, seed=3) for _ in range(2))
    assert np.array_equal(first, again)


def test_operations_grow_with_attention(trial):
    trial, _ = trial
    size = trial.size
    tokens = trial.train.n_tokens
    assert trial.operations_per_epoch > 6 * (size.parameters - size.embedding_parameters) * tokens


def test_a_model_that_cannot_be_fine_tuned_in_time_does_not_cost_the_others_results(reviews, tiny_model):
    effect = measure_effect(str(reviews), [str(tiny_model)], minutes=0.05)
    assert len(effect["scratch"]["models"]) == 1
    (pretrained,) = effect["pretrained"]
    assert pretrained["model"] == str(tiny_model)
    assert "failed" in pretrained


@pytest.mark.slow
def test_a_pretrained_model_is_fine_tuned_with_its_own_tokenizer(reviews, tiny_model):
    effect = measure_effect(str(reviews), [str(tiny_model)], minutes=1)
    (pretrained,) = effect["pretrained"]
    assert pretrained["accuracy"]["low"] <= pretrained["accuracy"]["value"]
    assert pretrained["texts_trained_on"] > 0


def test_texts_without_labels_are_refused(tmp_path):
    path = tmp_path / "unlabelled.txt"
    path.write_text("one\ntwo\nthree\n")
    with pytest.raises(DataError, match="No label column"):
        measure_effect(str(path), ["chars"], minutes=0.05)
