"""Run the workflow: Snakemake, with the same arguments, on the Snakefile of this folder or of the package.

Example: hdrpipe run --cores all --configfile my.yaml
"""

import os
from typing import Annotated

import typer

SETTINGS = {"ignore_unknown_options": True}
"""Options are those of Snakemake."""


def command(
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments of Snakemake; see `snakemake --help`.")
    ] = None,
) -> None:
    from hdrpipe.files.system import require_linux
    from hdrpipe.tools.project import environment, run_command

    require_linux("a run of the workflow")
    words = run_command(arguments or [])
    os.execve(words[0], words, environment())
