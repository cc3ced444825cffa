from __future__ import annotations

import copy
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.pages.explanation_document import EXPLAINED
from tests.pages.ladder_document import LADDER
from tests.pages.matrix_document import GRID
from tests.pages.page_reader import HOSTILE, Page, poison

from afina.errors import OutputError
from afina.pages import render, write_page

LENGTHS = {
    "unit": "words", "mean": 17.8, "min": 1, "p5": 5, "p25": 12, "median": 17, "p75": 24, "p95": 32, "max": 440,
    "histogram": {"edges": [0, 100, 200, 300], "counts": [40, 20, 7]}, "share_truncated": None,
}  # fmt: skip
INSPECTED: dict[str, Any] = {
    "source": "reviews.csv", "columns": {"text": "body", "title": "head", "label": "stars"}, "rows": 12345,
    "texts": 12001, "blank": 344, "unlabelled": 7, "sampled": {"kept": 12345, "of": 99999},
    "set_aside": [{"reason": "neutral", "rows": 55}],
    "rejected": {"rows": 1, "examples": [{"file": "f.csv", "place": "line 9", "reason": "ragged", "content": "a,b,c"}]},
    "messages": ["read as cp1252"], "order": {"sorted_by_label": True, "runs": 2}, "imbalance": 4.0,
    "labels": [
        {"label": "negative", "texts": 2400, "share": 0.2, "median_words": 18.5},
        {"label": "positive", "texts": 9601, "share": 0.8, "median_words": 16},
    ],
    "lengths": {
        "words": LENGTHS,
        "tokens": {**LENGTHS, "unit": "tokens", "tokenizer": "minilm",
                   "share_truncated": {"128": 0.31, "256": 0.1234, "512": 0.0}},
    },
    "duplicates": {"exact": 98, "exact_after_cleaning": 99, "near": 20, "clusters": 115,
                   "cluster_sizes": {"2": 111, "3": 4},
                   "largest": [{"size": 3, "labels": {"negative": 2, "none": 1}, "texts": ["repeated text"]}]},
    "conflicts": {"groups": 1, "rows": 2, "examples": [{"texts": [{"text": "so so", "label": "negative", "row": 3},
                                                                  {"text": "so so", "label": "positive", "row": 8}]}]},
    "odd": [{"what": "HTML tags", "rows": 6, "share": 0.0005, "examples": ["<b>bold</b>"]}],
    "languages": {"looked_at": 5000, "told": 4000, "found": [{"language": "en", "texts": 3900, "share": 0.975}],
                  "others": [{"language": "es", "text": "una maravilla"}]},
    "telling_words": {"negative": [{"word": "awful", "z": 9.5, "count": 40, "elsewhere": 1}],
                      "positive": [{"word": "lovely", "z": 8.1, "count": 33, "elsewhere": 2}]},
    "examples": {"negative": ["it was awful"], "positive": ["it was lovely"]},
    "advice": ["Rows are sorted: use `afina data split`"],
    "leakage": {"against": "test.csv", "exact": 139, "near": 11, "share": 0.172, "texts_against": 150,
                "exact_against": 139, "near_against": 11, "share_against": 1.0, "contradicting_labels": 2,
                "examples": [{"kind": "near", "text": "a good film", "label": "positive", "match": "a fine film",
                              "match_label": None, "similarity": 0.91, "row": 4, "match_row": 6}]},
}  # fmt: skip


def kept(share: float) -> dict[str, Any]:
    return {"share": share, "kept": int(share * 20), "of": 20, "lost": ["ño"], "pieces": {"isn't": ["isn", "'", "t"]}}


def tokenizer(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "type": "WordPiece", "trained_here": True, "vocabulary": 30522, "added_tokens": 5,
        "lowercases": True, "fertility": 1.12, "characters_per_token": 4.47, "share_whole_words": 0.921,
        "unknown_rate": 0.074, "share_words_lost": 0.087, "p5": 16, "p25": 28, "median_tokens": 37, "p75": 55,
        "p95": 114, "max": 179, "limit": 128, "share_truncated": 0.021, "share_tokens_truncated": 0.0097,
        "padding": {"batched": 0.082, "fixed": 0.629}, "texts_per_second": 13469.6,
        "survival": {kind: kept(0.75) for kind in ("negations", "emoji", "numbers", "accents", "case")}, **more,
    }  # fmt: skip


MATRIX = {"names": ["minilm", "bpe"], "matrix": [[1.0, 0.36], [0.36, 1.0]]}
COMPARED: dict[str, Any] = {
    "source": "sample", "texts": 1145, "trained_on": 1146, "held_out": True, "words": 41271, "max_tokens": 128,
    "cores": 2, "notes": ["bpe: the texts give 6,997 tokens"], "definitions": {"fertility": "tokens by word",
                                                                             "survival": {"case": "US, us"}},
    "tokenizers": [tokenizer("minilm"), tokenizer("bpe", fertility=1.25, unknown_rate=0.0)],
    "boundary_agreement": MATRIX, "words_cut_alike": MATRIX, "vocabulary_overlap": MATRIX,
    "segmentations": [{"text": "Not good 😡", "by": {
        "minilm": [["Not", "word"], [" ", "space"], ["go", "piece"], ["od", "piece"], [" ", "space"],
                   ["😡", "unknown"]],
        "bpe": [["Not", "word"], [" good", "word"], [" 😡", "shared"], ["", "shared"], ["!", "dropped"]]}}],
    "effect": {
        "minutes": 3, "train": 1900, "dev": 200, "test": 555,
        "baseline": {"name": "TF-IDF", "accuracy": {"value": 0.755, "low": 0.72, "high": 0.79}},
        "scratch": {"seeds": 3, "models": [{
            "tokenizer": "bpe", "accuracy": {"value": 0.81234, "low": 0.78, "high": 0.84}, "epochs": 12.25,
            "behind_best": {"value": 0.0123, "low": -0.01, "high": 0.03}, "by_seed": [0.8, 0.82], "parameters": 987654,
            "share_truncated": 0.0}]},
        "pretrained": [{"model": "minilm", "accuracy": {"value": 0.91, "low": 0.89, "high": 0.93}, "epochs": 2,
                        "seconds": 61.4}, {"model": "bert", "failed": "No network"}],
    },
}  # fmt: skip


def trial(number: int, **more: Any) -> dict[str, Any]:
    return {
        "number": number, "state": "complete", "is_default": number == 0, "value": 0.31 - 0.01 * number,
        "accuracy": 0.87, "dev_log_loss": {"1": 0.5, "2": 0.4}, "seconds": 41.5, "fit_seconds": 40.0, "reason": None,
        "params": {"learning_rate": 5e-05, "epochs": 3.2, "batch_tokens": 1024}, **more,
    }  # fmt: skip


SCORES = {
    name: {"value": 0.91, "low": 0.88, "high": 0.93} for name in ("accuracy", "f1", "precision", "recall", "matthews")
}
TUNED: dict[str, Any] = {
    "source": "reviews.csv", "model": "minilm", "objective": "log loss of the dev texts",
    "trial_size": {"texts": 900, "dev_texts": 400, "seconds": 60.0, "of_texts": 6228},
    "study": {"name": "reviews-minilm", "storage": "sqlite:///x.db", "complete": 2, "pruned": 1, "failed": 1},
    "space": {name: {"low": 1, "high": 9, "default": 4} for name in ("learning_rate", "epochs", "batch_tokens")},
    "trials": [trial(0), trial(1), trial(2, state="pruned", value=None, accuracy=None),
               trial(3, state="failed", value=None, dev_log_loss={}, reason="The loss became infinite", params={})],
    "importances": {"learning_rate": 0.7, "epochs": 0.2, "batch_tokens": 0.1},
    "winner": {"number": 1, "is_default": False, "value": 0.3, "accuracy": 0.87, "params": {"learning_rate": 5e-05}},
    "search_verdict": "Trial 1 lowers the log loss", "verdict": "The model beats TF-IDF", "warnings": ["Too short"],
    "test": {"n": 872, "dataset": "test", **SCORES}, "baseline": {"name": "TF-IDF", **SCORES},
}  # fmt: skip
DOCUMENTS = {
    "explain.html.j2": EXPLAINED,
    "inspect.html.j2": INSPECTED,
    "ladder.html.j2": LADDER,
    "matrix.html.j2": GRID,
    "tokens.html.j2": COMPARED,
    "tuning.html.j2": TUNED,
}


@pytest.mark.parametrize("template", DOCUMENTS)
def test_a_page_is_well_formed_and_has_one_main_heading(template):
    page = Page(render(template, DOCUMENTS[template]))
    assert not page.wrong
    assert not page.open
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == tags.count("main") == tags.count("title") - tags.count("svg") == 1


@pytest.mark.parametrize("template", DOCUMENTS)
def test_a_page_asks_for_nothing_outside_and_runs_no_script(template):
    html = render(template, DOCUMENTS[template])
    page = Page(html)
    assert not {"script", "img", "iframe", "object", "embed"} & {tag for tag, _ in page.tags}
    assert all(value.startswith(("#", "data:")) for name in ("href", "src") for value in page.values(name))
    assert "@import" not in html
    assert set(re.findall(r"url\((.)", html)) <= {"#"}
    assert any(value.startswith("default-src 'none'") for value in page.values("content"))


@pytest.mark.parametrize("template", DOCUMENTS)
def test_every_link_and_reference_has_its_place_and_ids_are_used_once(template):
    page = Page(render(template, DOCUMENTS[template]))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    named = [*page.values("aria-labelledby"), *page.values("aria-describedby")]
    assert {value[1:] for value in page.values("href") if value.startswith("#")} | set(named) <= set(ids)


@pytest.mark.parametrize("template", DOCUMENTS)
def test_tables_have_captions_and_their_headings_a_scope(template):
    page = Page(render(template, DOCUMENTS[template]))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") >= 3
    assert all(attributes.get("scope") in ("row", "col") for tag, attributes in page.tags if tag == "th")


def test_the_inspect_page_shows_what_the_document_holds():
    page = Page(render("inspect.html.j2", INSPECTED))
    told = ("12,001", "12,345 rows drawn at random from 99,999", "neutral", "ragged", "read as cp1252", "12.3%",
            "repeated text", "so so", "<b>bold</b>", "una maravilla", "lovely", "it was awful", "afina data split",
            "139 stand exactly", "similarity 0.91", "4.0 to 1", "Rows are sorted by label", "2 pairs")  # fmt: skip
    assert [text for text in told if text not in page.text] == []
    assert [tag for tag, _ in page.tags].count("svg") == 5
    assert [tag for tag, _ in page.tags].count("mark") == 2
    sections = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert sections == [
        "source",
        "classes",
        "lengths",
        "duplicates",
        "leakage",
        "odd",
        "languages",
        "words",
        "examples",
    ]


def test_the_tokens_page_shows_what_the_document_holds():
    page = Page(render("tokens.html.j2", COMPARED))
    told = ("41,271", "1.12", "30,522", "92.1%", "7.4%", "62.9%", "75.0%", "15 of 20", "6,997", "tokens by word",
            "US, us", "0.812", "0.780 to 0.840", "0.012 -0.010 to 0.030", "987,654", "0.755", "61.4",
            "No network")  # fmt: skip
    assert [text for text in told if text not in page.text] == []
    assert [tag for tag, _ in page.tags].count("svg") == 10


def test_pieces_are_told_apart_without_colour_and_counted():
    html = render("tokens.html.j2", COMPARED)
    minilm, bpe = re.findall(r'<td class="pieces" dir="auto">(.*?)</td><td class="n">(\d+)</td>', html, re.DOTALL)
    assert minilm[1] == "4"
    assert bpe[1] == "4"
    assert re.sub(r"<[^>]+>", "", minilm[0]).strip("\n") == "Not good 😡"
    assert minilm[0].count('class="p b') == 2
    assert 'class="p b unknown"' in minilm[0]
    assert 'class="dropped"' in bpe[0]
    assert 'class="p b empty"' in bpe[0]


@pytest.fixture(scope="module")
def harmless() -> dict[str, set[str]]:
    """Names of all attributes that pages of harmless texts have."""
    pages = {name: Page(render(name, poison(document, "harmless"))) for name, document in DOCUMENTS.items()}
    return {name: {key for _, attributes in page.tags for key in attributes} for name, page in pages.items()}


@pytest.mark.parametrize("template", DOCUMENTS)
@pytest.mark.parametrize("text", HOSTILE, ids=["markup", "template", "control", "chinese", "long", "empty"])
def test_hostile_texts_in_every_place_stay_texts(template, text, harmless):
    html = render(template, poison(DOCUMENTS[template], text))
    html.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", html)
    page = Page(html)
    assert not page.wrong
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert {name for _, attributes in page.tags for name in attributes} <= harmless[template]
    assert ("7 * 7" in page.text) == ("7 * 7" in text)


@pytest.mark.parametrize("template", DOCUMENTS)
def test_a_document_may_have_nothing_in_the_place_of_any_key(template):
    for key, part in DOCUMENTS[template].items():
        for value in (part, None, [], {}):
            assert not Page(render(template, {key: value})).wrong, (key, value)


@pytest.mark.parametrize("template", DOCUMENTS)
def test_parts_of_a_document_may_lack_any_key(template):
    for key, part in DOCUMENTS[template].items():
        record = part[0] if isinstance(part, list) and part and isinstance(part[0], dict) else part
        for inner in record if isinstance(record, dict) else ():
            without = {k: v for k, v in record.items() if k != inner}
            # Each alone, for what stands and falls with it; beside the others it is drawn as it always is.
            for replaced in ({inner: None}, {inner: record[inner]}, {**dict.fromkeys(without), inner: record[inner]}):
                value = [replaced] if isinstance(part, list) else replaced
                assert not Page(render(template, {key: value})).wrong, (key, inner)


@pytest.mark.parametrize("template", DOCUMENTS)
def test_an_empty_document_gives_a_page(template):
    page = Page(render(template, {}))
    assert not page.wrong
    assert "svg" not in {tag for tag, _ in page.tags}


@pytest.mark.parametrize("template", DOCUMENTS)
def test_the_same_document_gives_the_same_page_and_is_left_as_it_was(template):
    before = copy.deepcopy(DOCUMENTS[template])
    assert render(template, DOCUMENTS[template]) == render(template, DOCUMENTS[template])
    assert before == DOCUMENTS[template]


def test_unknown_figures_are_told_to_be_unknown():
    page = Page(render("inspect.html.j2", {**INSPECTED, "lengths": {"words": LENGTHS, "tokens": None}}))
    assert "Lengths in tokens are not known" in page.text
    assert "No text repeats another" in Page(render("inspect.html.j2", {**INSPECTED, "duplicates": {"exact": 0}})).text


def test_a_page_is_written_into_a_folder_that_is_made(tmp_path: Path):
    place = tmp_path / "new" / "deep" / "page.html"
    write_page(place, "<p>año \ud800</p>", force=False)
    assert place.read_text(encoding="utf-8") == "<p>año ?</p>"
    assert [path.name for path in place.parent.iterdir()] == ["page.html"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(place.stat().st_mode) == 0o666 & ~umask


def test_an_existing_page_is_replaced_only_by_force(tmp_path: Path):
    place = tmp_path / "page.html"
    place.write_text("old", encoding="utf-8")
    with pytest.raises(OutputError, match="exists") as caught:
        write_page(place, "new", force=False)
    assert "--force" in (caught.value.hint or "")
    assert place.read_text(encoding="utf-8") == "old"
    write_page(place, "new", force=True)
    assert place.read_text(encoding="utf-8") == "new"
