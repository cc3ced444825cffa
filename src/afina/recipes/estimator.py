"""afina as a scikit-learn estimator: `afina train` behind `fit`, for cross-validation, grid searches and pipelines."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from afina.config import RunConfig, load_config
from afina.data import TextDataset, clean_text, is_blank
from afina.errors import ConfigError, ModelError, OutputError
from afina.inference import Classifier
from afina.labels import LabelSet
from afina.outputs import new_folder
from afina.recipes.arrays import Classes, labels_of, texts_of
from afina.recipes.fine_tuning import fine_tune
from afina.recipes.preparation import prepare_given
from afina.recipes.reporting import Silent
from afina.recipes.run_report.records import RunRecords
from afina.recipes.run_report.reproducing import setting
from afina.run_folder import RunFolder, write_json

SOURCE = "texts given to TextClassifier.fit"
"""What the manifest of a run calls texts that were given in memory."""
# Parameters of the estimator, and the settings that they are.
_SETTINGS = {
    "model": "modeling.name",
    "method": "modeling.method",
    "freeze_layers": "modeling.freeze_layers",
    "budget": "training.budget",
    "epochs": "training.epochs",
    "max_steps": "training.max_steps",
    "learning_rate": "training.learning_rate",
    "batch_tokens": "tokenization.batch_tokens",
    "max_tokens": "tokenization.max_tokens",
    "blend": "blend",
    "dev_share": "data.dev_share",
    "seed": "training.seed",
}
# A fit that was interrupted is not resumed, so that it keeps nothing to go on from.
_NEVER_SECONDS = 1e9


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A pretrained transformer, fine-tuned to classify texts.

    `fit` does what `afina train` does, on all texts it is given but for a dev part, which chooses the best weights and
    the temperature; no test texts are held out, since cross-validation holds out its own. Where a parameter is None,
    the value is chosen from the data, the machine and the time there is.

    A fitted estimator is kept by `save` and comes back by `load`; it refuses to be pickled, since afina reads and
    writes no pickle. Estimators that are not fitted yet may be, so that `n_jobs` works.

    Args:
        model: Catalog name, local folder, or Hub id of the pretrained model.
        method: `full`, `frozen`, `head`, `lora`, or `auto`.
        freeze_layers: Layers, counted from the embeddings, that `frozen` leaves as they are.
        budget: Most seconds of one `fit`, also as `"15m"` or `"1h"`; 15 minutes unless `max_steps` is given.
        epochs: Passes over the texts.
        max_steps: Optimizer steps; `fit` then comes to the same with the same seed, whatever the machine's speed.
        learning_rate: Peak learning rate of AdamW.
        batch_tokens: Most tokens in a training batch, padding counted.
        max_tokens: Tokens kept of a text, special tokens counted.
        blend: Blend a TF-IDF model in, where that helps on the dev part.
        dev_share: Share of the texts that chooses the best weights, of at most 400 texts.
        seed: Seed of the division, the new head, the order of batches and dropout.
        settings: Any other settings of `afina train` by their dotted names, as `{"training.label_smoothing": 0.1}`.
        verbose: Tell on standard error what happens.

    Attributes:
        classes_: The labels, sorted, (n_classes,), of the type that `fit` was given.
        classifier_: The `afina.Classifier` that answers.
        run_: The run folder that it stands in; a temporary one until `save`.
        summary_: The document of `afina train --json`; its `test` is None.
    """

    def __init__(
        self,
        *,
        model: str = "minilm",
        method: str = "auto",
        freeze_layers: int | str | None = None,
        budget: float | str | None = None,
        epochs: float | None = None,
        max_steps: int | None = None,
        learning_rate: float | None = None,
        batch_tokens: int | None = None,
        max_tokens: int | None = None,
        blend: bool = False,
        dev_share: float = 0.1,
        seed: int = 0,
        settings: Mapping[str, Any] | None = None,
        verbose: bool = False,
    ) -> None:
        self.model = model
        self.method = method
        self.freeze_layers = freeze_layers
        self.budget = budget
        self.epochs = epochs
        self.max_steps = max_steps
        self.learning_rate = learning_rate
        self.batch_tokens = batch_tokens
        self.max_tokens = max_tokens
        self.blend = blend
        self.dev_share = dev_share
        self.seed = seed
        self.settings = settings
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Self:
        """Fine-tune the model on labelled texts.

        Args:
            X: Texts, (n_texts,): a list, an array, a column, or a table of one column. Blank ones are left out, and
                those that repeat an earlier one's words and label.
            y: A label for each: strings, whole numbers or booleans.

        Raises:
            DataError: A text or a label is missing or of another kind, there are not as many of both, there is one
                class only, or one with too few texts.
            ConfigError: A parameter is out of range or contradicts another.
            ModelError: The pretrained model cannot be loaded.
            MachineLimitError: The budget is too short to train at all.
            Interrupted: The user stopped; nothing is kept.
        """
        config, origins = self._config()
        texts = texts_of(X)
        labels = labels_of(y, n_texts=len(texts))
        classes = Classes.of(labels)
        label_ids = np.searchsorted(classes.values, labels).astype(np.int64)
        dataset = TextDataset(
            [clean_text(text) for text in texts], label_ids, LabelSet(classes.names), "the texts given"
        )
        reporter = _Told() if self.verbose else Silent()
        blank = np.flatnonzero([is_blank(text) for text in dataset.texts])
        if len(blank):
            reporter.tell(f"Blank texts left out: {len(blank):,}")
        data = prepare_given(
            dataset.without(blank), config.data, seed=config.training.seed, reporter=reporter,
            classes=classes.as_dict(),
        )  # fmt: skip
        folder = tempfile.mkdtemp(prefix="afina-")
        # The weights are in memory; the folder is there to be saved, for as long as the estimator is.
        discard = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        try:
            config = config.model_copy(update={"out": str(Path(folder) / "text-classifier")})
            tuned = fine_tune(config, reporter=reporter, origins=origins, data=data)
        except BaseException:
            discard()
            raise
        before, self._discard = getattr(self, "_discard", None), discard
        if before is not None:
            before()
        return self._answer_with(tuned.classifier, classes, tuned.run, tuned.summary)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The most probable label of each text, (n_texts,), of the type that `fit` was given.

        Raises:
            DataError: A text is missing or no string.
        """
        probabilities = self.predict_proba(X)
        labels: npt.NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Calibrated probability of each label, (n_texts, n_classes) float64, in the order of `classes_`.

        A blank text has the model's answer to no text at all.

        Raises:
            DataError: As `predict`.
        """
        check_is_fitted(self)
        columns = self.classifier_.labels.ids_of(Classes(self.classes_).names)
        return self.classifier_.predict_proba(texts_of(X))[:, columns]

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Copy the run folder to a place of its own, where every command takes it: `afina predict`, `afina export`.

        Args:
            path: The folder to write.
            force: Replace a run that stands there.

        Returns:
            The folder.

        Raises:
            OutputError: The place is taken or cannot be written.
        """
        check_is_fitted(self)
        place = Path(path)
        with new_folder(place, mark=self.run_.manifest.name, force=force) as beside:
            shutil.copytree(self.run_.root, beside, dirs_exist_ok=True)
            if self.summary_:
                write_json(RunFolder(beside).metrics, {**self.summary_, "run": str(place)})
        return place

    @classmethod
    def load(cls, run: str | os.PathLike[str]) -> Self:
        """A fitted estimator of a run folder, whether `save` or `afina train` wrote it.

        The labels of a run that `afina train` wrote are strings.

        Raises:
            ModelError: There is no such run, or a file of it is missing, has changed or is not safe to read.
        """
        folder = RunFolder(Path(run))
        classifier = Classifier.load(run)
        manifest = folder.read_manifest()
        try:
            config = RunConfig.model_validate(manifest["config"]).model_dump()
            recorded = manifest["data"].get("classes")
            classes = Classes.restore(recorded, classifier.labels)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"The manifest of {folder.root} is incomplete: {error}") from None
        estimator = cls(**{name: setting(config, dotted) for name, dotted in _SETTINGS.items()})
        return estimator._answer_with(classifier, classes, folder, RunRecords(folder).metrics())

    def _config(self) -> tuple[RunConfig, dict[str, str]]:
        """The settings that the parameters stand for, and where each that was given came from."""
        given = {dotted: getattr(self, name) for name, dotted in _SETTINGS.items()}
        elsewhere = {"data.source", "data.dev", "data.test", "data.add", "out"}
        clashes = sorted(set(self.settings or {}) & (set(given) | elsewhere))
        if clashes:
            raise ConfigError(
                f"{clashes[0]} is no setting for `settings`", hint=f"parameters are {', '.join(_SETTINGS)}"
            )
        options = {
            "training.checkpoint_seconds": _NEVER_SECONDS,
            **given,
            **(self.settings or {}),
            "data.source": SOURCE,
        }
        config, origins = load_config(options=options)
        return config, dict.fromkeys(origins, "TextClassifier")

    def _answer_with(
        self, classifier: Classifier, classes: Classes, run: RunFolder, summary: Mapping[str, Any]
    ) -> Self:
        self.classifier_, self.classes_ = classifier, classes.values
        self.run_, self.summary_ = run, dict(summary)
        return self

    def __getstate__(self) -> Any:
        """What is pickled of an estimator that is not fitted, such as one on its way to another process.

        Raises:
            OutputError: It is fitted.
        """
        if self.__sklearn_is_fitted__():
            raise OutputError(
                "A fitted TextClassifier is not pickled, since a pickle can run any code when it is read",
                hint="`save(folder)` keeps it, and `TextClassifier.load(folder)` brings it back",
            )
        return super().__getstate__()

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classifier_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


class _Told(Silent):
    """Tells what happens on standard error, a line each."""

    def stage(self, name: str) -> None:
        """A new stage of the work."""
        sys.stderr.write(f"{name}\n")

    def tell(self, message: str) -> None:
        """Something to know."""
        sys.stderr.write(f"{message}\n")

    def warn(self, message: str) -> None:
        """Something that makes the result less than was asked for."""
        sys.stderr.write(f"warning: {message}\n")
