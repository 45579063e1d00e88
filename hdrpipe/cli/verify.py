"""Open and check every output of a run; name damaged files, and the command that makes them again."""

from typing import Annotated

import typer

from hdrpipe.cli._output import say
from hdrpipe.errors import DamagedError


def command(run: Annotated[str, typer.Argument(help="Folder or name of the run.")]) -> None:
    from hdrpipe.tools.run_folder import rebuild_command, run_folder
    from hdrpipe.tools.verify import verify

    folder = run_folder(run)
    verdict = verify(folder)
    for path, what in verdict.faults:
        say(f"{path}: {what}")
    if verdict.faults:
        damaged = [path for path, _ in verdict.faults]
        what = f"{len(damaged)} of {verdict.files} files are damaged or missing"
        raise DamagedError(what, folder, f"make them again: {rebuild_command(folder, damaged)}")
    say(f"{folder}: {verdict.files} files, {verdict.size / 1e6:.1f} MB, all intact")
