"""Products of every version of their format, kept in tests/golden, and what stands in them.

`PYTHONPATH=tests python -m golden_products` writes those of the versions in force that are not there yet; what is there
is never written again.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.weights import VERSION, save_weights

GOLDEN = Path(__file__).parent / "golden"

SHAPES = {
    "scenes": {"ldr": (3, 3, 132, 40), "aligned": (3, 3, 132, 40), "preview": (132, 40, 3)},
    "truth": {"radiance": (3, 132, 40), "preview": (132, 40, 3)},
    "uncertainty": {"pseudo_label": (3, 132, 40), "sigma": (132, 40), "preview": (132, 40, 3)},
    "masks": {
        "patch_score": (3, 1),
        "patch_mask": (3, 1),
        "pixel_score": (132, 40),
        "pixel_mask": (132, 40),
        "weight": (132, 40),
    },
}
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


def fields(kind: str) -> Mapping[str, np.ndarray]:
    """Name -> values of the fields of the one scene, `a`."""
    return {name: values(kind, name) for name in SHAPES[kind]}


def path_of(kind: str, version: int) -> Path:
    """Where the product of a kind and version lies."""
    return GOLDEN / f"{kind}-{version}.{'safetensors' if kind == 'weights' else 'h5'}"


def versions() -> dict[str, int]:
    """Kind -> version in force."""
    return {kind: schema.version for kind, schema in SCHEMAS.items()} | {"weights": VERSION}


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
    for kind, version in versions().items():
        if not path_of(kind, version).exists():
            write(kind, path_of(kind, version))
