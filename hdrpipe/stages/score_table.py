"""Tables of scores: one row for each scene and method, which all begin with the same columns."""

from typing import Any

from hdrpipe.files.product.shards import Shards

FIRST_COLUMNS = ("scene", "difficulty", "group", "method")
"""Columns that a table has even if it has no row, because no scene has truth."""


def scene_columns(scenes: Shards, scene: str) -> dict[str, Any]:
    """Name, difficulty and group of a scene, as the first columns of its rows."""
    attributes = scenes.attributes(scene)
    return {"scene": scene, "difficulty": attributes["difficulty"], "group": attributes["group"]}
