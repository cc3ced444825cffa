"""`afina data inspect`, `split` and `audit` as a user types them, and training on what they write."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet as pq
import pytest
from tests.conftest import NEGATIVE, POSITIVE

SECRET = "hunter2"
UNREACHABLE = f"postgresql://anna:{SECRET}@127.0.0.1:1/reviews#reviews"


def not_json(constant):
    raise AssertionError(f"{constant} is no JSON")


def only_document(out):
    """The one JSON document that standard output holds, and nothing else."""
    return json.loads(out, parse_constant=not_json)


@pytest.fixture
def inspect(afina_command, tiny_model):
    def run(*arguments):
        return afina_command("data", "inspect", *arguments, "--model", tiny_model)

    return run


@pytest.fixture
def audit(afina_command, tiny_model):
    def run(*arguments):
        return afina_command("data", "audit", *arguments, "--model", tiny_model)

    return run


@pytest.fixture
def flipped_csv(tmp_path):
    """Texts whose words tell the label, but for eleven of them."""
    lines = ["text,label"]
    for i in range(120):
        words = (NEGATIVE, POSITIVE)[i % 2]
        given = ("negative", "positive")[(i + (i in range(4, 100, 9))) % 2]
        text = " ".join(words[(i // 2 * step + step) % 8] for step in (1, 3, 5))
        lines.append(f"the {text} film number {i},{given}")
    path = tmp_path / "flipped.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_inspect_prints_tables_and_what_to_do(inspect, reviews_csv):
    code, out, err = inspect(reviews_csv)
    assert code == 0, err
    for expected in (
        "60 rows, text from 'text', label from 'label'", "Classes", "Length of a text", "Duplicates",
        "none: no row repeats another", "Examples, drawn at random", "What to do", "The label 'negative' has 30 texts",
    ):  # fmt: skip
        assert expected in out
    assert "Shared with" not in out


def test_inspect_tells_leaks_of_real_data(inspect, shared_data):
    code, out, _ = inspect(shared_data / "sst2_dev.parquet", "--against", shared_data / "sample_reviews.parquet")
    assert code == 0
    assert "rows here that stand there: 150 (17.2%), 139 exactly and 11 nearly" in out
    assert "rows there that stand here: 150 of 150 (100.0%)" in out


def test_inspect_prints_one_json_document_and_nothing_else(inspect, reviews_csv, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = inspect(reviews_csv, "--against", reviews_csv, "--json", "--html", page)
    assert code == 0
    document = only_document(out)
    assert (document["texts"], document["leakage"]["exact"]) == (60, 60)
    assert "<html" in page.read_text(encoding="utf-8")


def test_inspect_shows_labels_and_texts_that_look_like_markup(inspect, tmp_path):
    source = tmp_path / "markup.csv"
    rows = [(f"a [bold]good[/bold] thing{i} of{i} kind{i}", ("[/x]", "[red]")[i % 2]) for i in range(20)]
    source.write_text("\n".join(["text,label", *(",".join(row) for row in rows)]))
    code, out, err = inspect(source)
    assert code == 0, err
    assert "[/x]" in out
    assert "a [bold]good[/bold] thing" in out


def test_a_folder_that_looks_like_markup_is_named_as_it_is(inspect, reviews_csv, tmp_path):
    folder = tmp_path / "[bold]x[" / "b]"
    folder.mkdir(parents=True)
    code, out, err = inspect(reviews_csv.rename(folder / "reviews.csv"))
    assert code == 0, err
    assert "[bold]x[/b]" in out
    assert "[bold]x[/b]" in err


def test_inspect_looks_at_texts_without_labels(inspect, tmp_path):
    source = tmp_path / "texts.txt"
    source.write_text("".join(f"a text about thing{i} and thing{i + 50}\n" for i in range(30)))
    code, out, err = inspect(source)
    assert code == 0, err
    assert "Classes" not in out
    assert "There are no labels" in out


def test_inspect_refuses_free_text_as_labels_with_their_number(inspect, tmp_path):
    source = tmp_path / "free.csv"
    source.write_text("text,label\n" + "".join(f"text number {i} here,remark {i}\n" for i in range(80)))
    code, out, err = inspect(source)
    assert (code, out) == (2, "")
    assert "The label column 'label' has 80 distinct values" in err
    assert err.count("error:") == 1


def test_inspect_refuses_nothing_but_blank_texts(inspect, tmp_path):
    source = tmp_path / "blank.csv"
    source.write_text("text,label\n" + '"  ",good\n"",bad\n' * 5)
    code, out, err = inspect(source)
    assert (code, out) == (2, "")
    assert "all 10 rows are blank" in err


@pytest.mark.parametrize("option", ["--html", "--rejected"])
def test_inspect_replaces_a_file_only_when_asked(inspect, reviews_csv, tmp_path, option):
    there = tmp_path / "there.html"
    there.write_text("mine")
    code, out, err = inspect(reviews_csv, option, there)
    assert (code, out) == (2, "")
    assert "exists" in err
    assert "Reading" not in err
    assert there.read_text() == "mine"
    code, _, err = inspect(reviews_csv, option, there, "--force")
    assert code == 0, err
    assert there.read_text() != "mine"


@pytest.mark.parametrize("option", ["--html", "--rejected"])
def test_inspect_refuses_a_folder_before_any_work(inspect, reviews_csv, tmp_path, option):
    code, _, err = inspect(reviews_csv, option, tmp_path, "--force")
    assert code == 2
    assert "folder" in err
    assert "Reading" not in err


def test_inspect_writes_rows_that_could_not_be_understood(inspect, tmp_path):
    source, rejected = tmp_path / "source.jsonl", tmp_path / "rejected.jsonl"
    lines = [json.dumps({"text": f"text{i} of{i} some{i}", "label": ("good", "bad")[i % 2]}) for i in range(40)]
    source.write_text("\n".join([*lines[:5], "{not json", *lines[5:]]))
    code, out, err = inspect(source, "--rejected", rejected)
    assert code == 0, err
    assert "1 not understood" in out
    assert "{not json" in out
    assert f"1 rows written to {rejected}" in err
    (record,) = map(json.loads, rejected.read_text().splitlines())
    assert record["content"] == "{not json"


def test_inspect_names_a_tokenizer_that_is_not_there(afina_command, reviews_csv):
    code, out, err = afina_command("data", "inspect", reviews_csv, "--model", "nowhere/to-be-found")
    assert (code, out) == (2, "")
    assert "nowhere/to-be-found" in err
    assert "Traceback" not in err


def test_split_prints_its_parts_and_how_to_train_on_them(afina_command, reviews_csv, tmp_path):
    out_folder = tmp_path / "my split"
    code, out, err = afina_command("data", "split", reviews_csv, "--out", out_folder)
    assert code == 0, err
    for expected in ("train.parquet", "dev.parquet", "test.parquet", "48", f"afina train '{out_folder}/train.parquet'"):
        assert expected in out
    assert "--keep-labels" not in out


def test_split_says_that_kept_labels_are_to_be_kept_in_training(afina_command, tmp_path):
    source = tmp_path / "stars.csv"
    source.write_text("text,stars\n" + "".join(f"text{i} of{i} some{i} kind{i},{i % 5 + 1}\n" for i in range(60)))
    code, out, err = afina_command("data", "split", source, "--out", tmp_path / "out", "--keep-labels")
    assert code == 0, err
    assert out.rstrip().endswith("test.parquet --keep-labels")


def test_split_prints_its_manifest_as_json(afina_command, reviews_csv, tmp_path):
    code, out, _ = afina_command(
        "data", "split", reviews_csv, "--out", tmp_path / "out", "--shares", "0.6/0.2/0.2", "--json"
    )
    assert code == 0
    document = only_document(out)
    assert document == json.loads((tmp_path / "out" / "split.json").read_text())
    assert [document["parts"][name]["texts"] for name in ("train", "dev", "test")] == [36, 12, 12]


@pytest.mark.parametrize("shares", ["80/10/10", "80,10,10", "0.8/0.1/0.1", " 80 / 10 / 10 "])
def test_split_understands_shares_in_several_ways(afina_command, reviews_csv, tmp_path, shares):
    code, out, err = afina_command(
        "data", "split", reviews_csv, "--out", tmp_path / "out", "--shares", shares, "--json"
    )
    assert code == 0, err
    assert only_document(out)["shares"] == pytest.approx([0.8, 0.1, 0.1])


@pytest.mark.parametrize(
    "shares", ["80/20", "80/10/20", "8/1/1", "100/0/0", "nan/50/50", "120/-10/-10", "most/some/few", "", "inf/1/1"]
)
def test_split_refuses_shares_that_are_none(afina_command, reviews_csv, tmp_path, shares):
    code, out, err = afina_command("data", "split", reviews_csv, "--out", tmp_path / "out", "--shares", shares)
    assert (code, out) == (2, "")
    assert f"--shares {shares}".strip() in err
    assert "hint: for example 80/10/10" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--few-shot", "3", "--shares", "80/10/10"], "--shares or --few-shot, not both"),
        (["--few-shot", "0"], "at least one text of each label: 0"),
        (["--few-shot", "100"], "at least 201 are needed"),
        (["--group-column", "author"], "Column not found: 'author'"),
        (["--seed", "-1"], "Invalid value"),
        (["--text-column", "txt"], "Column not found: 'txt'"),
    ],
)
def test_split_refuses_bad_options_in_one_sentence(afina_command, reviews_csv, tmp_path, options, expected):
    code, out, err = afina_command("data", "split", reviews_csv, "--out", tmp_path / "out", *options)
    assert (code, out) == (2, "")
    assert expected in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_split_replaces_a_split_and_nothing_else(afina_command, reviews_csv, tmp_path):
    out = tmp_path / "out"
    assert afina_command("data", "split", reviews_csv, "--out", out)[0] == 0
    code, _, err = afina_command("data", "split", reviews_csv, "--out", out)
    assert code == 2
    assert "exists" in err
    assert afina_command("data", "split", reviews_csv, "--out", out, "--force")[0] == 0
    code, _, err = afina_command("data", "split", reviews_csv, "--out", tmp_path, "--force")
    assert code == 2
    assert "split.json" in err
    assert reviews_csv.exists()


def test_train_runs_on_a_split(afina_command, reviews_csv, tiny_model, tmp_path):
    out = tmp_path / "out"
    assert afina_command("data", "split", reviews_csv, "--out", out)[0] == 0
    parts = {name: out / f"{name}.parquet" for name in ("train", "dev", "test")}
    code, printed, err = afina_command(
        "train", parts["train"], "--dev", parts["dev"], "--test", parts["test"], "--model", tiny_model,
        "--max-steps", "2", "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert code == 0, err
    assert "warning: Removed" not in err
    assert only_document(printed)["test"]["n"] == 6
    data = json.loads((tmp_path / "run" / "run.json").read_text())["data"]
    assert [data[name]["texts"] for name in ("train", "dev", "test")] == [48, 6, 6]
    assert data["dev_source"] == str(parts["dev"])
    tested = pq.read_table(tmp_path / "run" / "predictions.parquet").column("text").to_pylist()
    assert tested == pq.read_table(parts["test"]).column("text").to_pylist()


def test_train_tells_of_a_dev_set_that_shares_texts(afina_command, reviews_csv, tiny_model, tmp_path):
    lines = reviews_csv.read_text().splitlines()
    dev = tmp_path / "dev.csv"
    dev.write_text("\n".join([lines[0], *lines[1:5], "a new room that was very sad,negative"]))
    code, _, err = afina_command(
        "train", reviews_csv, "--dev", dev, "--model", tiny_model, "--max-steps", "1", "--out", tmp_path / "run"
    )
    assert code == 0, err
    assert "that stand in the" in err


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text,label\n" + "a text,sarcastic\nother text,ironic\n", "'ironic', 'sarcastic'"),
        ("text,label\n", "No rows"),
    ],
)
def test_train_refuses_a_bad_dev_set(afina_command, reviews_csv, tiny_model, tmp_path, content, expected):
    dev = tmp_path / "dev.csv"
    dev.write_text(content)
    code, out, err = afina_command("train", reviews_csv, "--dev", dev, "--model", tiny_model, "--out", tmp_path / "run")
    assert (code, out) == (2, "")
    assert expected in err
    assert not (tmp_path / "run").exists()


def test_train_refuses_a_dev_set_that_is_the_test_set(afina_command, reviews_csv, tiny_model, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("text,label\n" + "a very new film,positive\na very old room,negative\n")
    code, _, err = afina_command("train", reviews_csv, "--dev", other, "--test", other, "--model", tiny_model)
    assert code == 2
    assert "Every dev text stands in the test set" in err


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


@pytest.mark.parametrize("command", ["inspect", "split", "audit"])
def test_a_password_is_never_printed(afina_command, tmp_path, command):
    out = ["--out", tmp_path / "out"] if command == "split" else []
    code, printed, err = afina_command("data", command, UNREACHABLE, *out)
    assert (code, printed) == (2, "")
    assert SECRET not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["inspect", "split", "audit"])
def test_a_missing_source_is_one_sentence(afina_command, tmp_path, command):
    out = ["--out", tmp_path / "out"] if command == "split" else []
    code, printed, err = afina_command("data", command, "nowhere.csv", *out)
    assert (code, printed) == (2, "")
    assert err.count("error:") == 1
    assert "No such file" in err


@pytest.mark.parametrize("command", ["inspect", "audit"])
def test_texts_cannot_steer_the_terminal(afina_command, tiny_model, tmp_path, command):
    source = tmp_path / "steering.jsonl"
    rows = [{"text": f"\x1b[31mred{i} \x07bell{i} of{i}\u202e", "label": ("a\x1b[2J", "b")[i % 2]} for i in range(40)]
    source.write_text("\n".join(map(json.dumps, rows)))
    code, out, err = afina_command("data", command, source, "--model", tiny_model)
    assert code == 0, err
    assert "[31mred" in out
    assert not set("\x1b\x07\u202e") & set(out)
