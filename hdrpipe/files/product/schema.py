"""Every product that is kept as HDF5: its fields with type, shape, unit and range, and the rule that makes it.

A field `F` of scene `S` lies at `/S/F`. A product holds radiance in the convention of `hdrpipe.quantities`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

FORMAT = "hdrpipe"
"""Value of the root attribute `format` of every product."""


@dataclass(frozen=True)
class Field:
    """One array of a scene.

    Args:
        dtype: NumPy code without byte order ("u1", "u2", "f4"); files are little-endian. Many readers refuse "f2".
        dims: sizes; a word stands for any size >= 1, the same wherever it occurs in one scene.
        unit: physical unit, or the domain of a number without one.
        low, high: closed range of the values; None leaves that side open. NaN and infinity are never allowed.
        meaning: one sentence for a person who opens the file.
        optional: whether a scene may lack it.
        clear_bits: low mantissa bits that the writer rounds away, because they are noise that does not compress.
    """

    dtype: str
    dims: tuple[str | int, ...]
    unit: str
    low: float | None
    high: float | None
    meaning: str
    optional: bool = False
    clear_bits: int = 0


COORDINATES: Mapping[str, Field] = {
    "exposure": Field("i4", ("N",), "index", 0, None, "exposures, ascending"),
    "channel": Field("i4", (3,), "index", 0, None, "red, green, blue"),
    "y": Field("i4", ("H",), "index", 0, None, "rows of pixels"),
    "x": Field("i4", ("W",), "index", 0, None, "columns of pixels"),
    "patch_y": Field("i4", ("h",), "index", 0, None, "rows of patches"),
    "patch_x": Field("i4", ("w",), "index", 0, None, "columns of patches"),
}
"""Coordinates, which stand beside the fields of a scene and count along their axes from 0.

As dimension scales of HDF5 they name the axes for xarray, netCDF and MATLAB; the content hash leaves them out.
"""


@dataclass(frozen=True)
class Attribute:
    """One declared value beside the arrays, of the root or of a scene."""

    type: Literal["str", "int", "float", "bool", "strs", "ints", "floats"]
    meaning: str


@dataclass(frozen=True)
class Schema:
    """Contents of a product file of one kind.

    Declared attributes must be there; others may be added. `default` is the field that viewers show first, through
    the NXdata group `view`. `shards` is the config key that spreads the scenes over more files. A scene has those of
    `coordinates` along which a field of it lies.
    """

    kind: str
    version: int
    rule: str
    fields: Mapping[str, Field]
    scene_attributes: Mapping[str, Attribute]
    root_attributes: Mapping[str, Attribute]
    default: str
    view: str
    shards: str
    coordinates: Mapping[str, Field]


class _Readable(Protocol):
    def has(self, scene: str, field: str) -> bool: ...
    def field(self, scene: str, field: str) -> Any: ...


def network_frames(product: _Readable, scene: str) -> Any:
    """Lazily read network input of a scene, uint16 (N, 3, H, W), ldr * 65535: aligned if it is there, else as taken."""
    return product.field(scene, "aligned" if product.has(scene, "aligned") else "ldr")


_PREVIEW = Field("u1", ("H", "W", 3), "display", None, None, "picture for people, tone-mapped for display")

_SCENES = Schema(
    kind="scenes",
    version=2,
    rule="prepare",
    fields={
        "ldr": Field("u2", ("N", 3, "H", "W"), "ldr * 65535", None, None, "camera pictures, ascending exposure"),
        "aligned": Field(
            "u2",
            ("N", 3, "H", "W"),
            "ldr * 65535",
            None,
            None,
            "camera pictures aligned to the reference",
            optional=True,
        ),
        "preview": _PREVIEW,
    },
    scene_attributes={
        "ev": Attribute("floats", "exposure values, ascending; times = 2 ** (ev - min ev)"),
        "reference": Attribute("int", "index of the exposure that the result aligns to"),
        "difficulty": Attribute("str", "how the scene moves"),
        "group": Attribute("str", "scenes of one group are not independent"),
        "sources": Attribute("str", "JSON: what the scene was made from"),
        "alignment": Attribute("str", "JSON: how each exposure was aligned"),
    },
    root_attributes={},
    default="preview",
    view="picture",
    shards="data.shards",
    coordinates=COORDINATES,
)

_TRUTH = Schema(
    kind="truth",
    version=2,
    rule="prepare",
    fields={
        "radiance": Field("f4", (3, "H", "W"), "relative radiance", 0.0, None, "true radiance of the reference view"),
        "preview": _PREVIEW,
    },
    scene_attributes={},
    root_attributes={},
    default="preview",
    view="picture",
    shards="data.shards",
    coordinates=COORDINATES,
)

_UNCERTAINTY = Schema(
    kind="uncertainty",
    version=4,
    rule="teacher",
    fields={
        "pseudo_label": Field(
            "f4",
            (3, "H", "W"),
            "relative radiance",
            0.0,
            1.0,
            "radiance that the teacher predicts",
            clear_bits=13,
        ),
        "sigma": Field(
            "f4",
            ("H", "W"),
            "mu-law",
            0.0,
            None,
            "standard deviation that the teacher expects of its error, tone-mapped domain",
            clear_bits=13,
        ),
        "preview": _PREVIEW,
        "patch_risk": Field(
            "f4",
            ("h", "w"),
            "mu-law, squared",
            None,
            None,
            "error of each patch of the label, measured without truth; 0 where patch_measured is",
            optional=True,
        ),
        "patch_measured": Field(
            "f4", ("h", "w"), "fraction", 0.0, 1.0, "part of each patch whose error is measured", optional=True
        ),
        "patch_ratio": Field(
            "f4",
            ("h", "w"),
            "1",
            None,
            None,
            "mean of the measured error of each pixel over its sigma squared; 0 where patch_measured is",
            optional=True,
        ),
    },
    scene_attributes={},
    root_attributes={
        "round": Attribute("int", "round of the loop"),
        "weights": Attribute("str", "content hash of the teacher's weights"),
    },
    default="sigma",
    view="uncertainty",
    shards="teacher.shards",
    coordinates=COORDINATES,
)

_MASKS = Schema(
    kind="masks",
    version=2,
    rule="masks",
    fields={
        "patch_score": Field(
            "f4", ("h", "w"), "score", None, None, "uncertainty of each patch as the first level sees it"
        ),
        "patch_mask": Field("u1", ("h", "w"), "boolean", 0, 1, "1 where the patch is trusted"),
        "pixel_score": Field(
            "f4", ("H", "W"), "score", None, None, "uncertainty of each pixel as the second level sees it"
        ),
        "pixel_mask": Field("u1", ("H", "W"), "boolean", 0, 1, "1 where the pixel is trusted"),
        "weight": Field(
            "f4", ("H", "W"), "weight", 0.0, 1.0, "product of both levels, which the loss reads", clear_bits=13
        ),
    },
    scene_attributes={
        "keep_rate_patch": Attribute("float", "share of pixels that the patch level keeps"),
        "keep_rate_pixel": Attribute("float", "share of pixels that the pixel level keeps"),
        "keep_rate": Attribute("float", "share of pixels that both keep"),
    },
    root_attributes={},
    default="weight",
    view="mask",
    shards="teacher.shards",
    coordinates=COORDINATES,
)

SCHEMAS: Mapping[str, Schema] = {schema.kind: schema for schema in (_SCENES, _TRUTH, _UNCERTAINTY, _MASKS)}
"""Every kind of product by its name."""


def _version_3(schema: Schema) -> Schema:
    """Products of version 3, of `uncertainty` alone, have no ratio of measured risk to sigma."""
    return replace(schema, version=3, fields=_without(schema, "patch_ratio"))


def _version_2(schema: Schema) -> Schema:
    """Products of version 2; some of `uncertainty` have the optional fields of version 3, written before it existed."""
    return replace(_version_3(schema), version=2)


def _version_1(schema: Schema) -> Schema:
    """Products of version 1 have no coordinates, no measured risk, and two fields as float16."""
    halves = {
        name: replace(field, dtype="f2", clear_bits=0)
        for name, field in schema.fields.items()
        if name in ("pseudo_label", "weight")
    }
    fields = _without(schema, "patch_risk", "patch_measured", "patch_ratio")
    return replace(schema, version=1, fields={**fields, **halves}, coordinates={})


def _without(schema: Schema, *left_out: str) -> dict[str, Field]:
    """Fields of a schema but those of these names."""
    return {name: field for name, field in schema.fields.items() if name not in left_out}


READABLE: Mapping[tuple[str, int], Schema] = {
    (schema.kind, schema.version): schema
    for current in SCHEMAS.values()
    for schema in (current, _version_3(current), _version_2(current), _version_1(current))
    if schema.version <= current.version
}
"""Kind and version -> schema, of all that were ever written."""
