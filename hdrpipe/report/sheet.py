"""Contact sheet of titled pictures, as PNG."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from hdrpipe.imaging.previews import Rgb

CELL = 3.2
"""Width of one picture in inches."""

DPI = 100
"""Pixels per inch of the sheet."""


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet, its title above and its note below."""

    title: str
    note: str
    picture: Rgb


def sheet_png(title: str, tiles: Sequence[Tile], columns: int) -> bytes:
    """PNG of the tiles in rows of `columns`, under a title; names with `$` are no formulas."""
    rows = -(-len(tiles) // columns)
    ratio = max(tile.picture.shape[0] / tile.picture.shape[1] for tile in tiles)
    size = (CELL * columns, (CELL * ratio + 0.62) * rows + 0.45)
    with matplotlib.rc_context({"font.family": "sans-serif", "font.size": 9, "text.parse_math": False}):
        figure = Figure(figsize=size, dpi=DPI, facecolor="white", layout="constrained")
        figure.suptitle(title, fontsize=11, x=0.01, ha="left", color="#151a21")
        grid = figure.subplots(rows, columns, squeeze=False)
        for index, axes in enumerate(grid.flat):
            axes.axis("off")
            if index < len(tiles):
                tile = tiles[index]
                few = len(np.unique(tile.picture)) <= 8
                axes.imshow(tile.picture, interpolation="nearest" if few else "antialiased")
                axes.set_title(tile.title, loc="left", fontsize=10, fontweight="bold", color="#151a21")
                axes.text(0, -0.02, tile.note, transform=axes.transAxes, va="top", fontsize=8.5, color="#4a5260")
        buffer = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a letter that the font lacks is an empty box
            figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
