"""Name the unlabelled scenes whose truth would help most: those with the largest sigma, unlike each other."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli._output import say, say_text


def command(
    run: Annotated[str, typer.Argument(help="Folder or name of the run.")],
    count: Annotated[int, typer.Option(min=1, help="Number of scenes.")] = 5,
    png: Annotated[Path | None, typer.Option(help="Draw the scenes and their sigma into this file.")] = None,
) -> None:
    from tabulate import tabulate

    from hdrpipe.files.atomic import write_bytes
    from hdrpipe.tools.label_next import picks
    from hdrpipe.tools.run_folder import run_folder

    picked, sheet = picks(run_folder(run), count)
    rows = [
        [rank, pick.scene, pick.group, f"{pick.sigma:.4g}", f"{pick.doubt:.2f}", f"{pick.distance:.2f}"]
        for rank, pick in enumerate(picked, 1)
    ]
    headings = ["", "scene", "group", "mean sigma", "doubt", "unlike the others"]
    say_text(tabulate(rows, headings, tablefmt="simple", disable_numparse=True))
    if png is not None:
        write_bytes(png, sheet)
        say(f"wrote {png}")
