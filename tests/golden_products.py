"""Products of every version of their format, kept in tests/golden, and what stands in them.

`PYTHONPATH=tests python -m golden_products` writes those of the versions in force that are not there yet, and adds the
schemas of those versions to `RECORD`; what is there is never written again.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import READABLE, SCHEMAS, Attribute, Field, Schema
from hdrpipe.files.weights import VERSION, save_weights

GOLDEN = Path(__file__).parent / "golden"
RECORD = GOLDEN / "schemas.json"
"""Schemas of every version, as `described` gives them, under the names of the golden products."""

SHAPES = {
    "scenes": {"ldr": (3, 3, 132, 40), "aligned": (3, 3, 132, 40), "preview": (132, 40, 3)},
    "truth": {"radiance": (3, 132, 40), "preview": (132, 40, 3)},
    "uncertainty": {
        "pseudo_label": (3, 132, 40),
        "sigma": (132, 40),
        "preview": (132, 40, 3),
        "patch_risk": (3, 1),
        "patch_measured": (3, 1),
        "patch_ratio": (3, 1),
    },
    "masks": {
        "patch_score": (3, 1),
        "patch_mask": (3, 1),
        "pixel_score": (132, 40),
        "pixel_mask": (132, 40),
        "weight": (132, 40),
    },
}
"""Kind -> shapes of all its fields."""

SINCE = {"patch_risk": 3, "patch_measured": 3, "patch_ratio": 4}
"""First version of the fields that golden products of version 1 lack."""

TOPS = {"ldr": 65535, "aligned": 65535, "preview": 255}
"""Largest value of the fields whose largest is not 1."""

SCENE = {
    "scenes": {
        "ev": [-2.0, 0.0, 2.0],
        "reference": 1,
        "difficulty": "still",
        "group": "ä",
        "sources": "[]",
        "alignment": "[]",
    },
    "masks": {"keep_rate_patch": 0.5, "keep_rate_pixel": 0.25, "keep_rate": 0.125},
}
"""Attributes of the scene."""

ROOT = {"uncertainty": {"round": 2, "weights": "sha256:0"}}
"""Attributes of the whole product."""

WEIGHTS = {"round": 2, "model": {"backbone": "merge_net"}}
TENSORS = {"a": np.arange(600, dtype=np.float32).reshape(20, 30) / 64, "b": np.full(5, -0.5, np.float32)}


def values(kind: str, name: str) -> np.ndarray:
    """What field `name` holds: multiples of 1/128 of its largest value, so that every format keeps them exactly."""
    shape = SHAPES[kind][name]
    ramp = np.arange(np.prod(shape)).reshape(shape) // 5 % 113
    if name.endswith("_mask"):
        return ramp % 2
    return ramp * TOPS[name] // 128 if name in TOPS else ramp / 128


def fields(kind: str, version: int | None = None) -> Mapping[str, np.ndarray]:
    """Name -> values of the fields of the one scene, `a`, in the golden product of a version (None: that in force)."""
    newest = SCHEMAS[kind].version if version is None else version
    return {name: values(kind, name) for name in SHAPES[kind] if SINCE.get(name, 1) <= newest}


def path_of(kind: str, version: int) -> Path:
    """Where the product of a kind and version lies."""
    return GOLDEN / f"{kind}-{version}.{'safetensors' if kind == 'weights' else 'h5'}"


def versions() -> dict[str, int]:
    """Kind -> version in force."""
    return {kind: schema.version for kind, schema in SCHEMAS.items()} | {"weights": VERSION}


def described(schema: Schema) -> dict[str, object]:
    """All that readers of a schema check or rely on, without the texts for people and the name of the rule."""
    return {
        "fields": {name: _described(field) for name, field in schema.fields.items()},
        "coordinates": {name: _described(axis) for name, axis in schema.coordinates.items()},
        "scene_attributes": _types(schema.scene_attributes),
        "root_attributes": _types(schema.root_attributes),
        "default": schema.default,
        "view": schema.view,
    }


def _described(field: Field) -> str:
    """Type, shape, unit, range, whether optional and cleared bits of a field."""
    optional = "optional" if field.optional else "always"
    shape = " x ".join(map(str, field.dims))
    return f"{field.dtype} | {shape} | {field.unit} | {field.low} to {field.high} | {optional} | {field.clear_bits}"


def _types(attributes: Mapping[str, Attribute]) -> dict[str, str]:
    return {name: attribute.type for name, attribute in attributes.items()}


def recorded() -> dict[str, dict[str, object]]:
    """The schemas of `RECORD`, by "KIND-VERSION"."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


def record() -> None:
    """Add the schemas that are not in `RECORD` yet."""
    today = {f"{kind}-{version}": described(schema) for (kind, version), schema in READABLE.items()}
    kept = recorded() if RECORD.exists() else {}
    RECORD.write_text(json.dumps(dict(sorted((today | kept).items())), indent=1) + "\n", encoding="utf-8")


def write(kind: str, path: Path) -> None:
    """Write the product of a kind as this hdrpipe does."""
    if kind == "weights":
        save_weights(path, {name: torch.from_numpy(tensor) for name, tensor in TENSORS.items()}, WEIGHTS)
        return
    declared = SCHEMAS[kind].fields
    arrays = {name: array.astype(declared[name].dtype) for name, array in fields(kind).items()}
    scenes = [("a", arrays, SCENE.get(kind, {}))]
    write_product(path, SCHEMAS[kind], scenes, ROOT.get(kind, {}), {"stage": SCHEMAS[kind].rule})


if __name__ == "__main__":
    record()
    for kind, version in versions().items():
        if not path_of(kind, version).exists():
            write(kind, path_of(kind, version))
