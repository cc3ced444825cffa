import errno
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest

from afina.errors import MachineLimitError, OutputError
from afina.outputs import ResultFolder, check_file, check_folder, free_path, new_file, new_folder
from tests.small_disk import make_read_only, small_disk

MARK = "split.json"
without_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def fill(folder, text="new"):
    (folder / MARK).write_text(text)


def names(folder):
    return sorted(str(child.relative_to(folder)) for child in folder.rglob("*"))


def test_a_file_appears_when_the_block_ends(place):
    with new_file(place / "x.csv") as beside:
        beside.write_text("a")
        assert not (place / "x.csv").exists()
        assert beside.parent == place
    assert names(place) == ["x.csv"]
    assert (place / "x.csv").read_text() == "a"


def test_a_folder_appears_when_the_block_ends(place):
    with new_folder(place / "out", mark=MARK) as beside:
        fill(beside)
        assert not (place / "out").exists()
    assert names(place) == ["out", f"out/{MARK}"]


def test_missing_folders_above_the_output_are_made(place):
    with new_file(place / "a" / "b" / "x.csv") as beside:
        beside.write_text("a")
    with new_folder(place / "c" / "d" / "out", mark=MARK) as beside:
        fill(beside)
    assert names(place) == ["a", "a/b", "a/b/x.csv", "c", "c/d", "c/d/out", f"c/d/out/{MARK}"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
@pytest.mark.parametrize("force", [False, True])
def test_an_end_inside_the_block_leaves_what_was_there(place, error, force):
    if force:
        (place / "x.csv").write_text("old")
        (place / "out").mkdir()
        fill(place / "out", "old")
    before = names(place)
    with pytest.raises(error), new_file(place / "x.csv", force=force) as beside:  # noqa: PT012
        beside.write_text("half")
        raise error
    with pytest.raises(error), new_folder(place / "out", mark=MARK, force=force) as beside:  # noqa: PT012
        fill(beside, "half")
        raise error
    assert names(place) == before
    if force:
        assert {(place / "x.csv").read_text(), (place / "out" / MARK).read_text()} == {"old"}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_killed_command_leaves_nothing_in_the_place_and_the_next_one_works(place, kind):
    opened = "new_file(Path('x'))" if kind == "file" else f"new_folder(Path('x'), mark={MARK!r})"
    script = f"""
        import os, signal
        from pathlib import Path
        from afina.outputs import new_file, new_folder
        with {opened} as beside:
            (beside if {kind == "file"} else beside / {MARK!r}).write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=place, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (place / "x").exists()
    with new_file(place / "x") if kind == "file" else new_folder(place / "x", mark=MARK) as beside:
        (beside if kind == "file" else beside / MARK).write_text("whole")
    written = place / "x" if kind == "file" else place / "x" / MARK
    assert written.read_text() == "whole"


def test_a_file_that_exists_is_replaced_only_when_asked(place):
    (place / "x.csv").write_text("old")
    with pytest.raises(OutputError, match=r"The output exists: .*x\.csv"), new_file(place / "x.csv"):
        raise AssertionError("the block must not run")
    with new_file(place / "x.csv", force=True) as beside:
        beside.write_text("new")
    assert names(place) == ["x.csv"]
    assert (place / "x.csv").read_text() == "new"


def test_only_a_folder_with_the_mark_is_replaced_and_only_when_asked(place):
    out = place / "out"
    out.mkdir()
    fill(out, "old")
    (out / "more.txt").write_text("old")
    with pytest.raises(OutputError, match="The output exists"), new_folder(out, mark=MARK):
        raise AssertionError("the block must not run")
    with pytest.raises(OutputError, match=r"Not replaced, since it holds no run\.json"):
        new_folder(out, mark="run.json", force=True).__enter__()
    assert (out / "more.txt").read_text() == "old"
    with new_folder(out, mark=MARK, force=True) as beside:
        fill(beside)
        assert (out / MARK).read_text() == "old"
    assert names(place) == ["out", f"out/{MARK}"]
    assert (out / MARK).read_text() == "new"


def test_a_mark_that_is_a_folder_is_no_mark(place):
    (place / "out" / MARK).mkdir(parents=True)
    with pytest.raises(OutputError, match="Not replaced"):
        new_folder(place / "out", mark=MARK, force=True).__enter__()


def test_an_empty_folder_is_filled_without_asking(place):
    (place / "out").mkdir()
    with new_folder(place / "out", mark=MARK) as beside:
        fill(beside)
    assert names(place) == ["out", f"out/{MARK}"]


def test_the_working_folder_and_a_link_to_a_folder_can_be_filled(place, monkeypatch):
    (place / "real").mkdir()
    (place / "link").symlink_to(place / "real")
    with new_folder(place / "link", mark=MARK) as beside:
        fill(beside)
    assert (place / "link").is_symlink()
    monkeypatch.chdir(place / "real")
    with new_folder(Path("."), mark=MARK, force=True) as beside:
        fill(beside, "again")
    monkeypatch.chdir(place)
    assert (place / "real" / MARK).read_text() == "again"
    assert names(place) == ["link", "real", f"real/{MARK}"]


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_where_a_file_should_stand_is_told_and_the_other_way_round(place, force):
    (place / "x.csv").mkdir()
    (place / "out").write_text("old")
    with pytest.raises(OutputError, match="The output is a folder"):
        new_file(place / "x.csv", force=force).__enter__()
    with pytest.raises(OutputError, match="The output is a file"):
        new_folder(place / "out", mark=MARK, force=force).__enter__()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_regular_file_is_never_replaced(place):
    os.mkfifo(place / "x.csv")
    with pytest.raises(OutputError, match="no regular file"):
        new_file(place / "x.csv", force=True).__enter__()


def test_two_at_once_do_not_overwrite_each_other(place):
    with pytest.raises(OutputError, match="The output exists"), new_file(place / "x.csv") as slow:  # noqa: PT012
        slow.write_text("slow")
        with new_file(place / "x.csv") as fast:
            assert fast != slow
            fast.write_text("fast")
    assert (place / "x.csv").read_text() == "fast"
    with pytest.raises(OutputError, match="The output exists"), new_folder(place / "out", mark=MARK) as slow:  # noqa: PT012
        fill(slow, "slow")
        with new_folder(place / "out", mark=MARK) as fast:
            fill(fast, "fast")
    assert (place / "out" / MARK).read_text() == "fast"
    assert names(place) == ["out", f"out/{MARK}", "x.csv"]


def test_two_at_once_that_may_replace_leave_the_last_one_whole(place):
    with new_folder(place / "out", mark=MARK, force=True) as slow:
        fill(slow, "slow")
        with new_folder(place / "out", mark=MARK, force=True) as fast:
            fill(fast, "fast")
    assert (place / "out" / MARK).read_text() == "slow"
    assert names(place) == ["out", f"out/{MARK}"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_limit_of_the_machine(place, number):
    with pytest.raises(MachineLimitError, match="The disk is full") as raised, new_folder(place / "out", mark=MARK):
        raise OSError(number, os.strerror(number))
    assert raised.value.exit_code == 4
    assert names(place) == []


def test_an_error_while_writing_is_one_sentence(place):
    with pytest.raises(OutputError, match=r"^Cannot write .*x\.csv: Input/output error$"), new_file(place / "x.csv"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    with (
        pytest.raises(OutputError, match=r"^Cannot write .*out: No such file"),
        new_folder(place / "out", mark=MARK) as beside,
    ):
        (beside / "missing" / "x").write_text("")


def test_errors_that_have_nothing_to_do_with_writing_are_not_called_so(place):
    with pytest.raises(FileNotFoundError), new_folder(place / "out", mark=MARK):
        (place / "source.csv").read_text()
    with pytest.raises(ConnectionRefusedError), new_file(place / "x.csv"):
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    with pytest.raises(OSError, match="no such model"), new_file(place / "x.csv"):
        raise OSError("no such model")
    assert names(place) == []


def test_a_name_that_cannot_be_is_one_sentence(place):
    (place / "file").write_text("")
    for path in (place / ("x" * 300), place / "file" / "x", place / "file" / "y" / "x"):
        with pytest.raises(OutputError, match="Cannot write"), new_file(path) as beside:
            beside.write_text("")
        with pytest.raises(OutputError, match="Cannot write"):
            new_folder(path, mark=MARK).__enter__()
        with pytest.raises(OutputError, match="Cannot write"):
            check_file(path, force=False)
    assert names(place) == ["file"]


@without_root
def test_a_read_only_folder_is_one_sentence(place):
    place.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"), new_file(place / "x.csv") as beside:
            beside.write_text("")
        with pytest.raises(OutputError, match="Permission denied"):
            new_folder(place / "out", mark=MARK).__enter__()
    finally:
        place.chmod(0o700)


def test_what_a_link_points_to_is_replaced_and_the_link_stays(place):
    (place / "real.html").write_text("old", encoding="utf-8")
    link = place / "link.html"
    link.symlink_to("real.html")
    with new_file(link, force=True) as beside:
        beside.write_text("new")
    assert link.is_symlink()
    assert (place / "real.html").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("name", ["folder", "file/page.html", "x" * 300, "pipe", "", "a\0b"])
@pytest.mark.parametrize("force", [False, True])
def test_places_where_no_file_can_be_are_refused_before_the_work(place, name, force):
    (place / "folder").mkdir()
    (place / "file").write_text("kept", encoding="utf-8")
    os.mkfifo(place / "pipe")
    with pytest.raises(OutputError) as caught:
        check_file(place / name, force=force)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    with pytest.raises(OutputError), new_file(place / name, force=force):
        pass
    assert names(place) == ["file", "folder", "pipe"]
    assert (place / "file").read_text(encoding="utf-8") == "kept"


def test_what_is_free_passes_and_what_is_taken_passes_with_force(place):
    (place / "taken").write_text("")
    check_file(place / "x", force=False)
    check_file(place / "new" / "x", force=False)
    check_file(place / "taken", force=True)
    with pytest.raises(OutputError, match="exists"):
        check_file(place / "taken", force=False)


@pytest.mark.parametrize("name", ["file", "file/out", "x" * 300, "a\0b"])
def test_places_where_no_folder_can_be_are_refused_before_the_work(place, name):
    (place / "file").write_text("kept")
    with pytest.raises(OutputError) as caught:
        check_folder(place / name, mark=MARK, force=True)
    assert caught.value.hint
    with pytest.raises(OutputError):
        ResultFolder(place / name, mark=MARK, force=True)
    assert (place / "file").read_text() == "kept"


def test_a_disk_that_cannot_be_written_is_told_before_the_work(place):
    with small_disk(place / "disk", 100) as disk:
        (disk / "out").mkdir()
        make_read_only(disk)
        for path in (disk / "out", disk / "new", disk / "new" / "deeper"):
            with pytest.raises(OutputError, match="Permission denied"):
                check_folder(path, mark=MARK, force=False)
            with pytest.raises(OutputError, match="Permission denied"):
                ResultFolder(path, mark=MARK, force=False)


def test_a_free_name_counts_on_from_two(place):
    assert free_path(place, "x") == place / "x"
    for name in ("x", "x-2"):
        (place / name).mkdir()
    assert free_path(place, "x") == place / "x-3"
    assert free_path(place, "x", lambda path: path.name != "x-5") == place / "x-5"


def old_results(folder):
    (folder / "runs").mkdir(parents=True)
    (folder / "runs" / "model").write_text("old")
    fill(folder, "old")


def test_an_old_result_is_kept_until_the_new_one_has_something_to_show(place):
    out = place / "out"
    old_results(out)
    with ResultFolder(out, mark=MARK, force=True) as folder:
        assert not (out / MARK).exists()
        fill(out)
        (aside,) = out.glob("replaced*")
        assert (aside / "runs" / "model").read_text() == "old"
        folder.settle()
        assert names(out) == [MARK]
    assert names(out) == [MARK]
    assert (out / MARK).read_text() == "new"


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_an_end_without_a_result_leaves_all_as_it_was(place, error):
    out = place / "out"
    old_results(out)
    before = names(place)
    for path in (out, place / "missing" / "new"):
        with suppress(KeyboardInterrupt, ValueError), ResultFolder(path, mark=MARK, force=True):
            fill(path, "half")
            (path / "runs").mkdir()
            if error is not None:
                raise error
    assert names(place) == before
    assert {(out / MARK).read_text(), (out / "runs" / "model").read_text()} == {"old"}


def test_results_fill_the_working_folder_and_a_link_and_keep_an_empty_folder(place, monkeypatch):
    (place / "real").mkdir()
    (place / "link").symlink_to("real")
    with ResultFolder(place / "link", mark=MARK, force=False):
        fill(place / "link", "half")
    assert names(place) == ["link", "real"]
    old_results(place / "real")
    monkeypatch.chdir(place / "real")
    with ResultFolder(Path("."), mark=MARK, force=True) as folder:
        fill(Path("."))
        folder.settle()
    assert names(place) == ["link", "real", f"real/{MARK}"]


def test_only_a_result_folder_of_its_kind_is_replaced_and_only_when_asked(place):
    out = place / "out"
    old_results(out)
    with pytest.raises(OutputError, match="The output exists"):
        ResultFolder(out, mark=MARK, force=False)
    with pytest.raises(OutputError, match=r"holds no other\.json"):
        ResultFolder(out, mark="other.json", force=True)
    late = ResultFolder(place / "late", mark=MARK, force=False)
    old_results(place / "late")
    with pytest.raises(OutputError, match="The output exists"):
        late.__enter__()
    assert (place / "late" / MARK).read_text() == "old"
