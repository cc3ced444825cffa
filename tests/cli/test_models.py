"""`afina models` as a user types it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from tests.modeling.catalog.test_reading import MINE

from afina.cli import _console
from afina.modeling import read_catalog


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(MINE, encoding="utf-8")
    return path


@pytest.fixture
def names(afina_command):
    """Names that are left by filters."""

    def call(*filters):
        code, out, err = afina_command("models", *filters, "--json")
        assert code == 0, err
        return [model["name"] for model in json.loads(out)["models"]]

    return call


def test_the_table_tells_what_is_known_and_what_the_hub_would_be_needed_for(afina_command):
    code, out, err = afina_command("models")
    assert (code, err) == (0, "")
    roberta = next(line.split() for line in out.splitlines() if line.startswith("roberta"))
    entry = read_catalog()["roberta"]
    figures = entry.figures
    assert roberta[1:4] == [
        f"{figures.parameters / 1e6:.1f}", f"{figures.embedding_parameters / 1e6:.1f}", "12×768",
    ]  # fmt: skip
    assert roberta[-1] == "–"
    assert f"{entry.sst2.accuracy:.1f}" in roberta
    assert next(line for line in out.splitlines() if line.startswith("minilm ")).split()[-1] == "yes"
    n_models = len(read_catalog())
    assert f"Not here yet: {n_models - 1} of {n_models}." in out
    assert "would need the Hugging Face Hub when first used" in out


@pytest.mark.parametrize("width", [60, 80, 100, 130, 160, 400])
def test_the_table_is_as_wide_as_the_terminal_and_says_what_it_leaves_out(afina_command, monkeypatch, width):
    monkeypatch.setattr(_console.stdout, "width", width)
    _, out, _ = afina_command("models")
    table = out.partition("\n\n")[0].splitlines()
    assert max(map(len, table)) <= width
    assert len(table) == 3 + len(read_catalog())  # no row runs over two lines
    headings = table[1]
    assert ("good for" in headings) == (width == 400)
    assert ("In a wider terminal" in out) == (width < 400)
    if width >= 100:
        assert all(heading in headings for heading in ("tokenizer", "cased", "context", "languages", "SST-2", "here"))
    assert all(heading in headings for heading in ("name", "weights", "layers", "MB", "here"))


def test_json_holds_every_field_and_whether_a_model_is_here(afina_command):
    code, out, _ = afina_command("models", "--json")
    assert code == 0
    models = json.loads(out)["models"]
    assert [model["name"] for model in models] == list(read_catalog())
    for model, entry in zip(models, read_catalog().values(), strict=True):
        assert model == {**entry.model_dump(mode="json"), "local": entry.name == "minilm"}


def test_filters(names):
    assert set(names("--family", "roberta")) == {"roberta", "distilroberta"}
    assert "beto" in names("--language", "es")
    assert "bert" not in names("--language", "es")
    assert names("--max-params", "5M") == names("--max-params", "0.005B") == ["bert-tiny"]
    assert set(names("--licence", "MIT")) == {name for name, e in read_catalog().items() if e.licence == "mit"}
    assert names("--family", "bert", "--language", "es") == ["beto"]


def test_filters_that_leave_nothing_say_so(afina_command, names):
    code, out, _ = afina_command("models", "--family", "roberta", "--max-params", "5M")
    assert code == 0
    assert out == "No model of the catalog is left by --family roberta --max-params 5M\n"
    assert names("--family", "roberta", "--max-params", "5M") == []


@pytest.mark.parametrize(
    ("arguments", "sentence", "hint"),
    [
        (("--family", "robreta"), "No model of the catalog has the family 'robreta'; families are albert", "roberta?"),
        (("--language", "xx"), "languages are en, es, multilingual", "--language multilingual"),
        (("--licence", "mti"), "No model of the catalog has the licence 'mti'", "did you mean mit?"),
        (("--max-params", "many"), "Not a number of parameters: 'many'", "as in 50M"),
        (("--fits", "soon"), "--fits takes a time above 0, got 'soon'", "15m"),
        (("--fits", "0"), "--fits takes a time above 0, got '0'", "15m"),
        (("--on", "sample"), "--on names the texts that --fits is about", "--fits 15m"),
        (("--catalog", "none.toml"), "No such catalog file: none.toml", "hint"),
        (("--catalog", "."), "is a folder", "give a .toml file"),
        (("--json", "show", "bert"), "--json is no option of `afina models show` where it stands", "show NAME"),
        (("show", "brt"), "No model of the catalog is called 'brt'", "did you mean"),
        (("show", "zzzzz"), "No model of the catalog is called 'zzzzz'", "known are albert"),
    ],
)  # fmt: skip
def test_bad_input_is_a_sentence_and_a_hint(afina_command, arguments, sentence, hint):
    code, out, err = afina_command("models", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert hint in err or hint == "hint"


def test_a_catalog_with_an_error_on_line_12(afina_command, mine):
    mine.write_text(MINE.replace("[mine.config]", "[mine.config"), encoding="utf-8")
    for arguments in (("models",), ("models", "show", "bert"), ("train", "--model", "mine")):
        code, out, err = afina_command(*arguments, "--catalog", mine)
        assert (code, out) == (2, "")
        assert "has an error on line 12: " in err


def test_a_users_catalog_is_laid_over_the_shipped_one(afina_command, mine, names):
    assert names("--catalog", mine) == [*read_catalog(), "mine"]
    assert "mine" in names("--catalog", mine, "--max-params", "1M")
    code, out, _ = afina_command("models", "show", "mine", "--catalog", mine)
    assert code == 0
    assert f"afina train --model mine --catalog {mine}" in out


def test_a_model_of_a_users_catalog_is_trained(afina_command, mine, reviews_csv, tiny_model, tmp_path, monkeypatch):
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    shutil.copytree(tiny_model, cache / "models--me--mine" / "snapshots" / ("0" * 40))
    mine.write_text(MINE.replace("family =", f'revision = "{"0" * 40}"\nfamily =', 1), encoding="utf-8")
    arguments = ("train", reviews_csv, "--model", "mine", "--catalog", mine, "--max-steps", "2", "--json")
    code, out, err = afina_command(*arguments)
    assert code == 0, err
    assert json.loads(out)["model"] == "mine"


def test_show_explains_one_model_with_its_sources(afina_command):
    code, out, _ = afina_command("models", "show", "distilbert")
    assert code == 0
    entry = read_catalog()["distilbert"]
    for expected in (
        f"distilbert: {entry.hub}", entry.good_for, entry.objective, entry.sst2.source, entry.revision,
        "takes capitals for small letters", f"{entry.download_mb:,.0f} MB would be downloaded",
        "afina train --model distilbert",
    ):  # fmt: skip
        assert expected in out.replace("\n", " ") or expected in out
    assert "it needs no network" in afina_command("models", "show", "minilm")[1]


def test_show_json_tells_the_memory_of_weights_gradients_and_moments(afina_command):
    _, out, _ = afina_command("models", "show", "FacebookAI/roberta-base", "--json")
    model = json.loads(out)
    figures = model["figures"]
    assert model["name"] == "roberta"
    assert model["memory_mb"]["weights"] == pytest.approx(figures["parameters"] * 4e-6, abs=0.1)
    assert model["memory_mb"]["training_all"] == pytest.approx(figures["parameters"] * 16e-6, abs=0.1)
    frozen = figures["parameters"] * 16e-6 - figures["embedding_parameters"] * 12e-6
    assert model["memory_mb"]["training_above_embeddings"] == pytest.approx(frozen, abs=0.1)


@pytest.mark.slow
def test_models_that_fit_a_time_are_forecast_and_the_others_told_apart(afina_command):
    arguments = ("models", "--max-params", "5M", "--json", "--fits")
    code, out, err = afina_command(*arguments, "15m")
    assert code == 0, err
    document = json.loads(out)
    assert [model["name"] for model in document["models"]] == ["bert-tiny"]
    forecast = document["models"][0]["fits"]
    assert forecast["fits"]
    assert forecast["seconds"] > 0
    assert document["rejected"] == []
    code, out, err = afina_command(*arguments, "1s")
    assert code == 0, err
    document = json.loads(out)
    assert document["models"] == []
    assert [model["name"] for model in document["rejected"]] == ["bert-tiny"]
    assert document["rejected"][0]["why"]


def test_the_table_needs_no_torch():
    program = (
        "import sys\n"
        "from afina.cli import app\n"
        "sys.argv = ['afina', 'models', '--family', 'bert']\n"
        "try:\n    app.run()\n"
        "except SystemExit as stopped:\n    assert not stopped.code\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'datasets'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "bert-tiny" in done.stdout
