"""Make a folder that trains: config.yaml, a Snakefile of three lines, profiles. Nothing is overwritten."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli._output import say


def command(
    folder: Annotated[Path, typer.Argument(help="Folder, made if it does not exist.")],
    config: Annotated[
        str, typer.Option(help="Config to begin with: main, or one of configs/, such as tiny or folder.")
    ] = "main",
) -> None:
    from hdrpipe.tools.project import init

    for path in init(folder, config):
        say(f"wrote {path}")
    say(f"next: cd {folder}; hdrpipe run --cores all")
