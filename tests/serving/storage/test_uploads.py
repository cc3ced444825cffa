from __future__ import annotations

import gzip
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.serving.forms import chunks_of, form_of, part, run, whole
from tests.small_disk import fill, small_disk

from afina.serving.storage import StorageError
from afina.serving.storage import uploads as module
from afina.serving.storage.inspecting import inspect
from afina.serving.storage.receiving import receive
from afina.serving.storage.uploads import Kind, kind_of_name, settle


def received(path, form, max_bytes=10_000_000):
    content_type, body = form
    return run(receive(content_type, chunks_of(body), path, fields=("model", "text_column"), max_bytes=max_bytes))


def refused(call, *arguments, **options):
    with pytest.raises(StorageError) as told:
        call(*arguments, **options)
    return told.value.status


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", Kind("csv")), ("A.B.CSV", Kind("csv")), ("a.tsv.gz", Kind("tsv", True)), ("a.ndjson", Kind("jsonl")),
        ("../../etc/x.txt", Kind("txt")), (".parquet", Kind("parquet")), ("a b\n.json", Kind("json")),
    ],
)  # fmt: skip
def test_of_a_name_only_its_end_is_used(name, kind):
    assert kind_of_name(name) == kind


@pytest.mark.parametrize("name", ["a.zip", "a.xlsx", "a", "", "a.csv.zip", "a.gz", "a.tar.gz", "csv", "a.csv\0.exe"])
def test_other_kinds_are_refused(name):
    assert refused(kind_of_name, name) == 415


def test_a_form_is_written_to_disk_as_it_comes(tmp_path):
    content = bytes(range(256)) * 50 + b"\r\n--a-boundary"
    form = received(tmp_path / "x", form_of(content, "../../../etc/passwd.csv", model="reviews", text_column=" "))
    assert form.path.read_bytes() == content
    assert form.path == tmp_path / "x"
    assert form.path.stat().st_mode & 0o777 == 0o600
    assert (form.kind, form.fields) == (Kind("csv"), {"model": "reviews"})


FILE = part("file", b"text\na\n", "a.csv")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (("application/json", b"{}"), 415),
        (("multipart/form-data", b""), 415),
        ((whole()[0], b""), 400),
        ((whole()[0], whole(FILE)[1][:-30]), 400),
        ((whole()[0], b"no form at all"), 400),
        (whole(), 422),
        (whole(part("model", b"m")), 422),
        (whole(part("file", b"text")), 415),
        (whole(FILE, FILE), 422),
        (whole(part("model", b"m"), part("model", b"m"), FILE), 422),
        (whole(part("other", b"m"), FILE), 422),
        (whole(part("model", b"\xff"), FILE), 400),
        (whole(part("model", b"x" * 2_000), FILE), 413),
        (whole(*(part("model", b"m") for _ in range(30))), 422),
        (form_of(b"x" * 100_000, "a.csv"), 413),
    ],
)
def test_what_is_no_such_form_is_refused(form, status, tmp_path):
    assert refused(received, tmp_path / "x", form, max_bytes=50_000) == status


def test_a_full_disk_is_told(tmp_path):
    with small_disk(tmp_path / "disk", 300) as disk:
        fill(disk, but_kilobytes=40)
        assert refused(received, disk / "x", form_of(b"x" * 1_000_000)) == 507


def write(tmp_path, content, name="arriving"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_packed_file_is_unpacked(tmp_path):
    for kind in (Kind("csv", True), Kind("csv")):  # whatever its name says
        upload = settle(write(tmp_path, gzip.compress(b"text\na\n")), kind)
        assert (upload.name, upload.read_bytes()) == ("upload.csv", b"text\na\n")
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["upload.csv"]


def test_what_grows_beyond_all_measure_is_refused_before_it_does(tmp_path, monkeypatch):
    bomb = gzip.compress(bytes(30_000_000))
    assert refused(settle, write(tmp_path, bomb), Kind("csv", True)) == 413
    assert sum(path.stat().st_size for path in tmp_path.iterdir() if path.is_file()) < 12_000_000
    monkeypatch.setattr(module, "MOST_UNPACKED_BYTES", 1000)
    assert refused(settle, write(tmp_path, gzip.compress(b"ab" * 600), "b"), Kind("csv", True)) == 413


def test_archives_by_any_name_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        archive.writestr("../../evil.csv", "text\na\n")
    packed = (tmp_path / "z").read_bytes()
    assert refused(settle, write(tmp_path, packed), Kind("csv")) == 415
    assert refused(settle, write(tmp_path, gzip.compress(packed), "b"), Kind("csv", True)) == 415
    assert refused(settle, write(tmp_path, gzip.compress(gzip.compress(b"a")), "c"), Kind("csv", True)) == 415


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", Kind("csv")), (b"text", Kind("parquet")), (b"\x1f\x8bnot gzip", Kind("csv", True)),
     (gzip.compress(b"text\na\n")[:-5], Kind("csv", True))],
)  # fmt: skip
def test_broken_files_are_refused(content, kind, tmp_path):
    assert refused(settle, write(tmp_path, content), kind) == 422


def test_a_file_is_looked_into(tmp_path):
    content = "title,review,n\n" + "".join(f"t{i},a long review of number {i},{i}\n" for i in range(30))
    found = inspect(write(tmp_path, content.encode(), "upload.csv"), packed_bytes=1)
    assert (found.columns, found.text_column, found.title_column) == (["title", "review", "n"], "review", "title")
    assert len(found.rows) == 20
    assert found.rows_total == 30
    assert found.rows[3] == {"title": "t3", "review": "a long review of number 3", "n": "3"}


def test_what_no_answer_can_hold_is_mended_in_what_is_shown(tmp_path):
    lines = b'{"text": "half \\ud83d and \\u0000", "n": NaN, "long": "%s"}\n' % (b"x" * 5_000)
    found = inspect(write(tmp_path, lines, "upload.jsonl"), packed_bytes=1)
    assert found.rows[0]["text"] == "half � and �"
    assert found.rows[0]["n"] is None
    assert len(found.rows[0]["long"]) == 500


@pytest.mark.parametrize("content", [b"text\n", b"a,a\nb,c\n", b"text\n" + b"x" * (17 << 20), b"\x00\x01" * 500])
def test_what_cannot_be_read_is_told_without_a_path(content, tmp_path):
    with pytest.raises(StorageError) as told:
        inspect(write(tmp_path, content, "upload.csv"), packed_bytes=1)
    assert told.value.status == 422
    assert str(tmp_path) not in str(told.value)


def write_parquet(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_a_parquet_file_that_repeats_a_long_cell_is_refused(tmp_path):
    cell = "long " * 20_000
    columns = {"text": pa.DictionaryArray.from_arrays(pa.array([0] * 4_000, pa.int32()), [cell])}
    bomb = write_parquet(tmp_path / "upload.parquet", columns)
    size = bomb.stat().st_size
    assert size < 1_000_000  # and 400 MB when it is read
    assert refused(inspect, bomb, packed_bytes=size) == 413


def test_a_parquet_file_with_too_many_rows_is_refused(tmp_path):
    bomb = write_parquet(tmp_path / "upload.parquet", {"n": pa.array([1] * (module.MOST_ROWS + 1), pa.int8())})
    assert refused(inspect, bomb, packed_bytes=bomb.stat().st_size) == 413


def test_an_honest_parquet_file_is_not(tmp_path):
    columns = {"text": [f"review number {i} of many" for i in range(5_000)], "label": ["positive"] * 5_000}
    path = write_parquet(tmp_path / "upload.parquet", columns)
    found = inspect(path, packed_bytes=path.stat().st_size)
    assert (found.text_column, found.rows_total) == ("text", 5_000)
