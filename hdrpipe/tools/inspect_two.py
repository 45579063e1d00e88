"""Comparison of two products of one kind for `inspect A B`: of two rounds, runs or strategies."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from hdrpipe.config.differences import differences
from hdrpipe.errors import UsageError
from hdrpipe.files.product.hdf5 import Product, open_product
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.tools.inspect import LISTED, read_provenance

Row = dict[str, Any]

RADIANCE = ("pseudo_label", "radiance")
"""Fields that are compared after the mu-law."""


def compared(first: Path, second: Path, scene: str | None = None) -> str:
    """Differences of two products as text: settings, fields over all common scenes, the scenes that differ most.

    Raises:
        UsageError: they are of different kinds, or have no scene in common.
    """
    with open_product(first, None) as a, open_product(second, None) as b:
        if a.kind != b.kind:
            raise UsageError(f"this product is of kind '{b.kind}', {first.name} of kind '{a.kind}'", second)
        names = [name for name in a.scenes if name in b.scenes and scene in (None, name)]
        if not names:
            raise UsageError(
                f"has no scene in common with {first}"
                if scene is None
                else f"there is no scene {scene!r} in both products",
                second,
            )
        rows = [row for name in names for row in _rows(a, b, name)]
        blocks = [_head(a, b, len(names)), _settings(a, b), _fields(a, rows), _scenes(a, rows)]
    return "\n\n".join(block for block in blocks if block)


def _head(a: Product, b: Product, common: int) -> str:
    same = "the same content" if a.content_hash == b.content_hash else "different content"
    lines = [f"{letter}  {product.path}  {_attributes(product)}" for letter, product in (("A", a), ("B", b))]
    return "\n".join([*lines, f"{a.kind}: {common} scenes in common, {same}"])


def _attributes(product: Product) -> str:
    return "  ".join(f"{name} {str(value)[:19]}" for name, value in product.attributes.items())


def _settings(a: Product, b: Product) -> str:
    one, other = (read_provenance(product, lambda origin: dict(origin.get("spec", {}))) for product in (a, b))
    rows = [[key, *map(json.dumps, values)] for key, *values in differences(one, other)]
    return tabulate(rows, ["setting", "A", "B"], tablefmt="simple", disable_numparse=True) if rows else ""


def _rows(a: Product, b: Product, scene: str) -> list[Row]:
    rows = []
    for field in a.schema.fields:
        if a.has(scene, field) and b.has(scene, field):
            one, two = a.read(scene, field), b.read(scene, field)
            if one.shape != two.shape:
                raise UsageError(f"scene {scene!r} has not the same size as in {a.path}", b.path)
            rows.append({"scene": scene, "field": field, **_difference(field, one, two)})
    return rows


def _difference(field: str, one: NDArray, two: NDArray) -> dict[str, float]:
    """Means, mean and largest absolute difference; radiance is compared after the mu-law."""
    one, two = one.astype(np.float32), two.astype(np.float32)
    if field in RADIANCE:
        one, two = mu_law(one), mu_law(two)
    distance = np.abs(one - two)
    a, b = float(one.mean()), float(two.mean())
    return {"a": a, "b": b, "change": b - a, "distance": float(distance.mean()), "most": float(distance.max())}


def _fields(a: Product, rows: list[Row]) -> str:
    lines = []
    for field in a.schema.fields:
        rows_of_field = [row for row in rows if row["field"] == field]
        if rows_of_field:
            numbers = [float(np.mean([row[key] for row in rows_of_field])) for key in ("a", "b", "distance")]
            name = f"{field} (mu-law)" if field in RADIANCE else field
            lines.append([name, *(f"{n:.4g}" for n in numbers), f"{max(row['most'] for row in rows_of_field):.4g}"])
    headings = ["field", "mean A", "mean B", "mean |A-B|", "max |A-B|"]
    return tabulate(lines, headings, tablefmt="simple", disable_numparse=True)


def _scenes(a: Product, rows: list[Row]) -> str:
    """Table of the scenes by the difference of the default field of viewers."""
    main = a.schema.default
    widest = sorted((r for r in rows if r["field"] == main), key=lambda row: (-row["distance"], row["scene"]))[:LISTED]
    forms = (("a", ".4g"), ("b", ".4g"), ("change", "+.4g"), ("distance", ".4g"))
    lines = [[row["scene"], *(format(row[key], form) for key, form in forms)] for row in widest]
    headings = ["scene", f"{main} A", f"{main} B", "change", "mean |A-B|"]
    return tabulate(lines, headings, tablefmt="simple", disable_numparse=True)
