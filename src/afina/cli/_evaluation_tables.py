"""What `afina evaluate` prints: the honest figures first, then where a model is weak."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from afina.cli import _console

# Of more sets, or of more labels, the table would be longer than what it tells.
_MOST_SETS_IN_DETAIL, _MOST_LABELS_IN_CONFUSION = 3, 6
_WORST_SLICES, _LEAST_IN_SLICE = 5, 20
_EXAMPLES = 3
_ROLES = {
    "train": "it learned from",
    "dev": "it chose its weights by",
    "test": "it held out for its own test",
    "unused": "it had no time for",
}


def print_evaluations(document: dict[str, Any]) -> None:
    """The document of `evaluate --json`, for readers."""
    results = document["results"]
    _print_summary(document["run"], results)
    for result in results:
        if len(results) > 1:
            _console.say(f"\n{result['dataset']}", style="bold")
        _print_reading(result)
        if len(results) <= _MOST_SETS_IN_DETAIL:
            _print_labels(result)
            _print_slices(result["slices"])
            _print_mistakes(result)
    if len(results) > _MOST_SETS_IN_DETAIL:
        _console.say("\nfigures of each label and each kind of text: evaluate fewer sets at once, or --json")


def _print_summary(run: str, results: list[dict[str, Any]]) -> None:
    table = _console.new_table(f"{run}, accuracy and f1 with 95 % intervals")
    headings = ("data set", "texts", "accuracy", "f1", "precision", "recall", "log loss", "ece", "texts/s")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "data set" else "right")
    for result in results:
        table.add_row(Text(result["dataset"]), *_figures(result), style=None if result["honest"] else "red")
        if result["with_shared"] and result["honest"]:
            table.add_row(Text("  with texts of its training data"), *_figures(result["with_shared"]), style="dim")
    _console.print_table(table)
    _console.say(f"f1, precision and recall: {results[0]['average']}")


def _figures(result: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{result['n']:,}", _console.interval(result["accuracy"]), _console.interval(result["f1"]),
        *(f"{result[metric]['value']:.3f}" for metric in ("precision", "recall")),
        f"{result['log_loss']:.3f}", f"{result['ece']:.3f}", f"{result['texts_per_second']:.0f}",
    )  # fmt: skip


def _print_reading(result: dict[str, Any]) -> None:
    """How the set was read, what of it leaks, and how far the answers can be trusted."""
    _print_leakage(result)
    if result["mapping"]:
        _console.say(result["mapping"])
    for reason, rows in result["set_aside"].items():
        _console.say(f"Not in these figures: {rows:,} rows that {reason}")
    neutral = result["neutral"]
    if neutral:
        said = ", ".join(f"{count:,} {label}" for label, count in neutral["predicted"].items())
        _console.say(f"  the model calls them: {said}; its mean confidence there is {neutral['mean_confidence']:.2f}")
    for label in result["per_class"]:
        if not label["n"] and label["predicted"]:
            _console.say(
                f"No text is {label['label']}; the model says so of {label['predicted']:,}, which all count as wrong"
            )
    if result["share_truncated"]:
        _console.say(f"Read only in part: {result['share_truncated']:.0%} of the texts")
    confidence = sum(bin_["n"] * bin_["confidence"] for bin_ in result["calibration"]["reliability"]) / result["n"]
    _console.say(
        f"Calibration: mean confidence {confidence:.3f}, accuracy {result['accuracy']['value']:.3f}; ece "
        f"{result['calibration']['ece']:.3f}, Brier score {result['calibration']['brier']:.3f}"
    )
    unsure = result["unsure"]
    if unsure:
        coverage, wrong, rate = unsure["coverage"], unsure["error_rate"], ""
        if wrong is not None:
            rate = f", of which {wrong['value']:.1%} are wrong ({wrong['low']:.1%} to {wrong['high']:.1%})"
        _console.say(
            f"Sure of {coverage['value']:.1%} of the texts (probability {unsure['threshold']:.3f} or more){rate}"
        )


def _print_leakage(result: dict[str, Any]) -> None:
    leakage = result["leakage"]
    if not leakage["checked"]:
        _console.say(leakage["sentence"], style="yellow")
        return
    if not leakage["rows"]:
        _console.say("None of these texts stands in the run's training data", style="green")
        return
    _console.say(leakage["sentence"], style="bold red")
    roles = leakage["by_role"]
    _console.say("  " + ", ".join(f"{roles[role]:,} {what}" for role, what in _ROLES.items() if role in roles))
    if leakage["other_label"]:
        _console.say(f"  {leakage['other_label']:,} of them have another label there")
    for example in leakage["examples"][:_EXAMPLES]:
        row = f" row {example['training_row']:,}" if example["training_row"] else ""
        place = f"{example['role']}{row}"
        _console.say(f"  {example['kind']}, {place}: {_console.one_line(example['text'], 90)}", style="dim")
        if example["kind"] == "near" and example["training_text"]:
            _console.say(f"    there: {_console.one_line(example['training_text'], 90)}", style="dim")


def _print_mistakes(result: dict[str, Any]) -> None:
    """The errors it is surest of: what is most worth reading."""
    confident = result["mistakes"]["confident"][:_EXAMPLES]
    if not confident:
        return
    _console.say(f"Surest of its {result['mistakes']['n']:,} mistakes", style="bold")
    for mistake in confident:
        _console.say(
            f"  {mistake['label']}, called {mistake['predicted']} ({mistake['confidence']:.2f}): "
            f"{_console.one_line(mistake['text'], 90)}"
        )


def _print_labels(result: dict[str, Any]) -> None:
    """Figures of each label, with its row of the confusion matrix."""
    labels = result["labels"]
    drawn = labels if len(labels) <= _MOST_LABELS_IN_CONFUSION else []
    table = _console.new_table("Labels")
    table.add_column("label")
    for heading in ("texts", "precision", "recall", "f1", "ROC AUC", *(f"called {label}" for label in drawn)):
        table.add_column(Text(heading), justify="right")
    for label, counts in zip(result["per_class"], result["confusion"], strict=True):
        auc = "–" if label["roc_auc"] is None else f"{label['roc_auc']['value']:.3f}"
        table.add_row(
            Text(_console.one_line(label["label"], 30)), f"{label['n']:,}", _console.interval(label["precision"]),
            _console.interval(label["recall"]), f"{label['f1']['value']:.3f}", auc,
            *(f"{count:,}" for count in counts[: len(drawn)]),
        )  # fmt: skip
    _console.print_table(table)


def _print_slices(slices: list[dict[str, Any]]) -> None:
    """The kinds of texts on which it is worst; those beyond chance are marked."""
    large = [each for each in slices if each["n"] >= _LEAST_IN_SLICE or each["worse"]]
    # Every division has a worse side; only what is below the rest is of interest.
    below = [each for each in large if each["accuracy"]["value"] < each["accuracy_elsewhere"]]
    worst = sorted(below, key=lambda each: (not each["worse"], each["accuracy"]["value"]))[:_WORST_SLICES]
    if not worst:
        return
    table = _console.new_table("Where it is weakest")
    for heading in ("by", "texts that are", "texts", "accuracy", "elsewhere", ""):
        table.add_column(heading, justify="right" if heading in ("texts", "accuracy", "elsewhere") else "left")
    for each in worst:
        table.add_row(
            each["slice"], Text(_console.one_line(each["value"], 40)), f"{each['n']:,}",
            _console.interval(each["accuracy"]), f"{each['accuracy_elsewhere']:.3f}",
            Text("worse beyond chance", style="red") if each["worse"] else "",
        )  # fmt: skip
    _console.print_table(table)
