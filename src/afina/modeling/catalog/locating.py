"""Models by short name. A name that is not here is a local folder or a Hub id."""

from __future__ import annotations

import difflib
from pathlib import Path

from afina.errors import ModelError, UnknownModelError
from afina.modeling.embedded import HUB_ID, embedded_model_folder

EMBEDDED = "minilm"

HUB_IDS = {
    EMBEDDED: HUB_ID,
    "albert": "albert/albert-base-v2",
    "bert": "google-bert/bert-base-uncased",
    "distilbert": "distilbert/distilbert-base-uncased",
    "electra": "google/electra-small-discriminator",
    "gpt2": "openai-community/gpt2",
    "opt": "facebook/opt-125m",
    "roberta": "FacebookAI/roberta-base",
    "xlnet": "xlnet/xlnet-base-cased",
}


def locate(name: str) -> str | Path:
    """Where to load a model from: a verified folder for the embedded one, a folder, or a Hub id.

    Args:
        name: Catalog name, local folder, or `owner/name` on the Hub.

    Raises:
        ModelError: It is none of them, or the embedded model is missing or damaged.
    """
    if name in (EMBEDDED, HUB_ID):
        return embedded_model_folder()
    if name in HUB_IDS:
        return HUB_IDS[name]
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelError(f"Not a model folder: {name} (it has no config.json)")
        return folder
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return name
    near = difflib.get_close_matches(name, HUB_IDS, n=1)
    raise UnknownModelError(
        f"Unknown model: {name!r}",
        hint=f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(HUB_IDS))}, a folder, or a Hub id",
    )
