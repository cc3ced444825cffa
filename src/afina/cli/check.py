"""`afina check`: what a finished run does with negation, typos, names and so on."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import typer
from rich.text import Text

from afina.cli import _console
from afina.cli._options import Json, Run, TextColumn, TitleColumn
from afina.config import DEFAULT_CASES, Capability

EXAMPLES = """
Examples:

  afina check runs/sample-minilm

  afina check runs/sample-minilm --capability negation --capability typos --on reviews.csv

  afina check runs/sample-minilm --max-failure-rate 0.2 --json
"""


def check(
    run: Run,
    capability: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What to test: {', '.join(get_args(Capability))}; may be given several times.", show_default="all"
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            help="Texts of your own to change and test too: what evaluate takes, labels not needed.", show_default=False
        ),
    ] = None,
    cases: Annotated[int, typer.Option(min=20, max=5000, help="Cases of each test.")] = DEFAULT_CASES,
    max_failure_rate: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Exit with 1 where a capability fails in more than this share.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the cases.")] = 0,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    json: Json = False,
) -> None:
    """Test what a run does with sentences made to test one capability each; in English.

    Minimum functionality (MFT): the label is known. Invariance (INV): a change must not flip the label. Directional
    (DIR): a change must not lower a probability.
    """
    with _console.progress_reporter() as reporter:
        reporter.stage("Starting")
        from afina.recipes import check_run

        document = check_run(
            run, capabilities=[name.strip() for given in capability or () for name in given.split(",")], on=on,
            n_cases=cases, max_failure_rate=max_failure_rate, seed=seed, text_column=text_column,
            title_column=title_column, reporter=reporter,
        )  # fmt: skip
    if json:
        _console.print_json(document)
    else:
        _print(document)
    if document["limit"] is not None and document["limit"]["above"]:
        raise typer.Exit(1)


def _print(document: dict[str, Any]) -> None:
    _print_tests(document)
    _print_examples(document)
    _print_capabilities(document)
    overall, published = document["overall"], document["published"]
    _console.say(f"Failed: {overall['failed']:,} of {overall['n']:,} cases in {overall['tests']} tests", style="bold")
    if published["compared"]:
        _console.say(
            f"Below the published rate: {published['below']} of {published['compared']} tests. Published: "
            f"{document['published_source']}"
        )
    if document["taught"]:
        _console.say(
            f"* taught with --augment {','.join(document['taught'])}, by other templates and other words than tested"
        )
    limit = document["limit"]
    if limit is not None:
        above = ", ".join(limit["above"])
        found = f"fail in more than {limit['max_failure_rate']:.0%} of their cases: {above}" if above else "hold"
        _console.say(f"Capabilities under --max-failure-rate {limit['max_failure_rate']:g}: {found}")


def _print_tests(document: dict[str, Any]) -> None:
    table = _console.new_table(f"{document['run']}, failure rates in % with 95 % intervals")
    for heading in ("capability", "test", "kind", "cases", "failures", "published"):
        table.add_column(heading, justify="right" if heading in ("cases", "failures", "published") else "left")
    for test in document["tests"]:
        name = test["name"] + (f", on {test['on']}" if test["on"] else "")
        published = "" if test["published"] is None else f"{100 * test['published']:.1f}"
        table.add_row(
            _capability(test), Text(name), test["kind"], f"{test['n']:,}",
            _console.percent_interval(test["failure_rate"]), published,
        )  # fmt: skip
    _console.print_table(table)


def _print_examples(document: dict[str, Any]) -> None:
    failing = [test for test in document["tests"] if test["examples"]]
    if not failing:
        return
    _console.say("Examples of failures", style="bold")
    for test in failing:
        _console.say(f"{test['name']}{', on ' + test['on'] if test['on'] else ''}:")
        for example in test["examples"]:
            text = _console.one_line(example["other"] or example["text"], 140)
            answer = f"{example['predicted']} {example['scores'][example['predicted']]:.2f}"
            before = "expected" if test["kind"] == "MFT" else "before the change"
            _console.say(f"  {answer} ({before}: {example['expected']})  {text}")
    _console.say("")


def _print_capabilities(document: dict[str, Any]) -> None:
    table = _console.new_table("By capability")
    for heading in ("capability", "tests", "cases", "failures"):
        table.add_column(heading, justify="left" if heading == "capability" else "right")
    for each in document["capabilities"]:
        table.add_row(
            _capability(each), str(each["tests"]), f"{each['n']:,}", _console.percent_interval(each["failure_rate"])
        )
    _console.print_table(table)


def _capability(each: dict[str, Any]) -> str:
    return f"{each['capability']} *" if each["taught"] else str(each["capability"])
