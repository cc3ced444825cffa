"""Who may write a run, and what is left of one that fails, is interrupted, or is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from afina.claims import check_place, claim, reclaim
from afina.errors import MachineLimitError, ModelError, OutputError
from afina.run_folder import RunFolder, write_json
from tests.small_disk import fill, make_read_only, small_disk

REQUEST = {"config": {"out": "run"}}


def write(folder: RunFolder, who: str = "new") -> None:
    folder.model.mkdir(exist_ok=True)
    (folder.model / "model.safetensors").write_text(who)
    write_json(folder.manifest, {"labels": ["a", "b"], "artifacts": folder.artifact_hashes()})
    write_json(folder.metrics, {})


def author(folder: Path) -> str | None:
    weights = RunFolder(folder).model / "model.safetensors"
    return weights.read_text() if weights.exists() else None


def write_checkpoint(folder: RunFolder) -> None:
    (folder.checkpoints / "step-00000001").mkdir(parents=True)
    (folder.checkpoints / "step-00000001" / "state.json").write_text("{}")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "home")


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "run")


@pytest.fixture
def unfinished(run):
    """A run that was interrupted after its first checkpoint."""
    with pytest.raises(KeyboardInterrupt), claim(run, REQUEST) as folder:  # noqa: PT012
        write_checkpoint(folder)
        raise KeyboardInterrupt
    return run


def test_a_claimed_run_gets_its_name_only_when_complete(tmp_path):
    run = RunFolder(tmp_path / "deep" / "run")
    with claim(run, REQUEST) as folder:
        assert json.loads(folder.request.read_text()) == {**REQUEST, "force": False}
        assert not run.root.exists()
        write_checkpoint(folder)
        write(folder)
    assert run.is_complete
    assert names(run.root) == ["metrics.json", "model", "run.json"]
    assert names(run.root.parent) == ["run"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failed_run_leaves_nothing_not_even_the_folders_above(tmp_path, error):
    (tmp_path / "there").mkdir()
    for parent in (tmp_path / "there", tmp_path / "deep" / "er"):
        with pytest.raises(error), claim(RunFolder(parent / "run"), REQUEST):
            raise error
    assert names(tmp_path) == ["there"]
    assert names(tmp_path / "there") == []


def test_a_failed_run_with_a_checkpoint_stays_and_is_resumed(unfinished):
    run = unfinished
    with pytest.raises(OutputError, match="unfinished run") as raised:
        check_place(run, force=False)
    assert f"--resume {run.partial.root}" in str(raised.value.hint)
    with pytest.raises(RuntimeError), reclaim(run.partial.root):
        raise RuntimeError
    with reclaim(run.partial.root) as (found, request):
        assert (found, request) == (run, {**REQUEST, "force": False})
        write(run.partial)
    assert names(run.root.parent) == ["run"]
    assert names(run.root) == ["metrics.json", "model", "run.json"]


def test_a_resumed_run_that_fails_before_its_first_checkpoint_stays_too(unfinished):
    for path in unfinished.partial.checkpoints.rglob("*.json"):
        path.unlink()
    with pytest.raises(RuntimeError), reclaim(unfinished.partial.root):
        raise RuntimeError
    assert unfinished.partial.request.exists()


def test_of_two_at_once_one_gets_the_place(run):
    with claim(run, REQUEST) as folder:
        with pytest.raises(OutputError, match="another command is writing it"), claim(run, REQUEST):
            pass
        for again in (claim(run, REQUEST, force=True), reclaim(folder.root)):
            with pytest.raises(OutputError, match=r"^Another command is writing"), again:
                pass
        write(folder)
    assert run.is_complete
    assert names(run.root.parent) == ["run"]


def test_one_that_comes_between_the_look_and_the_claim_keeps_the_place(run, monkeypatch):
    with claim(run, REQUEST) as folder:
        monkeypatch.setattr("afina.claims.check_place", lambda run, *, force: None)
        with pytest.raises(OutputError, match=r"^Another command is writing"), claim(run, REQUEST):
            pass
        write(folder)
    assert names(run.root.parent) == ["run"]


def test_of_two_resumes_one_goes_on(unfinished):
    with reclaim(unfinished.partial.root):
        with pytest.raises(OutputError, match=r"^Another command is writing"), reclaim(unfinished.partial.root):
            pass
        write(unfinished.partial)
    with pytest.raises(ModelError, match="finished already"), reclaim(unfinished.partial.root):
        pass


def test_a_resume_that_comes_too_late_says_that_the_run_is_finished(unfinished, monkeypatch):
    """The other command renames the folder between the look at it and the lock."""
    from afina import claims

    run_of, seen = claims._run_of, []

    def rename_after_the_look(folder):
        found = run_of(folder)
        if not seen.append(folder) and len(seen) == 1:
            write(found.partial)
            found.partial.root.rename(found.root)
        return found

    monkeypatch.setattr(claims, "_run_of", rename_after_the_look)
    with pytest.raises(ModelError, match="finished already"), reclaim(unfinished.partial.root):
        pass


@pytest.mark.parametrize("name", ["run.partial", "run"])
def test_a_finished_run_is_not_resumed(run, name):
    with claim(run, REQUEST) as folder:
        write(folder)
    with pytest.raises(ModelError, match=r"^The run .*run is finished already: there is nothing to resume$"):
        reclaim(run.root.with_name(name)).__enter__()


@pytest.mark.parametrize("name", ["nowhere.partial", "nowhere", "empty.partial", "run"])
def test_what_is_no_unfinished_run_is_not_resumed(unfinished, name):
    (unfinished.root.parent / "empty.partial").mkdir()
    with pytest.raises(ModelError, match=r"^Not an unfinished run"):
        reclaim(unfinished.root.with_name(name)).__enter__()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe"])
def test_a_damaged_request_is_an_empty_one(unfinished, content):
    unfinished.partial.request.write_bytes(content)
    with reclaim(unfinished.partial.root) as (_, request):
        write(unfinished.partial)
    assert request == {}


def test_what_exists_is_replaced_only_by_force_and_only_a_run(run):
    with claim(run, REQUEST) as folder:
        write(folder, "old")
    with pytest.raises(OutputError, match="exists"):
        check_place(run, force=False)
    with claim(run, REQUEST, force=True) as folder:
        write(folder)
        assert author(run.root) == "old"
    assert author(run.root) == "new"
    assert names(run.root) == ["metrics.json", "model", "run.json"]
    precious = RunFolder(run.root.with_name("thesis"))
    precious.root.mkdir()
    (precious.root / "chapter.tex").write_text("years of work")
    with pytest.raises(OutputError, match="no run folder"):
        check_place(precious, force=True)
    precious.root.rename(precious.partial.root)
    with pytest.raises(OutputError, match="no unfinished run"):
        check_place(precious, force=True)


def test_force_discards_an_unfinished_run(unfinished):
    with claim(unfinished, REQUEST, force=True) as folder:
        assert not folder.has_checkpoint
        write(folder)
    assert names(unfinished.root.parent) == ["run"]


def test_a_run_resumed_replaces_another_only_where_it_was_told_to(unfinished):
    unfinished.root.mkdir()
    write(unfinished, "precious")
    with pytest.raises(OutputError, match="exists"):
        reclaim(unfinished.partial.root).__enter__()
    write_json(unfinished.partial.request, {**REQUEST, "force": True})
    with reclaim(unfinished.partial.root):
        write(unfinished.partial)
    assert author(unfinished.root) == "new"


def test_a_run_that_appears_meanwhile_is_kept_and_so_is_the_new_one(run):
    with pytest.raises(OutputError, match="exists"), claim(run, REQUEST) as folder:  # noqa: PT012
        write(folder)
        run.root.mkdir()
        write(run, "other")
    assert author(run.root) == "other"
    assert run.partial.is_complete


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from tests.test_claims import REQUEST, write
    from afina.claims import claim, reclaim
    from afina.run_folder import RunFolder

    left, run = int(sys.argv[1]), RunFolder(Path("run"))

    def kill_before_a_change(event, arguments):
        global left
        if event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(kill_before_a_change)
    with claim(run, REQUEST, force=True) as folder:
        write(folder)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
def test_a_kill_between_any_two_changes_of_the_disk_loses_neither_the_old_run_nor_the_new_one(tmp_path):
    root = Path(__file__).parents[1]
    ends: list[str] = []
    for n in range(100):
        run = RunFolder(tmp_path / str(n) / "run")
        run.root.mkdir(parents=True)
        write(run, "old")
        command = [sys.executable, "-c", textwrap.dedent(KILLED), str(n)]
        code = subprocess.run(command, cwd=run.root.parent, env={"PYTHONPATH": f"{root}:{root / 'src'}"}).returncode
        assert code in (0, -signal.SIGKILL)
        if author(run.root) == "new":
            ends.append("finished")
        elif run.partial.root.exists():
            assert "old" in (author(run.root), author(run.partial.replaced))
            ends.append("complete" if run.partial.is_complete else "claimed")
            with reclaim(run.partial.root):
                if not run.partial.is_complete:
                    write(run.partial)
            assert author(run.root) == "new"
            assert names(run.root) == ["metrics.json", "model", "run.json"]
        else:
            assert author(run.root) == "old"
            ends.append("not begun")
        if code == 0:
            break
    assert code == 0
    assert list(dict.fromkeys(ends)) == ["not begun", "claimed", "complete", "finished"]


def test_discarding_a_run_killed_between_the_renames_gives_back_the_one_it_replaced(run):
    with claim(run, REQUEST) as folder:
        write(folder, "old")
    run.partial.root.mkdir()
    write(run.partial)
    write_json(run.partial.request, {**REQUEST, "force": True})
    run.root.rename(run.partial.replaced)
    with pytest.raises(RuntimeError), claim(run, REQUEST, force=True):
        raise RuntimeError
    assert author(run.root) == "old"
    assert names(run.root.parent) == ["run"]


def test_a_full_disk_is_told_before_any_work(run):
    with pytest.raises(OutputError, match="too full"):
        check_place(run, force=False, needed_bytes=10**18)


def test_a_disk_without_room_for_the_request_is_a_limit_of_the_machine(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        fill(disk)
        with pytest.raises(MachineLimitError, match="disk is full"):
            claim(RunFolder(disk / "run"), {"config": "long" * 5_000}).__enter__()
        assert names(disk) == ["filling"]


def test_a_place_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Cannot write"):
        check_place(RunFolder(tmp_path / "file" / "run"), force=False)


def test_a_disk_that_is_read_only_is_one_sentence(tmp_path):
    with small_disk(tmp_path / "disk", 256) as disk:
        run = RunFolder(disk / "run")
        with pytest.raises(KeyboardInterrupt), claim(run, REQUEST) as folder:  # noqa: PT012
            write_checkpoint(folder)
            raise KeyboardInterrupt
        make_read_only(disk)
        with pytest.raises(OutputError, match=r"^Cannot write"):
            check_place(RunFolder(disk / "other"), force=False)
        with pytest.raises(OutputError, match=r"^Cannot write"):
            reclaim(run.partial.root).__enter__()
