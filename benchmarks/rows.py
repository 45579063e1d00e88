"""Rows of a benchmark's table: what was measured, its bar, and the committed figure that it is compared with."""

import operator
import re
from collections.abc import Iterable
from typing import NamedTuple

MOVED = 0.15
"""Share by which a figure must differ from the committed one to be named."""
COMPARE = {">=": operator.ge, "<=": operator.le}
HEADING = "| what | seen | bar | |\n| --- | --- | --- | --- |\n"


class Row(NamedTuple):
    """A figure in some unit, how it came about, and its bar such as `>= 4`; an empty bar asks for nothing."""

    what: str
    seen: float
    unit: str = ""
    detail: str = ""
    bar: str = ""

    def verdict(self) -> str:
        """`holds`, `short`, or nothing where there is no bar."""
        if not self.bar:
            return ""
        sign, limit = self.bar.split()
        return "holds" if COMPARE[sign](self.seen, float(limit)) else "short"

    def __str__(self) -> str:
        more = f" ({self.detail})" if self.detail else ""
        return f"| {self.what} | {number(self.seen)}{self.unit}{more} | {self.bar} | {self.verdict()} |"


def number(figure: float) -> str:
    """Three digits that count."""
    return f"{figure:.3g}" if abs(figure) < 1000 else f"{figure:.0f}"


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    return HEADING + "".join(f"{row}\n" for row in rows)


def figures(text: str) -> dict[str, float]:
    """What was measured -> its figure, of the tables in a page."""
    lines = re.findall(r"^\| (.+?) \| (-?[0-9.]+(?:e[+-]?\d+)?)[^|]*\|[^|]*\|[^|]*\|$", text, re.MULTILINE)
    return {what: float(figure) for what, figure in lines}


def moved(rows: Iterable[Row], before: dict[str, float]) -> list[str]:
    """A line for each row whose figure is off the committed one by more than `MOVED`."""
    lines = []
    for row in rows:
        old = before.get(row.what)
        if old and abs(row.seen / old - 1.0) > MOVED:
            lines.append(f"{row.what}: {number(old)} committed, {number(row.seen)}{row.unit} now")
    return lines
