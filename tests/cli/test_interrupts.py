import os
import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("command", "stage"),
    [
        (["data", "inspect", "sample"], "Looking for duplicates"),
        pytest.param(
            ["data", "audit", "sample", "--out", "audited.csv"], "Reading the texts with minilm", marks=pytest.mark.slow
        ),
        pytest.param(
            ["tokens", "compare", "sample", "--html", "tokens.html"], "Training unigram", marks=pytest.mark.slow
        ),
    ],
)
def test_ctrl_c_ends_a_command_with_a_sentence_and_no_output(tmp_path, command, stage):
    process = subprocess.Popen(
        [sys.executable, "-m", "afina", *command],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    said = iter(process.stderr.readline, "")
    # Not while libraries are imported: an interrupt in one of their finalizers is lost, and a user presses again.
    assert any(line.strip() == stage for line in said)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert out == ""
    assert err.strip().splitlines()[-1] == "error: Interrupted; nothing was written"
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []
