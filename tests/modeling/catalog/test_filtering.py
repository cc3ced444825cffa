"""Filters of the catalog, and what they refuse."""

from __future__ import annotations

import pytest

from afina.errors import ConfigError
from afina.modeling import filter_models, parse_count, read_catalog


def test_filters_leave_what_has_all_that_is_asked_for():
    entries = read_catalog()
    bert = filter_models(entries, family="BERT")
    assert bert
    assert {entry.family for entry in bert.values()} == {"bert"}
    spanish = filter_models(entries, language="es")
    assert {"beto", "xlm-roberta"} <= set(spanish)
    assert "bert" not in spanish
    many = filter_models(entries, language="multilingual")
    assert "xlm-roberta" in many
    assert "beto" not in many
    small = filter_models(entries, max_parameters=entries["minilm"].figures.parameters)
    assert {"minilm", "bert-tiny"} <= set(small)
    assert "bert" not in small
    assert filter_models(entries, family="bert", licence="mit", language="es") == {}
    assert filter_models(entries) == entries


@pytest.mark.parametrize(
    ("asked", "known", "hint"),
    [
        ({"family": "brt"}, "bert", "did you mean bert?"),
        ({"licence": "apache"}, "mit", "did you mean apache-2.0?"),
        ({"language": "fr"}, "en", "--language multilingual"),
        ({"family": "zzz"}, "bert", ""),
    ],
)
def test_what_no_model_has_is_refused_with_what_there_is(asked, known, hint):
    with pytest.raises(ConfigError) as caught:
        filter_models(read_catalog(), **asked)
    assert known in str(caught.value).partition(";")[2]
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "count"),
    [("50M", 50_000_000), ("0.1B", 100_000_000), ("50000000", 50_000_000), ("50_000_000", 50_000_000),
     (" 1.5 k ", 1500), ("110,000,000", 110_000_000)],
)  # fmt: skip
def test_numbers_of_parameters(text, count):
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "M", "-5M", "50 T", "0", "50MM", "nan", "1e6"])
def test_what_is_no_number_of_parameters(text):
    with pytest.raises(ConfigError, match="Not a number of parameters"):
        parse_count(text)
