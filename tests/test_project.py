"""The project itself: public names, light imports, help, docs that are true, nothing private in tracked files."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import afina
from afina.config import RunConfig, setting_names

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "afina"


def _python(code: str) -> str:
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_public_names_are_sorted_and_can_be_imported():
    assert afina.__all__ == sorted(afina.__all__)
    for name in afina.__all__:
        assert getattr(afina, name) is not None


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Clasifier'"):
        _ = afina.Clasifier


@pytest.mark.parametrize("module", ["afina", "afina.cli.app", "afina.data", "afina.inference", "afina.config"])
def test_importing_loads_no_torch(module):
    loaded = _python(
        f"import sys, {module}; print([m for m in ('torch', 'transformers', 'sklearn') if m in sys.modules])"
    )
    assert loaded.strip() == "[]"


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"], ["predict"]])
def test_help_works_without_torch(command):
    code = "import sys; sys.argv[1:] = {!r}; sys.modules['torch'] = None; from afina.cli.app import run; run()"
    assert "Usage" in _python(code.format([*command, "--help"]))


def test_versions_agree():
    assert f'version = "{afina.__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_changelog_has_an_unreleased_section():
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_setting_has_a_doc_string():
    def undocumented(model, prefix=""):
        for name, field in model.model_fields.items():
            if not field.description:
                yield prefix + name
            if hasattr(field.annotation, "model_fields"):
                yield from undocumented(field.annotation, f"{prefix}{name}.")

    assert list(undocumented(RunConfig)) == []
    assert "training.learning_rate" in setting_names()


def test_reference_pages_are_up_to_date():
    finished = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr


def test_every_module_has_a_docstring_and_is_short():
    for path in SOURCE.rglob("*.py"):
        module = importlib.import_module(".".join(path.relative_to(SOURCE.parent).with_suffix("").parts))
        assert module.__doc__, path
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


def test_other_rooms_import_from_the_evaluation_room_and_not_from_its_modules():
    modules = {f"afina.evaluation.{path.stem}" for path in (SOURCE / "evaluation").glob("*.py")}
    deep = []
    for path in SOURCE.rglob("*.py"):
        if path.is_relative_to(SOURCE / "evaluation"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in modules:
                deep.append(f"{path.relative_to(SOURCE)}: {node.module}")
    assert deep == []


def test_the_map_in_the_readme_names_exactly_the_rooms_there_are():
    block = re.search(r"```\nsrc/afina/\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block, "the README has a map of src/afina"
    mapped = set(re.findall(r"^  (\S+)", block[1], re.MULTILINE))
    there = {path.name + "/" * path.is_dir() for path in SOURCE.iterdir() if path.name != "__pycache__"}
    assert mapped == there - {"__init__.py", "__main__.py", "py.typed"}


def test_commands_in_the_readme_and_guides_exist():
    from typer.main import get_command

    from afina.cli.app import app

    known = set(get_command(app).commands)
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for block in re.findall(r"```(?:sh)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for used in re.findall(r"^(?:\$ )?afina ([a-z]+)", block, re.MULTILINE):
                assert used in known, f"{page.name} uses `afina {used}`"


def test_tracked_files_hold_no_weights_and_no_path_of_a_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file():
            continue
        assert path.suffix not in {".safetensors", ".bin", ".pt", ".onnx", ".pkl"}, name
        assert path.stat().st_size < 1_000_000, name
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert str(ROOT.parent) + "/" not in text.replace(__file__, ""), name
