"""The page of a run's report, and each of its figures by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afina.pages.certainty_figures import error_by_coverage, reliability
from afina.pages.comparison_figures import accuracy_grid, failure_rates
from afina.pages.drawing import WIDTH
from afina.pages.figures import bars, intervals, ranges
from afina.pages.page import render
from afina.pages.plain import clean_document, clip_document, is_known
from afina.pages.score_figures import confusion, precision_recall, roc
from afina.pages.training_figures import dev_accuracy_curve, learning_rate_curve, loss_curve, stages

_WIDE = 1.25 * WIDTH
# So that the page stays small, whatever the texts are like.
_LONGEST_TEXT = 2_000


def render_report(document: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Make the page of a run's report.

    Args:
        document: What `afina report --json` prints; what it lacks is left out.

    Returns:
        HTML, and the inline SVG of each figure in it by name.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    document = clip_document(document, _LONGEST_TEXT)
    figures = draw_report_figures(document)
    return render("report.html.j2", document, drawn=figures), figures


def draw_report_figures(document: Mapping[str, Any]) -> dict[str, str]:
    """Each figure of a run's report that there is something to draw for.

    Args:
        document: As for `render_report`.

    Returns:
        Inline SVG by name of the figure, in the order of the page.
    """
    d = _Parts(clean_document(document))
    data, tokens, training, results = d["data"], d["tokenization"], d["training"], d["results"]
    time, test, calibration, matrix = d["time"], results["test"], d["calibration"], d["matrix"]
    behaviour = d["behaviour"]
    labels = _labels(data)
    cells, seeds = matrix.rows("cells"), results["seeds"].rows("runs")
    drawn = {
        "labels": bars(list(labels), list(labels.values()), title="Training texts by label"),
        "lengths": ranges([{"name": "a text", **_length(tokens)}], title="Tokens by text", unit="tokens",
                          mark=tokens.get("max_tokens")),
        "loss": loss_curve(training.rows("curve"), training.rows("dev"), title="Loss by step"),
        "dev-accuracy": dev_accuracy_curve(training.rows("dev"), title="Accuracy on the dev set by step"),
        "learning-rate": learning_rate_curve(training.rows("curve"), title="Learning rate by step"),
        "time": stages(time["stages"], title="Where the time went", budget=time.get("budget_seconds")),
        "accuracy": intervals([_named(row) for row in results.rows("contenders") if not row.get("is_floor")],
                              title="Accuracy beside the baselines", unit="accuracy"),
        "seeds": intervals([_named({**row, "name": f"seed {row.get('seed')}"}) for row in seeds],
                           title="Accuracy by seed", unit="accuracy"),
        "confusion": confusion(test.get("labels") or (), test.get("confusion") or (), title="Confusion matrix"),
        "roc": roc(test["curves"].rows("roc"), title="ROC curves"),
        "precision-recall": precision_recall(test["curves"].rows("precision_recall"),
                                             title="Precision and recall"),
        "slices": intervals([_slice(row) for row in test.rows("slices")], title="Accuracy by kind of text",
                            unit="accuracy", mark=test["accuracy"].get("value"), width=_WIDE),
        "elsewhere": intervals([_named({**row, "name": row.get("dataset")}) for row in d.rows("evaluations")
                                if row.get("scored") == "new"],
                               title="Accuracy on other data sets", unit="accuracy",
                               mark=test["accuracy"].get("value"), width=_WIDE),
        "matrix": accuracy_grid(_names(cells, "train"), _names(cells, "test"), cells,
                                title="Accuracy by training and test set"),
        "reliability": reliability(calibration.rows("reliability"), title="Confidence and accuracy",
                                   before=calibration.rows("reliability_before")),
        "coverage": error_by_coverage(calibration.rows("coverage"), title="What being sure costs",
                                      wished=calibration["unsure"].get("error_rate"), chosen=_chosen(calibration)),
        "behaviour": failure_rates([_capability(row) for row in behaviour.rows("capabilities")],
                                   title="Failures by ability"),
        "published": failure_rates([row for row in behaviour.rows("tests") if _is_comparable(row)],
                                   title="Failures beside published rates"),
    }  # fmt: skip
    return {name: figure for name, figure in drawn.items() if figure}


class _Parts(dict[str, Any]):
    """A mapping whose missing parts are empty ones, so that a part of a part can be asked for."""

    def __getitem__(self, name: str) -> _Parts:
        part = self.get(name)
        return _Parts(part if isinstance(part, Mapping) else {})

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """The mappings in a list."""
        found = self.get(name)
        return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def _labels(data: _Parts) -> dict[str, Any]:
    return dict(data["train"]["labels"])


def _names(cells: list[Mapping[str, Any]], side: str) -> list[Any]:
    return list(dict.fromkeys(cell.get(side) for cell in cells))


def _length(tokens: _Parts) -> dict[str, Any]:
    return {"median": tokens.get("median_tokens"), **{key: tokens.get(key) for key in ("p5", "p25", "p75", "p95")}}


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    accuracy = row.get("accuracy")
    return {"name": row.get("name"), **(accuracy if isinstance(accuracy, Mapping) else {})}


def _slice(row: Mapping[str, Any]) -> dict[str, Any]:
    named = _named({**row, "name": f"{row.get('slice')}: {row.get('value')}"})
    return {**named, "is_worse": row.get("worse")}


def _is_comparable(row: Mapping[str, Any]) -> bool:
    """Whether a test of behaviour has a published rate, on sentences made for it and not on the user's own."""
    return is_known(row.get("published")) and not row.get("on")


def _capability(row: Mapping[str, Any]) -> dict[str, Any]:
    taught = ", taught" if row.get("taught") else ""
    return {**row, "name": f"{row.get('capability')}{taught}"}


def _chosen(calibration: _Parts) -> dict[str, Any]:
    test = calibration["unsure"]["test"]
    return {name: test[name].get("value") for name in ("coverage", "error_rate")}
