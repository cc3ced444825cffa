"""Nothing is unpickled anywhere in afina, as Python itself tells."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROOF, PLANTED = "proof that it is seen", "a run with a pickle"


@pytest.mark.parametrize("amount", ["some", pytest.param("slow", marks=pytest.mark.slow)])
def test_nothing_is_unpickled(tiny_model, tmp_path, amount):
    folder = tmp_path / "all"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.unpickling", str(folder), str(tiny_model), amount],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    # The files that were planted are written, and never opened after that.
    assert found.pop("marks") == []
    assert found.pop(PROOF)["events"] == [f"unpickled {Path('a').__reduce__()[0].__module__}.{type(Path()).__name__}"]
    assert found[PLANTED].pop("events") == [f"opened {folder}/run/model/pytorch_model.bin"]
    assert found["a base with a pickle"].pop("events") == [f"opened {folder}/base/pytorch_model.bin"]
    assert found.pop(PLANTED)["code"] == 2
    assert {name: step["code"] for name, step in found.items() if step["code"]} == {}, done.stderr
    assert {name: step["events"] for name, step in found.items() if step.get("events")} == {}
    assert len(found) >= 8
