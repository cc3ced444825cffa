from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.full_run import LABELS, write_full_run
from tests.pages.page_reader import HOSTILE, Page, poison

from afina.pages import GENERATOR, render, render_report
from afina.pages.report import draw_report_figures
from afina.recipes.run_report import report_document
from afina.run_folder import RunFolder

SECTIONS = ["results", "elsewhere", "calibration", "behaviour", "mistakes", "asked", "data", "tokens", "training",
            "time", "reproduce", "terms"]  # fmt: skip


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = write_full_run(tmp_path_factory.mktemp("matrix") / "runs" / "books-minilm")
    return report_document(RunFolder(root))


@pytest.fixture(scope="module")
def rendered(document) -> tuple[str, dict[str, str]]:
    return render_report(document)


@pytest.fixture(scope="module")
def page(rendered) -> Page:
    return Page(rendered[0])


def sections(page: Page) -> list[str | None]:
    return [attributes["id"] for tag, attributes in page.tags if tag == "section"]


def test_a_full_run_fills_every_section_and_figure(page, rendered):
    assert sections(page) == SECTIONS
    assert set(rendered[1]) == {
        "labels", "lengths", "loss", "dev-accuracy", "learning-rate", "time", "accuracy", "seeds", "confusion", "roc",
        "precision-recall", "slices", "elsewhere", "matrix", "reliability", "coverage", "behaviour", "published",
    }  # fmt: skip
    assert [tag for tag, _ in page.tags].count("svg") == len(rendered[1])


def test_the_answer_stands_before_everything_else(page):
    head = page.text[: page.text.index("Results Other data")]
    for told in ("93.9%", "90.9% to 96.9%", "90.8%", "+3.1", "+0.3 to +5.9", "The fine-tuned model beats", "8.8%",
                 "below 83.0%", "4:00 min", "of 5:00 min", "--max-tokens 512", "kitchen"):  # fmt: skip
        assert told in head, told


@pytest.mark.parametrize(
    "told",
    [
        "data.test_share 0.2 --set", "learning rate 5e-05", "10,795,394 of 22,713,986", "15 test texts stood in",
        "16 training texts", "neutral stars 55", "ragged", "320 made-up texts", "one for every 4 real ones",
        "negation 160",
        "30,522", "1.18", "<0.1%", "after step 488", "accuracy 93.0%", "0.919 0.889 to 0.949",
        "with a negation worse", "mean accuracy 93.5%", "standard deviation 0.5 points", "30 exactly, 10 nearly",
        "stars 1 and 2 are negative", "44 rows set aside that are neutral", "all shared", "temperature of 1.31",
        "0.058 0.031", "time and memory by afina plan", "Training 3:21 min 3:33 min", "MB 1,540 1,681",
        "negation: negated positive taught", "54.8%", "80.0% sure", "other label",
        "19 of them TF-IDF gets right", "the tokenizer knows none", "A triumph, if boredom",
        "similarity 0.81", "afina train books.csv", "3.12.1", "a good film a fine film",
        "calls the neutral ones negative 30 times, positive 14 times", "nearly the same, similarity 0.91",
        "loses 3.1 points",
    ],
)  # fmt: skip
def test_the_page_shows_what_the_run_holds(page, told):
    assert told in page.text


def test_the_page_is_well_formed_names_itself_and_asks_for_nothing(page, rendered):
    assert not page.wrong
    assert not page.open
    assert not {"script", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert all(value.startswith(("#", "data:")) for name in ("href", "src") for value in page.values(name))
    assert set(re.findall(r"url\((.)", rendered[0])) <= {"#"}
    assert any(value.startswith("default-src 'none'") for value in page.values("content"))
    assert GENERATOR in rendered[0][:4_000]


def test_ids_are_used_once_and_every_reference_has_its_place(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    named = {*page.values("aria-labelledby"), *page.values("aria-describedby")}
    assert {value[1:] for value in page.values("href") if value.startswith("#")} | named <= set(ids)


def test_tables_have_captions_and_their_headings_a_scope(page):
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") > 15
    assert all(attributes.get("scope") in ("row", "col") for tag, attributes in page.tags if tag == "th")


@pytest.mark.parametrize("text", HOSTILE, ids=["markup", "template", "control", "chinese", "long", "empty"])
def test_hostile_texts_in_every_place_stay_texts(document, text):
    html, _ = render_report(poison(document, text))
    html.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", html)
    page = Page(html)
    assert not page.wrong
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert not {name for _, attributes in page.tags for name in attributes if name.startswith("on")}
    assert ("7 * 7" in page.text) == ("7 * 7" in text)
    assert len(html) < 3_000_000


def test_hostile_labels_stay_labels(document):
    hostile = HOSTILE[0]
    data = {**document["data"], "train": {"labels": {hostile: 3, "other": 4}}, "set_aside": {hostile: 2}}
    html, _ = render_report({**document, "labels": [hostile, "other"], "data": data})
    assert not {"script", "img"} & {tag for tag, _ in Page(html).tags}


def test_an_almost_empty_run_gives_a_page_and_names_what_would_add_more(tmp_path: Path):
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "run.json").write_text('{"labels": ["a", "b"]}', encoding="utf-8")
    document = report_document(RunFolder(tmp_path / "bare"))
    html, figures = render_report(document)
    page = Page(html)
    assert not page.wrong
    assert not figures
    assert sections(page) == ["asked", "reproduce", "missing", "terms"]
    for command in ("afina evaluate", "afina check", "afina matrix"):
        assert command in page.text


def test_a_document_may_have_nothing_in_the_place_of_any_key(document):
    for key, part in document.items():
        for value in (None, [], {}):
            assert not Page(render("report.html.j2", {**document, key: value})).wrong, (key, value)
            assert not Page(render("report.html.j2", {key: part})).wrong
    assert draw_report_figures({}) == draw_report_figures(dict.fromkeys(document)) == {}


@pytest.mark.slow
def test_parts_of_a_document_may_lack_any_key(document):
    for key, part in document.items():
        for inner in part if isinstance(part, dict) else ():
            for found in ({**part, inner: None}, {inner: part[inner]}):
                assert not Page(render("report.html.j2", {**document, key: found})).wrong, (key, inner)


def test_rows_may_lack_any_key(document):
    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(inner) for key, inner in value.items()}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [{} for _ in value]
        return value

    html, _ = render_report(bare(document))
    assert not Page(html).wrong


def test_the_same_document_gives_the_same_page(document, rendered):
    assert render_report(document) == rendered


def test_a_big_run_stays_below_three_megabytes(document):
    labels = [f"label number {i}" for i in range(150)]
    test = document["results"]["test"]
    estimates = {name: test["accuracy"] for name in ("precision", "recall", "f1", "roc_auc", "average_precision")}
    roc = test["curves"]["roc"][0]
    points = [i / 99 for i in range(100)]
    big = {
        **test, "labels": labels, "confusion": [[1] * 150] * 150,
        "per_class": [{"label": label, "n": 9, "predicted": 9, **estimates} for label in labels],
        "curves": {"roc": [{**roc, "label": label, "false_positive_rate": points, "true_positive_rate": points}
                           for label in labels], "precision_recall": []},
        "slices": [{**test["slices"][0], "value": f"domain {i}"} for i in range(500)],
    }  # fmt: skip
    mistake = {**document["mistakes"]["confident"][0], "text": "long words " * 5_000}
    mistake["neighbours"] = [{"text": "near " * 9_000, "label": "a", "similarity": 0.5}] * 3
    html, figures = render_report(
        {
            **document,
            "labels": labels,
            "results": {**document["results"], "test": big},
            "mistakes": dict.fromkeys(("confident", "near_misses", "won", "lost"), [mistake] * 12),
            "evaluations": document["evaluations"] * 12,
        }
    )
    assert "confusion" not in figures
    assert len(html.encode()) < 3_000_000


def test_of_two_labels_both_are_named(page):
    assert f"to tell {LABELS[0]} and {LABELS[1]} apart" in page.text
