from __future__ import annotations

from xml.etree import ElementTree

import pytest
from tests.full_run import write_full_run
from tests.recipes.recorder import Recorder

from afina.errors import ModelError, OutputError
from afina.recipes import report_run
from afina.recipes.run_report import try_report
from afina.run_folder import RunFolder


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder(write_full_run(tmp_path / "matrix" / "runs" / "books-minilm", steps=60))


def test_a_report_stands_in_its_run_with_its_figures_and_may_be_made_again(run):
    written = report_run(run.root)
    assert written.page == run.report
    assert sorted(path.name for path in run.figures.iterdir()) == sorted(path.name for path in written.figures)
    assert all(ElementTree.parse(path).getroot().tag.endswith("svg") for path in written.figures)
    before = run.report.read_bytes()
    report_run(run.root)
    assert run.report.read_bytes() == before
    run.verify()


def test_another_place_has_the_figures_beside_the_page_and_leaves_the_run_alone(run, tmp_path):
    before = sorted(run.root.rglob("*"))
    written = report_run(run.root, out=tmp_path / "deep" / "page.html")
    assert written.page.is_file()
    assert written.figures_folder == tmp_path / "deep" / "page-figures"
    assert sorted(run.root.rglob("*")) == before


def test_what_is_no_report_is_not_replaced(run, tmp_path):
    place = tmp_path / "thesis.html"
    place.write_text("<p>mine</p>")
    with pytest.raises(OutputError, match="no report"):
        report_run(run.root, out=place)
    assert place.read_text() == "<p>mine</p>"


def test_a_changed_or_missing_file_of_the_run_is_a_sentence(run):
    (run.model / "config.json").write_text("{ }")
    with pytest.raises(ModelError, match=r"model/config\.json .* has changed"):
        report_run(run.root)
    (run.model / "config.json").unlink()
    with pytest.raises(ModelError, match=r"misses the file model/config\.json"):
        report_run(run.root)


def test_a_matrix_that_is_not_there_is_a_sentence(run, tmp_path):
    with pytest.raises(ModelError, match="No matrix in"):
        report_run(run.root, matrix=tmp_path)


def test_nothing_about_a_report_undoes_a_training(run, monkeypatch):
    recorder = Recorder()
    assert try_report(run, recorder) == run.report
    run.manifest.write_text("{}")
    assert try_report(run, recorder) is None

    def fail(_):
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr("afina.recipes.run_report.writing.report_document", fail)
    assert try_report(run, recorder) is None
    assert [warning.split(":")[0] for warning in recorder.warned] == ["There is no report"] * 2


def test_the_report_of_a_real_run_shows_its_training(tune):
    run = tune().run
    page = report_run(run.root).page.read_text(encoding="utf-8")
    assert "afina train" in page
    assert "--max-steps 6" in page
    assert (run.figures / "loss.svg").is_file()
