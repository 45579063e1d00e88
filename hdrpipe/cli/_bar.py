"""Progress of one picture: a bar in a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hdrpipe.cli._job import Lines
from hdrpipe.terminal import one_line


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress function (done, total, note): a bar in a terminal, else a line every ten seconds."""
    if not sys.stderr.isatty():
        yield Lines(label)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as drawn:
        task = drawn.add_task(one_line(label), total=None)  # it moves to and fro while files are read
        yield lambda done, total, note: drawn.update(task, completed=done, total=total)
