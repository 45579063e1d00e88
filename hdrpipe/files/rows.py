"""Tables of results as CSV. Names stay text: `NA` is no missing value, `001` no number, `=1+1` no formula."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hdrpipe.files.atomic import write_text
from hdrpipe.files.names import as_cell, from_cell
from hdrpipe.files.product.envelope import telling
from hdrpipe.files.recorded import read_text

NAMES = frozenset({"scene", "difficulty", "group", "method"})
"""Columns that hold names; all others of a table that is read hold numbers."""


def write_rows(
    path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), decimals: int | None = None
) -> None:
    """Write rows as CSV in UTF-8, with the columns of all rows after those that are there in any case.

    Args:
        path: the file; errors as `atomic.write_text`.
        rows: values by column; a missing one, None and NaN are an empty cell.
        columns: columns that the table has even without rows.
        decimals: digits after the point of fractional numbers; None: as many as tell the number exactly.
    """
    header = list(dict.fromkeys([*columns, *(key for row in rows for key in row)]))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(as_cell, header))
    writer.writerows([_cell(row.get(key), decimals) for key in header] for row in rows)
    write_text(path, buffer.getvalue())


def read_rows(path: Path, rule: str) -> list[dict[str, Any]]:
    """Rows that `write_rows` wrote: names as they were, any other cell as a number, an empty one as NaN.

    Raises:
        DamagedError: the file is empty, altered or no such table; names the rule that makes it.
    """
    text = read_text(path, rule)
    with telling(path, (rule,), (ValueError, TypeError, csv.Error)):
        return [
            {key: from_cell(cell) if key in NAMES else float(cell or "nan") for key, cell in row.items()}
            for row in csv.DictReader(io.StringIO(text, newline=""), restval="missing", strict=True)
        ]


def _cell(value: Any, decimals: int | None) -> str:
    if isinstance(value, str):
        return as_cell(value)
    if value is None or value != value:
        return ""
    if isinstance(value, float | np.floating):
        return repr(float(value)) if decimals is None else f"{value:.{decimals}f}"
    return str(value)
