import os
import signal
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize(
    "command",
    [
        ["data", "inspect", "sample"],
        ["data", "audit", "sample", "--out", "audited.csv"],
        ["tokens", "compare", "sample", "--html", "tokens.html"],
    ],
)
def test_ctrl_c_ends_a_command_with_a_sentence_and_no_output(tmp_path, command):
    process = subprocess.Popen(
        [sys.executable, "-m", "afina", *command],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    # The second line says that the texts are being read, so the command is at work.
    said = process.stderr.readline() + process.stderr.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, said + err
    assert out == ""
    assert err.strip().splitlines()[-1] == "error: Interrupted; nothing was written"
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []
