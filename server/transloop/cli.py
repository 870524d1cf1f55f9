"""The `transloop` command. Every sub-command imports its room only when it runs.

Exit codes: 0 done; 1 failed; 2 the request is off (unknown language, nothing to translate, wrong
setting); 3 the model is missing or damaged; 4 the engine failed; 5 the answer held no usable code;
6 programs cannot be run here, or a compiler is missing; 7 nothing could be checked; 8 the store of
seeds cannot be used; 9 training failed; 130 interrupted.
"""

from __future__ import annotations

from typing import Annotated

import typer

from transloop import __version__
from transloop_settings.errors import TransloopError

app = typer.Typer(
    name="transloop",
    help="Translate code with a model on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a bug keeps its traceback
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"transloop {__version__}")
        raise typer.Exit


@app.callback()
def transloop(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Translate code with a model on your own machine."""


@app.command()
def lsp(
    tcp: Annotated[
        str | None, typer.Option(help="HOST:PORT to listen on instead of stdio, for debugging.")
    ] = None,
) -> None:
    """Run the language server (editors start it themselves)."""
    from transloop.lsp import run

    run(tcp)


def _add_commands() -> None:
    from transloop import (
        adapters,
        demo,
        doctor,
        models,
        report,
        run,
        seeds,
        setup,
        toolchains,
        train,
        translate,
        verify,
    )
    from transloop import eval as evaluation

    app.add_typer(models.app, name="models")
    app.add_typer(toolchains.app, name="toolchains")
    app.add_typer(seeds.app, name="seeds")
    app.add_typer(adapters.app, name="adapters")
    app.command("translate")(translate.translate)
    app.command("run")(run.run)
    app.command("verify")(verify.verify)
    app.command("eval")(evaluation.evaluate)
    app.command("train")(train.train)
    app.command("report")(report.report)
    app.command("setup")(setup.setup)
    app.command("doctor")(doctor.doctor)
    app.command("demo")(demo.demo)


def main() -> None:
    """Run the command; an error that speaks to the user is told without a traceback."""
    _add_commands()
    try:
        app()
    except TransloopError as error:
        typer.echo(f"transloop: {error}", err=True)
        raise SystemExit(error.exit_code) from None
