"""Jobs that end early: what they keep, and what the next one makes of it."""

from __future__ import annotations

import errno
import subprocess
import sys
import textwrap
import time

import pytest
from tests.inference.scoring.made_up import ByLength, StopsAfter, read_lines, write_lines
from tests.small_disk import fill, small_disk

from afina.errors import DataError, Interrupted, MachineLimitError, OutputError
from afina.inference import score_file

TEXTS = [f"{'text' * (i % 3)} {i}" if i % 7 else " " for i in range(100)]


class Jobs:
    """The same file scored again and again."""

    def __init__(self, folder, name="out.csv"):
        self.folder, self.out = folder, folder / name
        self.source = write_lines(folder / "in.jsonl", TEXTS)
        self.partial = folder / f"{name}.partial"

    def run(self, classifier, out=None, **options):
        settings = {"model": "one", "rows_per_chunk": 10, **options}
        return score_file(classifier, str(self.source), out or self.out, **settings)

    def interrupt(self, texts=35):
        with pytest.raises(Interrupted) as stopped:
            self.run(StopsAfter(texts, KeyboardInterrupt()))
        return stopped.value

    def contents(self, out=None):
        """Bytes of the output and of the list of errors."""
        out = out or self.out
        return out.read_bytes(), (out.parent / f"{out.name.split('.')[0]}.errors.jsonl").read_bytes()

    def whole(self):
        """Bytes that an uninterrupted job writes."""
        out = self.folder / "whole" / self.out.name
        self.run(ByLength(), out)
        return self.contents(out)


@pytest.fixture
def jobs(tmp_path):
    return Jobs(tmp_path)


@pytest.mark.parametrize("name", ["out.csv", "out.tsv.gz", "out.jsonl", "out.parquet"])
def test_an_interrupted_job_goes_on_and_ends_with_the_same_bytes(tmp_path, name):
    jobs = Jobs(tmp_path, name)
    error = jobs.interrupt()
    assert str(error) == f"Interrupted after 30 rows, whose answers are kept in {jobs.partial}"
    assert error.hint == "the same command again goes on from there"
    assert not jobs.out.exists()
    classifier = ByLength()
    result = jobs.run(classifier)
    assert classifier.asked == 70
    assert (result.rows, result.resumed_rows) == (100, 30)
    assert "Going on after 30 rows whose answers an interrupted job kept" in result.messages
    assert jobs.contents() == jobs.whole()
    assert not jobs.partial.exists()


def test_an_interruption_before_the_first_answer_leaves_nothing(jobs):
    assert str(jobs.interrupt(texts=0)) == "Interrupted; nothing was written"
    assert not jobs.partial.exists()


def test_a_job_that_was_all_done_but_for_its_name_is_finished_without_the_model(jobs):
    jobs.source.write_text(jobs.source.read_text() + "broken\n" * 30)
    with pytest.raises(DataError, match="30 of 130 rows"):
        jobs.run(ByLength())
    write_lines(jobs.source, TEXTS)
    classifier = ByLength()
    result = jobs.run(classifier)
    assert (classifier.asked, result.resumed_rows, result.rows_per_second) == (0, 100, None)


@pytest.mark.parametrize("kept", ["cut", "zeros", "garbage"])
def test_a_line_that_was_not_written_in_full_is_done_again(jobs, kept):
    expected = jobs.whole()
    jobs.interrupt()
    journal = jobs.partial / "answers.jsonl"
    content = journal.read_bytes()
    tail = {"cut": content[:-20], "zeros": content + bytes(500), "garbage": content + b"\xff\n"}[kept]
    journal.write_bytes(tail)
    classifier = ByLength()
    result = jobs.run(classifier)
    assert result.resumed_rows == (20 if kept == "cut" else 30)
    assert classifier.asked == 100 - result.resumed_rows
    assert jobs.contents() == expected


def test_answers_of_another_model_are_not_used(jobs):
    jobs.interrupt()
    classifier = ByLength()
    result = jobs.run(classifier, model="other")
    assert (classifier.asked, result.resumed_rows) == (100, 0)
    assert "The answers that an interrupted job kept are of another model and are not used" in result.messages


def test_without_a_name_for_the_model_a_job_starts_over(jobs):
    with pytest.raises(Interrupted):
        jobs.run(StopsAfter(35, KeyboardInterrupt()), model=None)
    classifier = ByLength()
    jobs.run(classifier, model=None)
    assert classifier.asked == 100


def test_from_the_first_text_that_differs_all_is_done_anew(jobs):
    jobs.interrupt()
    changed = [*TEXTS[:15], "another text", *TEXTS[16:]]
    write_lines(jobs.source, changed)
    classifier = ByLength()
    result = jobs.run(classifier)
    assert (classifier.asked, result.resumed_rows) == (90, 10)
    assert "From row 11 on, texts differ from those an interrupted job read; they are done anew" in result.messages
    assert jobs.contents() == jobs.whole()


def test_cells_beside_the_texts_are_those_of_the_source_as_it_is_now(jobs):
    jobs.interrupt()
    jobs.source.write_text(jobs.source.read_text().replace('"id"', '"number"'))
    assert jobs.run(ByLength()).resumed_rows == 30
    assert jobs.contents() == jobs.whole()


def test_force_goes_on_too_and_keeps_what_it_replaces_until_the_end(jobs):
    jobs.out.write_text("mine")
    with pytest.raises(Interrupted):
        jobs.run(StopsAfter(35, KeyboardInterrupt()), force=True)
    assert jobs.out.read_text() == "mine"
    with pytest.raises(OutputError, match="The output exists"):
        jobs.run(ByLength())
    assert jobs.run(ByLength(), force=True).resumed_rows == 30
    assert jobs.contents() == jobs.whole()


def test_what_is_no_unfinished_job_is_left_alone(jobs):
    jobs.partial.mkdir()
    (jobs.partial / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="In the way of unfinished work"):
        jobs.run(ByLength(), force=True)
    assert (jobs.partial / "mine.txt").read_text() == "mine"


HOLDER = """
    import sys, time
    from pathlib import Path
    from afina.inference.scoring.workplace import workplace
    with workplace(Path(sys.argv[1]), force=False):
        print("held", flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no lock there")
def test_of_two_at_once_the_second_is_refused(jobs):
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(jobs.out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        began = time.monotonic()
        with pytest.raises(OutputError, match=r"^Another command is writing .*out\.csv$"):
            jobs.run(ByLength())
        assert time.monotonic() - began < 5
        process.kill()
    jobs.run(ByLength())
    assert jobs.contents() == jobs.whole()


def test_a_full_disk_ends_a_job_that_can_go_on(tmp_path):
    with small_disk(tmp_path / "disk", 512) as disk:
        jobs = Jobs(tmp_path)
        jobs.source = write_lines(tmp_path / "long.jsonl", ["a text " * 60] * 400)
        out = disk / "out.jsonl"
        filling = fill(disk, but_kilobytes=60)
        with pytest.raises(MachineLimitError, match="The disk is full") as stopped:
            jobs.run(ByLength(), out)
        assert stopped.value.hint == "free some space; the same command again goes on from there"
        assert not out.exists()
        filling.unlink()
        result = jobs.run(ByLength(), out)
        assert result.resumed_rows > 0
        assert len(read_lines(out)) == 400
        assert [path.name for path in disk.iterdir()] == ["out.jsonl"]


def test_an_error_of_the_model_is_passed_on_and_what_was_done_kept(jobs):
    with pytest.raises(OSError, match="of the model"):
        jobs.run(StopsAfter(35, OSError(errno.EIO, "of the model", "weights")))
    assert jobs.run(ByLength()).resumed_rows == 30
