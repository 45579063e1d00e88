"""Progress of one picture: a bar in a terminal, plain lines elsewhere."""

import sys

from hdrpipe.cli._job import Lines
from hdrpipe.terminal import one_line

WIDTH = 30


def bar(label: str):
    """A progress function (done, total, note): a bar in a terminal, else a line every ten seconds."""
    return Bar(label) if sys.stderr.isatty() else Lines(label)


class Bar:
    """`name  [####......]  40 %`, on one line of the terminal."""

    def __init__(self, label: str):
        self.label = one_line(label)

    def __call__(self, done: int, total: int, note: str) -> None:
        """Draw the bar; the last call ends the line."""
        full = WIDTH * done // max(total, 1)
        drawn = f"\r{self.label}  [{'#' * full}{'.' * (WIDTH - full)}]  {100 * done // max(total, 1)} %  {note}"
        print(drawn, end="\n" if done >= total else "", file=sys.stderr, flush=True)
