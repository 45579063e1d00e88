"""The one way to standard output, and to standard error for what is no log."""

from collections.abc import Sequence

import typer

from hdrpipe.errors import HdrpipeError
from hdrpipe.terminal import one_line


def say(*lines: object, err: bool = False) -> None:
    """Print each argument as one line, whatever it holds."""
    for line in lines:
        typer.echo(one_line(line), err=err)


def say_text(text: str) -> None:
    """Print a text of several lines, such as a table whose cells hold no line breaks."""
    say(*text.split("\n"))


def raise_failed(failed: Sequence[tuple[str, HdrpipeError]], total: int) -> None:
    """Raise the error of the only burst, or of several the count of `failed`, each a name and an error, with its code.

    Returns if none failed.
    """
    if not failed:
        return
    name, error = failed[0]
    if total == 1:
        raise error
    raise type(error)(f"{len(failed)} of {total} bursts failed", name, code=error.code)
