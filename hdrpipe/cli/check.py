"""Check a folder of bursts: exposures, order, clipping, displacement, truth. Exit 3 if there are errors."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli._output import say, say_text
from hdrpipe.errors import InputError
from hdrpipe.terminal import one_line


def command(
    folder: Annotated[Path, typer.Argument(help="Folder that is searched for bursts, with all folders below it.")],
    write_tables: Annotated[
        bool,
        typer.Option("--write-tables", help="Write each grouping into its folder as `bursts.csv`, which you can edit."),
    ] = False,
    truth: Annotated[
        list[str] | None,
        typer.Option(help="Pattern of the names of truth files, as `data.options.truth`; may be given several times."),
    ] = None,
) -> None:
    from hdrpipe.tools.check import check, table
    from hdrpipe.tools.check import write_tables as write

    def progress(done: int, total: int, note: str) -> None:
        typer.echo(f"\r{done}/{total} {one_line(note)[:60]:60}", err=True, nl=done == total)

    verdict = check(folder, progress, truth=tuple(truth or ()))
    say_text(table(verdict))
    if write_tables:
        for path in write(verdict):
            say(f"wrote {path}")
    if verdict.errors:
        raise InputError(f"{verdict.errors} errors in {len(verdict.rows)} bursts", folder, "they are listed above")
