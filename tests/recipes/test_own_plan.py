"""What a run plans for itself, and what it refuses before anything is loaded."""

from __future__ import annotations

from functools import partial

import pytest
from tests.planning.made_up import PACE, way
from tests.recipes.recorder import Recorder

from afina.config import load_config
from afina.data import load_dataset
from afina.errors import MachineLimitError, ModelError
from afina.modeling import load_pretrained
from afina.planning.choices import Choice, Task
from afina.recipes import fine_tune, own_plan
from afina.recipes.own_plan import check_memory, is_open, plan_own, with_choice

TASK = Task(n_train=48, n_dev=6, n_test=6, characters=40.0, test_characters=40.0, source_characters=2_400.0)


def settings(**given):
    return load_config(options={name.replace("__", "."): value for name, value in given.items()})[0]


def choice(method="frozen", **changes):
    training = way(method, **{"frozen_layers": 1, "evaluations": 6, "batch_tokens": 512, **changes})
    return Choice("model", training, 64, 24, 3e-4, 1.0, 20.0, 500.0, 1e4, 1.0, 1.0)


@pytest.fixture
def plan_here(tiny_model, reviews_csv, monkeypatch):
    """Plan for the loaded tiny model, whose pace is made up, with so many seconds left."""
    texts = load_dataset(str(reviews_csv))[0]
    loaded = load_pretrained(str(tiny_model), texts.labels, seed=0)

    def run(seconds, pace=PACE, **given):
        monkeypatch.setattr(own_plan, "measure_pace", lambda config, **options: pace)
        config = settings(**given)
        return plan_own(config, loaded, texts, TASK, seconds_left=seconds, precision="fp32", on_cpu=True)

    return run


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"training__epochs": 2.0, "tokenization__max_tokens": 64, "modeling__lora_rank": 4}, True),
        ({"modeling__method": "full"}, False),
        ({"modeling__freeze_layers": 0}, False),
        ({"modeling__freeze_layers": "auto"}, False),
        ({"modeling__load_in_4bit": True}, False),
    ],
)
def test_the_method_is_open_where_no_setting_says_anything_on_it(given, expected):
    assert is_open(settings(**given)) is expected


def test_with_time_enough_all_layers_are_trained_on_all_texts(plan_here):
    found = plan_here(1_000)
    assert (found.method, found.train_texts) == ("full", TASK.n_train)
    assert found.max_tokens <= 64  # positions of the model


def test_the_head_alone_is_never_chosen_and_with_hardly_any_time_something_still_is(plan_here):
    slow = PACE.scaled(1e4)
    methods = {plan_here(seconds, pace).method for seconds in (0.1, 10, 40, 100) for pace in (PACE, slow)}
    assert "head" not in methods
    assert methods <= {"full", "frozen", "lora"}
    assert plan_here(0.1, slow).train_texts < TASK.n_train


def test_where_memory_holds_no_way_none_is_chosen(plan_here, monkeypatch):
    monkeypatch.setattr(own_plan, "free_memory_mb", lambda: 100.0)
    assert plan_here(1_000) is None


def test_what_was_left_open_is_filled_in_and_nothing_else():
    filled = with_choice(settings(), choice())
    assert (filled.modeling.method, filled.modeling.freeze_layers) == ("frozen", 1)
    assert (filled.tokenization.max_tokens, filled.tokenization.batch_tokens) == (64, 512)
    assert filled.training.evaluations == 6
    # The loaded model tells better how many texts and epochs there is time for.
    assert filled.training.epochs is filled.training.learning_rate is filled.data.train_texts is None
    assert filled.modeling.name == "minilm"


def test_what_was_given_is_kept():
    given = settings(
        tokenization__max_tokens=32, tokenization__batch_tokens=100, training__evaluations=2, training__epochs=5.0,
        training__learning_rate=1e-3, data__train_texts=10, modeling__dropout=0.2, data__source="mine.csv",
    )  # fmt: skip
    expected = given.model_dump()
    expected["modeling"] |= {"method": "lora"}
    assert with_choice(given, choice("lora", frozen_layers=0)).model_dump() == expected


def test_models_that_fit_and_those_that_only_loading_can_judge_are_let_pass(tiny_model):
    for name in (str(tiny_model), "minilm", "bert", "nobody/nothing", "distlbert", "no/such/folder"):
        check_memory(settings(modeling__name=name), TASK)


def test_memory_is_asked_for_what_is_trained(monkeypatch):
    def refused(free_mb, **given):
        monkeypatch.setattr(own_plan, "free_memory_mb", lambda: free_mb)
        try:
            check_memory(settings(modeling__name="bert", **given), TASK)
        except MachineLimitError:
            return True
        return False

    # 110 million weights: 0.4 GB as they are, and 1.4 GB more for gradients and moments of those in layers.
    assert refused(1_600)
    assert not refused(1_700, modeling__method="head")
    assert refused(1_700, modeling__method="lora")
    assert not refused(2_000)
    assert not refused(2_000, modeling__method="lora")
    assert refused(2_000, modeling__method="frozen")
    assert not refused(2_000, modeling__method="frozen", modeling__freeze_layers=10)
    assert refused(2_500, modeling__method="full")
    assert not refused(3_200, modeling__method="full")
    # What bits take is known only once they are loaded.
    assert not refused(100, modeling__load_in_8bit=True)


def test_a_model_that_cannot_fit_is_refused_before_its_weights_are_looked_for(giant, reviews_csv, tmp_path):
    config, origins = load_config(
        options={"data.source": str(reviews_csv), "modeling.name": giant, "out": str(tmp_path / "run")}
    )
    reporter = Recorder()
    with pytest.raises(MachineLimitError, match=r"does not fit: training it takes at least [\d,]+\.\d GB") as caught:
        fine_tune(config, origins=origins, reporter=reporter)
    assert giant in str(caught.value)
    assert "afina models --max-params" in caught.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["giant", "home", "reviews.csv"]


def test_a_model_that_fits_has_its_weights_looked_for(giant, reviews_csv, tmp_path, monkeypatch):
    monkeypatch.setattr(own_plan, "free_memory_mb", partial(float, 1e9))
    config = settings(data__source=str(reviews_csv), modeling__name=giant, out=str(tmp_path / "run"))
    with pytest.raises(ModelError, match="no weights in safetensors"):
        fine_tune(config)


def test_the_command_line_ends_with_the_code_of_a_limit_and_one_sentence(afina_command, giant, reviews_csv, tmp_path):
    code, out, err = afina_command("train", reviews_csv, "--model", giant, "--out", "run")
    assert (code, out) == (4, "")
    told = " ".join(err.split())
    assert "does not fit: training it takes at least" in told
    assert "GB are free" in told
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()
