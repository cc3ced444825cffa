"""The text files of a Space: the Dockerfile that it is built by, and the README.md that configures and presents it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import afina
from afina.inference.export_record import ExportRecord
from afina.recipes.space.published import Published

PORT = 7860
"""The port at which a Space is asked."""
_FRAMED_BY = "https://huggingface.co"
"""A Space is shown in a frame of that page."""

GIT_ATTRIBUTES = "".join(
    f"*.{ending} filter=lfs diff=lfs merge=lfs -text\n" for ending in ("onnx", "parquet", "gz", "woff2", "png")
)
"""The Hub takes no binary files from plain git."""


def dockerfile(name: str) -> str:
    """The Dockerfile of a Space; with the Python that is used here, for which the pinned versions were chosen.

    Args:
        name: Name of the model, whose run is in `runs/`.
    """
    serve = (
        f"exec afina serve runs/{name} --host 0.0.0.0 --port {PORT} --anonymous read --no-keep "
        # Whatever the proxy before a Space makes of host names, its own page may ask it.
        f"--set frame_ancestors={_FRAMED_BY} ${{SPACE_HOST:+--cors-origin https://$SPACE_HOST}}"
    )
    return f"""# Written by afina {afina.__version__} for a Hugging Face Space; it builds and runs anywhere else too.
FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim

# The base image holds no compiled modules, and the user may not write any: each process would take half a second more.
RUN useradd --create-home --uid 1000 user \\
    && python -m compileall -q -x 'lib2to3|site-packages' /usr/local/lib/python3.*
WORKDIR /home/user/app
COPY requirements.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt
COPY afina_src ./afina_src
RUN pip install --no-cache-dir --no-deps ./afina_src
COPY runs ./runs

USER 1000
# ONNX Runtime tells its maker what it runs, unless it is told not to.
ENV HOME=/home/user \\
    ORT_DISABLE_TELEMETRY=1 \\
    PYTHONUNBUFFERED=1
EXPOSE {PORT}
# Everyone may ask. Nobody can leave feedback or files: there is no folder to keep them in.
CMD ["sh", "-c", {json.dumps(serve)}]
"""


def read_me(told: Published, record: ExportRecord) -> str:
    """README.md of a Space, with the metadata by which the Hub builds and lists it.

    Args:
        told: What is published of the run.
        record: What is known of its exported model.
    """
    fields: dict[str, Any] = {
        "title": told.name,
        "emoji": "💬",
        "colorFrom": "indigo",
        "colorTo": "blue",
        "sdk": "docker",
        "app_port": PORT,
        "short_description": "Labels for texts, and the words that moved them",
        "license": told.licence,
        "models": list(told.base_models),
        "datasets": list(told.datasets),
        "tags": ["text-classification", "afina"],
    }
    # JSON is YAML.
    metadata = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items() if value)
    base = f"[{told.base_models[0]}](https://huggingface.co/{told.base_models[0]})" if told.base_models else "A model"
    labels = ", ".join(f"**{label}**" for label in told.labels)
    scores = "" if told.test is None else f"\n{_scores(told.test, record)}\n"
    graphs = ", ".join(f"{precision} ({graph.mb:.0f} MB)" for precision, graph in sorted(record.graphs.items()))
    return f"""---
{metadata}---

# {told.name}

{base} fine-tuned to tell {labels} apart.
Type a text and see its label, how sure the model is, and the words that moved it. Texts are neither kept nor logged.
{scores}
The page is a REST API too, described at `/docs`:

```sh
curl https://OWNER-NAME.hf.space/v1/classify -H 'Content-Type: application/json' -d '{{"text": "Not bad at all."}}'
```

ONNX Runtime answers, from {graphs}. Made with afina {afina.__version__}; `runs/{told.name}` is the run, without texts.
"""


def _scores(test: Mapping[str, Any], record: ExportRecord) -> str:
    accuracy = test["accuracy"]
    told = (
        f"Accuracy {accuracy['value']:.3f} ({accuracy['low']:.3f} to {accuracy['high']:.3f}, 95 % interval) on "
        f"{test['n']:,} test texts of `{test['dataset']}` that chose nothing. Expect less on texts of another kind."
    )
    int8 = record.graphs.get("int8")
    if int8 is not None and int8.dev is not None:
        told += (
            f"\nThat is of the model as it was trained. In 8-bit integers, as it answers here, "
            f"{int8.dev.labels_kept:.1%} of {int8.dev.texts:,} dev texts keep their label."
        )
    return told
