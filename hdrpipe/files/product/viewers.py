"""Attributes by which HDF5 viewers (silx, HDFView, h5web) open a product as a picture."""

from collections.abc import Collection
from typing import Any

from hdrpipe.files.product.schema import Field, Schema


def root_attributes(scenes: Collection[str]) -> dict[str, Any]:
    """Attributes of the file itself (NXroot): viewers open the first scene."""
    return {"NX_class": "NXroot"} | ({"default": min(scenes)} if scenes else {})


def scene_attributes(schema: Schema) -> dict[str, Any]:
    """Attributes of a scene group (NXentry of the NeXus convention)."""
    return {"NX_class": "NXentry", "default": schema.view}


def view_attributes(schema: Schema) -> dict[str, Any]:
    """Attributes of the group that shows the default field (NXdata): no axes, so that pixels are counted."""
    return {"NX_class": "NXdata", "signal": schema.default, "axes": ["."] * len(schema.fields[schema.default].dims)}


def dataset_attributes(name: str, field: Field) -> dict[str, Any]:
    """Attributes of a dataset; a uint8 (H, W, 3) array is declared a true-colour picture (HDF5 Image 1.2)."""
    attributes = {
        "unit": field.unit,
        "units": field.unit,
        "meaning": field.meaning,
        "long_name": f"{name} ({field.unit})",
    }
    if len(field.dims) == 1:
        return attributes
    if (field.dtype, field.dims) != ("u1", ("H", "W", 3)):
        return attributes | {"interpretation": "image"}
    return attributes | {
        "interpretation": "rgba-image",
        "CLASS": "IMAGE",
        "IMAGE_VERSION": "1.2",
        "IMAGE_SUBCLASS": "IMAGE_TRUECOLOR",
        "INTERLACE_MODE": "INTERLACE_PIXEL",
    }
