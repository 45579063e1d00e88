"""The command line: one file for each command."""

import importlib
from pathlib import Path

import typer

from hdrpipe import __version__

app = typer.Typer(
    help="HDR reconstruction from bursts: fuse pictures, inspect training runs, and the stages of the workflow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for _file in sorted(Path(__file__).parent.glob("[!_]*.py")):
    _module = importlib.import_module(f"hdrpipe.cli.{_file.stem}")
    if hasattr(_module, "command"):
        _settings = getattr(_module, "SETTINGS", None)  # of click
        app.command(_file.stem.replace("_", "-"), help=_module.__doc__, context_settings=_settings)(_module.command)
    elif hasattr(_module, "app"):  # a command with subcommands
        app.add_typer(_module.app, name=_file.stem)


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        typer.echo(f"hdrpipe {__version__}")
        raise typer.Exit
