import json

from afina.data import open_source, write_rejected
from afina.data.sources.files import FileNotes


def test_rows_that_were_not_understood_are_written_with_their_file(tmp_path):
    good = "text,label\n" + "a film,1\n" * 20
    (tmp_path / "a.csv").write_text(good + "too,many,“cells”\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text(good + "few\n", encoding="utf-8")
    rows, notes = open_source(f"{tmp_path}/*.csv")
    assert len(list(rows)) == 40
    out = tmp_path / "deep" / "rejected.jsonl"
    assert write_rejected(notes, out) == 2
    assert [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] == [
        {
            "file": str(tmp_path / "a.csv"),
            "place": "line 22",
            "reason": "3 cells where the header has 2",
            "content": "too,many,“cells”",
        },
        {
            "file": str(tmp_path / "b.csv"),
            "place": "line 22",
            "reason": "1 cells where the header has 2",
            "content": "few",
        },
    ]


def test_nothing_rejected_writes_an_empty_file_over_an_old_one(tmp_path):
    out = tmp_path / "rejected.jsonl"
    out.write_text("old\n")
    assert write_rejected([FileNotes(tmp_path / "a.csv")], out) == 0
    assert out.read_bytes() == b""


def test_half_a_character_from_json_can_be_written(tmp_path):
    notes = FileNotes(tmp_path / "a.jsonl")
    notes.reject("line 1", "no JSON object", "\ud83d")
    assert write_rejected([notes], tmp_path / "out.jsonl") == 1
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))["content"] == "?"
