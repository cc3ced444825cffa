"""What `afina train` says of its methods, and of what cannot be."""

import json
import shutil

import pytest
from safetensors.numpy import load_file, save_file


@pytest.fixture
def train(afina_command, tiny_model, reviews_csv, tmp_path):
    def call(*options, out="run"):
        return afina_command(
            "train", reviews_csv, "--model", tiny_model, "--max-steps", 3, "--precision", "fp32",
            "--out", tmp_path / out, *options,
        )  # fmt: skip

    return call


@pytest.mark.parametrize("method", ["full", "frozen", "head", "lora"])
def test_what_a_method_trains_and_takes_is_printed(train, method):
    code, out, err = train("--method", method)
    assert code == 0
    assert f"Method {method}" in err
    assert "million weights are trained; weights take" in err
    assert "MB of memory" in out
    assert "kernels" not in err


def test_the_options_of_methods_reach_the_run(train):
    code, out, _ = train(
        "--method", "lora", "--lora-rank", 2, "--lora-alpha", 4, "--lora-dropout", 0.1, "--lora-targets", "query,value",
        "--long-text", "windows", "--blend", "--json",
    )  # fmt: skip
    assert code == 0
    summary = json.loads(out)
    assert summary["method"] == "lora"
    assert summary["settings"]["long_text"] == "windows"
    assert summary["blend"]["weight"] >= 0
    assert 0 < summary["parameters"]["trained"] < summary["parameters"]["all"]


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("--freeze-layers", 99), 2, "The model has 2 layers, so 99 cannot be frozen"),
        (("--freeze-layers", "many"), 2, "give a number of layers, or auto"),
        (("--method", "full", "--freeze-layers", 1), 2, "--method full takes no --freeze-layers"),
        (("--method", "some"), 2, "modeling.method"),
        (("--method", "lora", "--lora-targets", "q_proj"), 2, "LoRA targets match nothing in a bert model: q_proj"),
        (("--method", "frozen", "--load-in-8bit"), 2, "held in 8 bits cannot be trained"),
        (("--load-in-8bit", "--load-in-4bit"), 2, "in 8 and in 4 bits at once"),
        (("--batch-tokens", 3), 2, "A batch of 3 tokens cannot hold one text of"),
        (("--precision", "fp16"), 2, "A CPU does not train in fp16"),
        (("--long-text", "middle"), 2, "tokenization.long_text"),
        (("--learning-rate", 1e30), 2, "training.learning_rate"),
    ],
)
def test_what_cannot_be_is_one_sentence(train, tmp_path, options, code, sentence):
    found, out, err = train(*options)
    assert (found, out) == (code, "")
    assert sentence in err.replace("\n", " ")
    assert "Traceback" not in err
    assert not list(tmp_path.glob("run*"))


def test_a_loss_that_is_infinite_is_one_sentence(train, tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "wild")
    weights = load_file(folder / "model.safetensors")
    weights["bert.encoder.layer.1.output.LayerNorm.weight"][:] = 3e38
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    code, out, err = train("--model", folder)
    assert (code, out) == (2, "")
    assert "The loss became infinite or not a number at step 1" in err
    assert "hint: lower --learning-rate" in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("run*"))


def test_a_budget_too_short_for_a_step_is_one_sentence(afina_command, tiny_model, reviews_csv, tmp_path):
    code, out, err = afina_command(
        "train", reviews_csv, "--model", tiny_model, "--budget", "0.5s", "--out", tmp_path / "run"
    )
    assert (code, out) == (4, "")
    assert "The budget is too short" in err
    assert "hint: give a longer --budget" in err
    assert not list(tmp_path.glob("run*"))
