"""A user's catalog over the shipped one, and the sentence, with its line, for each way to get it wrong."""

from __future__ import annotations

import tomllib

import pytest

from afina.errors import ConfigError
from afina.modeling import outline_of, read_catalog
from afina.modeling.catalog.lines import line_of

MINE = """\
# Models of our own.
[mine]
hub = "me/mine"
family = "bert"
tokenizer = "WordPiece"
cased = false
objective = "masked language model"
languages = ["en"]
licence = "mit"
good_for = "Tests."

[mine.config]
model_type = "bert"
hidden_size = 32
num_hidden_layers = 2
num_attention_heads = 2
intermediate_size = 64
vocab_size = 100
max_position_embeddings = 64
"""
FIGURES = """
[mine.figures]
parameters = 23_586
embedding_parameters = 5_376
layers = 2
width = 32
vocabulary = 100
context = 64
"""
SECOND = MINE.replace("[mine", "[second").replace("me/mine", "me/second")


@pytest.fixture
def catalog(tmp_path):
    def write(text, **options):
        path = tmp_path / "my.toml"
        path.write_text(text, **{"encoding": "utf-8", **options})
        return path

    return write


def refused(path) -> ConfigError:
    """The one sentence that a file is refused with."""
    with pytest.raises(ConfigError) as caught:
        read_catalog(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return caught.value


def test_the_shipped_catalog_has_the_names_that_runs_were_made_with():
    names = list(read_catalog())
    assert names[0] == "minilm"
    assert {"albert", "bert", "distilbert", "electra", "gpt2", "opt", "roberta", "xlnet"} <= set(names)


def test_new_names_come_last_and_known_ones_are_replaced_where_they_stand(catalog):
    bert = MINE.replace("[mine", "[bert")
    entries = read_catalog(catalog(MINE + bert))
    assert list(entries) == [*read_catalog(), "mine"]
    assert entries["bert"].hub == entries["mine"].hub == "me/mine"
    assert read_catalog()["bert"].hub != "me/mine"


def test_figures_that_are_left_out_follow_from_the_config(catalog):
    entry = read_catalog(catalog(MINE))["mine"]
    outline = outline_of(entry.config)
    assert entry.figures.parameters == outline.weights
    assert entry.figures.embedding_parameters == outline.embedding_weights == 32 * (100 + 64 + 2 + 2)
    assert (entry.figures.layers, entry.figures.width, entry.figures.vocabulary, entry.figures.context) == (
        2, 32, 100, 64,
    )  # fmt: skip


def test_figures_that_are_given_are_taken_where_they_are_right(catalog):
    assert read_catalog(catalog(MINE + FIGURES)) == read_catalog(catalog(MINE))


def test_a_wrong_figure_is_named_with_its_line(catalog):
    error = refused(catalog(MINE + FIGURES.replace("width = 32", "width = 33")))
    assert "error on line 25: mine.figures.width: 33 is given, and 32 follows from its config" in str(error)


def test_a_figure_that_the_config_gives_and_the_file_does_not(catalog):
    error = refused(catalog(MINE + FIGURES.replace("context = 64", "")))
    assert "error on line 21: mine.figures.context: none is given, and 64 follows" in str(error)


@pytest.mark.parametrize(
    ("given", "instead", "expected"),
    [
        ("[mine.config]", "[mine.config", "error on line 12: Expected"),
        ("[mine.config]", "[mine", "error on line 12"),
        ("licence = \"mit\"", "licence = mit", "error on line 9: Invalid value"),
        ("vocab_size = 100", "hidden_size = 4", "error on line 18: Cannot overwrite"),
        ("licence = \"mit\"\n", "", "error on line 2: mine has no licence"),
        ("cased = false", "cased = \"perhaps\"", "error on line 6: mine.cased: input should be a valid boolean"),
        ("WordPiece", "Words", "error on line 5: mine.tokenizer: input should be 'WordPiece'"),
        ("licence =", "license =", "error on line 2: mine has no licence (1 more error)"),
        ("good_for =", "revision = \"newest\"\ngood_for =", "error on line 10: mine.revision: string should match"),
        ("[mine.config]", "[mine.sst2]\naccuracy = 910\nsource = \"us\"\n[mine.config]", "error on line 13: mine.sst2"),
        ("languages = [\"en\"]", "languages = [\n  \"en\",\n  3,\n]", "error on line 8: mine.languages"),
        ("[mine]", "[mine]\nname = \"mine\"", "error on line 3: mine: a model is named by its table alone"),
        ("[mine", "[\"My model\"", "error on line 2: 'My model' is no name for a model"),
        ("me/mine", "mine", "error on line 3: mine.hub: 'mine' is no model of the Hugging Face Hub"),
        ("me/mine", "./me", "error on line 3: mine.hub: './me' is no model of the Hugging Face Hub"),
        ("family = \"bert\"", "family = \"bort\"", "error on line 4: mine.family: 'bort' is not the model_type"),
        ("hidden_size = 32\n", "", "error on line 12: The config of 'mine' lacks hidden_size"),
        ("num_attention_heads = 2", "num_attention_heads = 5", "error on line 12: "),
        ("model_type = \"bert\"", "model_type = \"bort\"", "error on line 12: Unknown family of models: 'bort'"),
        ("# Models of our own.", "version = 3", "error on line 1: version is a value and no model"),
    ],
)  # fmt: skip
def test_an_error_is_told_with_its_line(catalog, given, instead, expected):
    assert given in MINE
    assert expected in str(refused(catalog(MINE.replace(given, instead))))


def test_a_misspelt_field_is_told_with_the_known_one(catalog):
    error = refused(catalog(MINE.replace("[mine.config]", "donwload_mb = 3\n[mine.config]")))
    assert "error on line 12: mine.donwload_mb: no such field" in str(error)
    assert error.hint == "did you mean download_mb?"


def test_the_first_error_is_told_and_the_others_are_counted(catalog):
    wrong = SECOND.replace('licence = "mit"', "licence = 3") + MINE.replace("cased = false", "cased = 3")
    error = refused(catalog(wrong.replace("hidden_size = 32\n", "", 1)))
    assert "error on line 9: second.licence: input should be a valid string, got 3 (2 more errors)" in str(error)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_and_line_ends_of_another_system_are_no_error(catalog, newline):
    path = catalog(MINE, encoding="utf-8-sig", newline=newline)
    assert "mine" in read_catalog(path)
    path = catalog(MINE.replace("cased = false", "cased = 3"), encoding="utf-8-sig", newline=newline)
    assert "line 6: mine.cased" in str(refused(path))


def test_files_that_cannot_be_read(catalog, tmp_path):
    assert "No such catalog file" in str(refused(tmp_path / "none.toml"))
    assert "is a folder" in str(refused(tmp_path))
    assert "is not text in UTF-8" in str(refused(catalog(MINE, encoding="utf-16")))


def test_an_empty_file_adds_nothing(catalog):
    assert read_catalog(catalog("")) == read_catalog()


TRAPS = '''\
# a = 1
[one]
note = """
[two]
a = 1
"""
a.b = { c = 2, d = [
  1,
] }

[two]
"odd key" = [
  "a = 1",
  # a = 1
]
a = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("one",), 2), (("one", "note"), 3), (("one", "a"), 7), (("one", "a", "b", "d"), 7), (("two",), 11),
        (("two", "odd key"), 12), (("two", "a"), 16), (("two", "missing"), 11), (("three",), 1), ((), 1),
    ],
)  # fmt: skip
def test_lines_are_those_of_the_parser_and_not_of_what_looks_alike(path, line):
    tomllib.loads(TRAPS)
    assert line_of(TRAPS, path) == line
