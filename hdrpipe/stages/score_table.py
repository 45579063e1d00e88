"""Tables of scores: one row for each scene and method, which all begin with the same columns."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from hdrpipe.files.product.shards import Shards

FIRST_COLUMNS = ("scene", "difficulty", "group", "method")


def scene_columns(scenes: Shards, scene: str) -> dict[str, Any]:
    """Name, difficulty and group of a scene, as the first columns of its rows."""
    attributes = scenes.of(scene).scene_attributes(scene)
    return {"scene": scene, "difficulty": attributes["difficulty"], "group": attributes["group"]}


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as CSV; the header has FIRST_COLUMNS even if there is no row, because no scene has truth."""
    return pd.DataFrame(rows, columns=None if rows else FIRST_COLUMNS).to_csv(index=False)
