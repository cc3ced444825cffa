"""The command line: its commands, and how errors become exit codes.

Exit codes: 0 done, 1 a check did not hold, 2 wrong usage or input, 3 interrupted, 4 a limit of the machine was hit.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from typing import Annotated

import typer

import afina
from afina.cli import (
    _console,
    audit,
    check,
    compare,
    evaluate,
    explain,
    export,
    inspect,
    ladder,
    matrix,
    models,
    plan,
    platforms,
    predict,
    report,
    serve,
    split,
    tokens,
    train,
    tune,
)
from afina.errors import AfinaError, Interrupted, MachineLimitError
from afina.extras import missing

app = typer.Typer(
    name="afina",
    help="Labelled texts in, an honest text classifier out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=plan.EXAMPLES)(plan.plan)
app.command(epilog=train.EXAMPLES)(train.train)
app.command(epilog=tune.EXAMPLES)(tune.tune)
app.command(epilog=ladder.EXAMPLES)(ladder.ladder)
app.command(epilog=matrix.EXAMPLES)(matrix.matrix)
app.command(epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command(epilog=compare.EXAMPLES)(compare.compare)
app.command(epilog=check.EXAMPLES)(check.check)
app.command(epilog=platforms.EXAMPLES)(platforms.platforms)
app.command(epilog=predict.EXAMPLES)(predict.predict)
app.command(epilog=explain.EXAMPLES)(explain.explain)
app.command(epilog=export.EXAMPLES)(export.export)
app.command(epilog=serve.EXAMPLES)(serve.serve)
app.command(epilog=report.EXAMPLES)(report.report)
data = typer.Typer(help="See what texts hold before anything is trained on them.", no_args_is_help=True)
data.command(epilog=inspect.EXAMPLES)(inspect.inspect)
data.command(epilog=split.EXAMPLES)(split.split)
data.command(epilog=audit.EXAMPLES)(audit.audit)
app.add_typer(data, name="data")
app.add_typer(tokens.app, name="tokens")
app.add_typer(models.app, name="models")


def _version(asked: bool) -> None:
    if asked:
        _console.say(f"afina {afina.__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Labelled texts in, an honest text classifier out."""


def run(started: float | None = None) -> None:
    """Run the command line and leave the process with its exit code.

    Args:
        started: When the process started, by `time.monotonic`.
    """
    try:
        app(obj=time.monotonic() if started is None else started)
    except AfinaError as error:
        _fail(error)
    except KeyboardInterrupt:
        _fail(Interrupted("Interrupted"))
    except ModuleNotFoundError as error:
        if (error.name or "afina").split(".")[0] == "afina":
            raise
        _fail(missing(error.name or "", extra="all"))
    except MemoryError:
        _fail(MachineLimitError("Memory ran out", hint="lower --batch-tokens or --max-tokens, or take a smaller model"))
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter must not complain while flushing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _fail(MachineLimitError("The disk is full", hint="free some space and try again"))


def _fail(error: AfinaError) -> None:
    _console.print_error(error)
    raise SystemExit(error.exit_code)
