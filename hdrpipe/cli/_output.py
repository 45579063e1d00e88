"""The one way to standard output, and to standard error for what is no log."""

import typer

from hdrpipe.terminal import one_line


def say(*lines: object, err: bool = False) -> None:
    """Print each argument as one line, whatever it holds."""
    for line in lines:
        typer.echo(one_line(line), err=err)


def say_text(text: str) -> None:
    """Print a text of several lines, such as a table whose cells hold no line breaks."""
    say(*text.split("\n"))
