"""Open and check every output of a run; name damaged files, and the command that makes them again."""

from typing import Annotated

import typer

from hdrpipe.cli._output import say
from hdrpipe.errors import DamagedError, HdrpipeError


def command(run: Annotated[str, typer.Argument(help="Folder or name of the run.")]) -> None:
    from hdrpipe.tools.run_folder import rebuild_command, run_folder
    from hdrpipe.tools.verify import verify

    folder = run_folder(run)
    verdict = verify(folder)
    for path, error in verdict.faults:
        say(f"{path}: {error.what}")
    if verdict.lost:
        what = f"{len(verdict.lost)} of {verdict.files} files are damaged or missing"
        raise DamagedError(what, folder, f"make them again: {rebuild_command(folder, verdict.lost)}")
    if verdict.faults:
        what = f"{len(verdict.faults)} of {verdict.files} files cannot be read now"
        hint = "solve that and verify again; none is known to be lost"
        raise HdrpipeError(what, folder, hint, verdict.faults[0][1].code)
    say(f"{folder}: {verdict.files} files, {verdict.size / 1e6:.1f} MB, all intact")
