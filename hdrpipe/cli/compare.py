"""Compare two runs on the same test scenes: differences with paired intervals, and the settings that differ."""

from typing import Annotated

import typer

from hdrpipe.cli._output import say_text


def command(
    run_a: Annotated[str, typer.Argument(help="Folder or name of the first run.")],
    run_b: Annotated[str, typer.Argument(help="Folder or name of the second run.")],
) -> None:
    from hdrpipe.tools.compare import compared
    from hdrpipe.tools.run_folder import run_folder

    say_text(compared(run_folder(run_a), run_folder(run_b)))
