"""A run as a Hugging Face Space: its files, what they tell and do not tell, and the server that it starts."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from tests.end_to_end.dockerfiles import Image, instructions_of, size_mb
from tests.end_to_end.test_docker import free_port

from afina import Classifier
from afina.errors import ConfigError, ModelError, OutputError
from afina.inference.export_record import read_export
from afina.recipes import export_space
from afina.recipes.space.installing import pinned_requirements
from afina.recipes.space.pages import read_me
from afina.recipes.space.published import Published
from afina.recipes.space.writing import RECORD
from afina.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def exported_run(trained_run, tmp_path_factory) -> Path:
    """A run whose name is no good one for a command; it is exported with its Space."""
    return shutil.copytree(trained_run, tmp_path_factory.mktemp("exported") / "our reviews (new)")


@pytest.fixture(scope="module")
def written(exported_run, tmp_path_factory) -> tuple[Path, dict[str, object]]:
    space = tmp_path_factory.mktemp("spaces") / "space"
    return space, export_space(exported_run, space)


@pytest.fixture(scope="module")
def space(written) -> Path:
    return written[0]


def front_matter(read_me: str) -> tuple[dict[str, object], str]:
    _, fields, text = read_me.split("---\n", 2)
    return yaml.safe_load(fields), text


def command_of(space: Path, tmp_path: Path, **variables: str) -> list[str]:
    """What its CMD runs, as a shell takes it apart."""
    stub = tmp_path / "bin" / "afina"
    stub.parent.mkdir(exist_ok=True)
    stub.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    stub.chmod(0o755)
    [command] = [each.words for each in instructions_of(space / "Dockerfile") if each.name == "CMD"]
    path = f"{stub.parent}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(command, env={"PATH": path, **variables}, capture_output=True, text=True, check=True)
    return json.loads(found.stdout)


def test_the_readme_says_what_the_hub_builds(space):
    fields, text = front_matter((space / "README.md").read_text())
    assert (fields["sdk"], fields["app_port"], fields["title"]) == ("docker", 7860, "our-reviews-new")
    assert len(fields["short_description"]) <= 60
    assert {fields["colorFrom"], fields["colorTo"]} <= {
        "red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray",
    }  # fmt: skip
    assert not {"license", "models", "datasets"} & set(fields), "a folder and a file of one's own are not of the Hub"
    assert "**negative**, **positive**" in text
    test = json.loads((space / "runs" / "our-reviews-new" / "metrics.json").read_text())["test"]
    assert f"Accuracy {test['accuracy']['value']:.3f}" in text


def test_what_the_hub_knows_is_named(exported_run, space):
    run = RunFolder(exported_run)
    manifest = run.read_manifest()
    manifest["config"]["modeling"]["name"] = "distilbert"
    manifest["config"]["data"]["source"] = ["hub:stanfordnlp/imdb@train", "/home/someone/own.csv", "hub:a/b:c"]
    told = Published.of(run, manifest)
    fields, _ = front_matter(read_me(told, read_export(run.onnx)))
    assert fields["license"] == told.licence == "apache-2.0"
    assert fields["models"] == ["distilbert/distilbert-base-uncased"]
    assert fields["datasets"] == ["stanfordnlp/imdb", "a/b"]


def test_it_names_no_place_and_holds_no_text(exported_run, space):
    public = [path for path in space.rglob("*") if path.is_file() and "afina_src" not in path.parts]
    run = space / "runs" / "our-reviews-new"
    assert {path.name for path in run.iterdir()} == {"run.json", "metrics.json", "onnx"}
    texts = pq.read_table(exported_run / "predictions.parquet")["text"].to_pylist()
    source = json.loads((exported_run / "run.json").read_text())["config"]["data"]["source"]
    private = [str(Path(source).parent), str(exported_run.parent), *texts]
    for path in public:
        content = path.read_bytes().decode("utf-8", errors="replace")
        assert not [each for each in private if each in content], path


def test_the_run_in_it_answers_as_the_run(exported_run, space):
    texts = ["a good room", "bad and dull"]
    mine, public = (Classifier.load(each) for each in (exported_run, space / "runs" / "our-reviews-new"))
    assert (public.predict_proba(texts) == mine.predict_proba(texts)).all()


def test_its_command_line_is_one_that_afina_takes(space, tmp_path):
    from typer.main import get_command

    from afina.cli.app import app

    name, *arguments = command_of(space, tmp_path)
    serve = get_command(app).commands[name]
    given = serve.make_context("serve", list(arguments)).params
    assert given["runs"] == [Path("runs/our-reviews-new")]
    assert (given["host"], given["port"], given["anonymous"]) == ("0.0.0.0", 7860, "read")
    assert not given["token"]
    assert not given["cors_origin"]
    # As the Hub sets it in a Space.
    name, *arguments = command_of(space, tmp_path, SPACE_HOST="owner-name.hf.space")
    given = serve.make_context("serve", list(arguments)).params
    assert given["cors_origin"] == ["https://owner-name.hf.space"]


def test_its_dockerfile_is_one_for_the_hub(space):
    steps = instructions_of(space / "Dockerfile")
    assert [each.rest for each in steps if each.name == "USER"] == ["1000"]
    assert [each.rest for each in steps if each.name == "EXPOSE"] == ["7860"]
    assert f"python:{sys.version_info.major}.{sys.version_info.minor}-slim" in [each.rest for each in steps]
    copied = {each.words[0] for each in steps if each.name == "COPY"}
    assert copied == {"requirements.txt", "afina_src", "runs"}
    assert all((space / each).exists() for each in copied)


def test_requirements_are_those_that_are_installed_here(space):
    lines = (space / "requirements.txt").read_text().splitlines()
    assert lines == pinned_requirements()
    pins = dict(line.split("==") for line in lines)
    for name in ("fastapi", "onnxruntime", "uvicorn", "starlette", "pyarrow"):
        assert pins[name] == metadata.version(name).partition("+")[0]
    assert "uvloop" in pins, "which only Windows does without"
    assert not {"torch", "transformers", "afina"} & set(pins)


def test_the_source_of_this_afina_comes_along(space):
    import afina

    source = space / "afina_src"
    assert (source / "LICENSE").read_text().lstrip().startswith("Apache License")
    here = Path(afina.__file__).parent
    files = {path.relative_to(here) for path in here.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.relative_to(source / "afina") for path in (source / "afina").rglob("*") if path.is_file()} == files


def test_a_run_is_exported_only_where_it_has_to_be(exported_run, written, tmp_path, afina_command):
    space, document = written
    assert document["int8"] is not None, "its dev texts were there to check them on"
    record = RunFolder(exported_run).onnx.record
    written_at = record.stat().st_mtime_ns
    again = shutil.copytree(space, tmp_path / "again")
    (again / "README.md").write_text("mine")
    arguments = ("export", str(exported_run), "--space", str(again))
    code, _, message = afina_command(*arguments)
    assert (code, "The output exists" in message) == (2, True)
    code, out, _ = afina_command(*arguments, "--force")
    assert (code, record.stat().st_mtime_ns) == (0, written_at)
    assert (again / "README.md").read_text() == (space / "README.md").read_text()
    assert "hf upload" in out
    assert "license of the pretrained model is not known" in re.sub(r"\s+", " ", out)
    assert afina_command("export", str(exported_run), "--force")[0] == 2


def test_a_place_that_is_not_its_own_is_refused(exported_run, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM scratch")
    with pytest.raises(OutputError, match=r"holds no space\.json"):
        export_space(exported_run, other, force=True)
    (other / RECORD).write_text("{}")
    (other / ".git").mkdir()
    with pytest.raises(OutputError, match="holds a git repository"):
        export_space(exported_run, other, force=True)
    with pytest.raises(ConfigError, match="in the run itself"):
        export_space(exported_run, exported_run / "space")
    with pytest.raises(ModelError, match="No such run"):
        export_space(tmp_path / "none", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
@pytest.mark.network
def test_what_its_dockerfile_starts_answers_all_and_keeps_nothing(written, tmp_path, capsys):
    space, document = written
    image = Image.build(space, tmp_path / "image")
    installed = image.run(["python", "-c", "import afina; print(afina.__file__)"]).stdout
    assert str(image.root) in installed
    assert "afina_src" not in installed
    with image.serve(port=(7860, free_port()), SPACE_HOST="owner-name.hf.space") as server:
        asked = {"text": "a good room", "explain": True}
        status, answer = server.ask("/v1/classify", asked, Origin="https://owner-name.hf.space")
        assert (status, answer["results"][0]["label"]) == (200, "positive")
        assert server.ask("/v1/classify", asked, Origin="https://elsewhere.example")[0] == 403
        status, page = server.ask("/")
        assert (status, b"<html" in page) == (200, True)
        said = {"text": "a good room", "model": answer["model"], "predicted": "positive", "correct": "positive"}
        assert server.ask("/v1/feedback", said)[0] == 404
        assert server.ask("/v1/feedback")[0] == 404
        assert server.ask("/v1/jobs")[0] == 404
        memory = server.memory_mb()
    home = image.root / "home" / "user"
    assert {path.name for path in home.iterdir()} == {"app"}, "ONNX Runtime notes nothing down to be reported"
    installed_mb = size_mb(image.root / "usr")
    with capsys.disabled():
        sys.stderr.write(
            f"\nSpace: {document['space']['mb']:.1f} MB, installed {installed_mb:.0f} MB, "
            f"ready in {server.seconds:.1f} s, memory {memory:.0f} MB\n"
        )
