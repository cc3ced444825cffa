"""afina: labelled texts in, an honest text classifier out.

The public names are loaded when first used, so that `import afina` costs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afina.lazy import attach

__version__ = "0.1.0"

__all__ = [
    "AfinaError",
    "Classifier",
    "LabelSet",
    "Predictor",
    "RunConfig",
    "RunFolder",
    "TextClassifier",
    "TextDataset",
    "__version__",
    "evaluate",
    "fine_tune",
    "load_dataset",
]

if TYPE_CHECKING:
    from afina.config import RunConfig
    from afina.data import TextDataset, load_dataset
    from afina.errors import AfinaError
    from afina.evaluation import evaluate
    from afina.inference import Classifier
    from afina.labels import LabelSet
    from afina.protocols import Predictor
    from afina.recipes import TextClassifier, fine_tune
    from afina.run_folder import RunFolder
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "AfinaError": "errors",
            "Classifier": "inference",
            "LabelSet": "labels",
            "RunConfig": "config",
            "RunFolder": "run_folder",
            "Predictor": "protocols",
            "TextClassifier": "recipes",
            "TextDataset": "data",
            "evaluate": "evaluation",
            "fine_tune": "recipes",
            "load_dataset": "data",
        },
        extra="all",
    )
