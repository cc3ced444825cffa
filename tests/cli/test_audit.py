"""`afina data audit` as a user types it."""

from __future__ import annotations

import csv

import pytest
from tests.cli.documents import only_document


def test_audit_ranks_flipped_labels_first(audit, flipped_csv):
    code, out, err = audit(flipped_csv, "--show", "11")
    assert code == 0, err
    assert "Likely errors: 11 labels (9.2%)" in out
    assert "--measure" in out
    shown = {int(line.split()[0]) for line in out.splitlines() if line.strip()[:1].isdigit()}
    assert shown == {i + 1 for i in range(4, 100, 9)}


def test_audit_prints_one_json_document_and_nothing_else(audit, flipped_csv, tmp_path):
    code, out, _ = audit(flipped_csv, "--json", "--measure", "--out", tmp_path / "out.csv", "--show", "2")
    assert code == 0
    document = only_document(out)
    assert document["likely_errors"] == 11
    assert len(document["ranked"]) == 2
    assert [round(row["flipped"], 2) for row in document["measured"]] == [0.05, 0.2]
    assert document["out"] == {
        "file": str(tmp_path / "out.csv"), "rows": 120, "removed": 0, "relabelled": 0, "not_audited": 0,
    }  # fmt: skip


def test_audit_removes_and_relabels_only_when_asked(audit, flipped_csv, tmp_path):
    for name, option, told, rows in (
        ("all.csv", [], "120 rows written", 120),
        ("removed.csv", ["--remove"], "109 rows written", 109),
        ("relabelled.csv", ["--relabel"], "120 rows written", 120),
    ):
        code, out, err = audit(flipped_csv, "--out", tmp_path / name, *option)
        assert code == 0, err
        assert told in out
        with (tmp_path / name).open(newline="") as file:
            written = list(csv.DictReader(file))
        assert len(written) == rows
        wrong = sum(row["label"] != ("negative", "positive")[int(row["text"].split()[6]) % 2] for row in written)
        assert wrong == (0 if option else 11)


def test_audit_shows_how_well_flips_are_found(audit, flipped_csv):
    code, out, _ = audit(flipped_csv, "--measure", "--show", "0")
    assert code == 0
    for expected in ("TF-IDF", "embeddings", "both", "found: share of flipped labels among them"):
        assert expected in out
    assert "Labels least likely to be right" not in out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--out", "out.xyz"], "out.xyz"),
        (["--out", "out.xlsx"], "Cannot write out.xlsx"),
        (["--out", "flipped.csv"], "exists"),
        (["--out", "."], "is a folder"),
        (["--out", "folder.csv", "--force"], "is a folder"),
        (["--remove"], "write a file"),
        (["--relabel"], "write a file"),
        (["--remove", "--relabel", "--out", "out.csv"], "not both"),
        (["--max-tokens", "2"], "Invalid value"),
        (["--max-rows", "3"], "Invalid value"),
    ],
)
def test_audit_refuses_bad_options_before_any_work(audit, flipped_csv, tmp_path, options, expected):
    (tmp_path / "folder.csv").mkdir()
    code, out, err = audit(flipped_csv, *options)
    assert (code, out) == (2, "")
    assert expected in err
    assert "Reading" not in err
    assert "Traceback" not in err
    assert not (tmp_path / "out.csv").exists()


def test_audit_names_a_label_with_too_few_texts(audit, tmp_path):
    source = tmp_path / "few.csv"
    source.write_text("text,label\n" + "".join(f"text{i} of{i} some{i} kind{i},{i % 2}\n" for i in range(8)))
    code, out, err = audit(source)
    assert (code, out) == (2, "")
    assert "has 4 distinct texts" in err
