import json

import pytest

from afina.cli.platforms import _figures, _minutes


@pytest.fixture
def platforms(afina_command, reviews_csv, tiny_model):
    def run(*arguments):
        return afina_command("platforms", reviews_csv, "--model", tiny_model, "--epochs", "1", *arguments)

    return run


def test_the_table_has_this_machine_first_and_fits_a_terminal(platforms):
    code, out, err = platforms()
    assert code == 0, err
    lines = out.splitlines()
    table = lines[1 : next(i for i, line in enumerate(lines) if line.startswith("Minutes are of"))]
    assert max(map(len, table)) <= 120
    rows = [line.strip() for line in table if line.strip() and "─" not in line]
    first = next(i for i, row in enumerate(rows) if row.startswith("platform")) + 1
    assert rows[first].startswith("here")
    assert "measured" in rows[first]
    for name in ("Colab", "Kaggle", "Studio Lab *", "Lightning", "Spaces", "Paperspace", "Codespaces"):
        assert any(row.startswith(name) for row in rows), name
    kaggle = next(row for row in rows if row.startswith("Kaggle"))
    for cell in ("2 × T4", "16 GB", "12 h", "30 a week", "20 GB a version", "2026-09"):
        assert cell in kaggle
    assert "<0.1" in kaggle
    colab = next(row for row in rows if row.startswith("Colab"))
    assert "not stated" in colab


def test_below_the_table_stands_what_the_figures_rest_on(platforms):
    _, out, _ = platforms()
    assert "published fine-tunings reached" in out
    assert "* takes no new accounts: Amazon SageMaker Studio Lab." in out
    assert "Paperspace M4000: PyTorch from PyPI does not run on it" in out
    assert "nothing is trained in that" in out
    assert "last looked up on 2026-11-26" in out


def test_json_is_one_document(platforms):
    code, out, err = platforms("--json")
    assert code == 0
    document = json.loads(out)
    assert document["epochs"] == 1
    assert document["here"]["minutes"] > 0
    assert {"estimate", "as_of", "checked", "persistence"} <= set(document["platforms"][0])
    assert "Timing this machine" in err


def test_show_tells_all_facts_with_their_sources(afina_command):
    code, out, err = afina_command("platforms", "show", "Colab")
    assert code == 0, err
    for fact in ("Google Colab (free)", "NVIDIA T4 with 16 GB", "session: 12 h; idle: not stated", "phone: not stated"):
        assert fact in out
    assert (
        "https://research.google.com/colaboratory/faq.html (2026-09-24, as quoted by others; checked 2026-11-26)" in out
    )
    code, out, _ = afina_command("platforms", "show", "colab", "--json")
    assert json.loads(out)["title"] == "Google Colab (free)"


@pytest.mark.parametrize("name", ["local", "kaggle", "studiolab", "lightning", "spaces", "paperspace", "codespaces"])
def test_every_platform_can_be_shown(afina_command, name):
    code, out, err = afina_command("platforms", "show", name)
    assert code == 0, err
    assert "None" not in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["show", "kagle"], "did you mean kaggle?"),
        (["show"], "A platform is shown by its name"),
        (["sample", "kaggle"], "'kaggle' is left over"),
        (["sample", "--model", "destilbert"], "did you mean distilbert?"),
        (["sample", "--method", "ful"], "did you mean full?"),
        (["nowhere.csv"], "No such file"),
    ],
)
def test_bad_input_is_one_sentence(afina_command, arguments, expected):
    code, out, err = afina_command("platforms", *arguments)
    assert code == 2
    assert out == ""
    assert expected in err
    assert "Traceback" not in err


def test_an_estimate_is_told_with_its_range():
    estimate = {"fits": True, "minutes": 5.44, "low": 3.87, "high": 12.3, "reasons": []}
    assert _minutes(estimate) == "5.4 (3.9–12)"
    assert _minutes({**estimate, "fits": False, "reasons": ["does not fit: training takes 20 GB"]}) == "does not fit"
    assert _minutes({**estimate, "minutes": None}) == "–"
    assert _minutes({**estimate, "minutes": 1200, "low": 540, "high": 3000}) == "20 h (9–50 h)"


def test_minutes_are_told_with_two_figures():
    assert [_figures(minutes) for minutes in (0.012, 0.123, 5.44, 54.3, 231.0, 12_345.0)] == [
        "<0.1",
        "0.12",
        "5.4",
        "54",
        "230",
        "12,000",
    ]
