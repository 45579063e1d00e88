"""One small product of every kind, what a consumer sees of it, and how its damage must be told."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from hdrpipe.errors import DamagedError
from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.weights import load_weights, save_weights

KINDS = [*sorted(SCHEMAS), "weights"]
ATTRIBUTES = {"str": "[1, 2]", "int": 1, "float": 0.5, "floats": [-2.0, 0.0, 2.0]}


def write(path: Path, kind: str, level: float = 0.5, side: int = 70) -> str:
    """Write one of everything with values that depend on `level`."""
    random_ = np.random.default_rng(round(level * 1000))
    if kind == "weights":
        tensors = {"a": torch.from_numpy(random_.random((20, 30), np.float32)), "b": torch.full((5,), level)}
        return save_weights(path, tensors, {"round": 1, "model": {"backbone": "merge_net"}})
    schema, scenes = SCHEMAS[kind], []
    for name in ("a", "b"):
        arrays = {}
        for field_name, field in schema.fields.items():
            sizes = {"N": 3, "H": side, "W": side - 10, "h": 2, "w": 1}
            shape = tuple(sizes[dim] if isinstance(dim, str) else dim for dim in field.dims)
            top = np.iinfo(field.dtype).max if field.dtype[0] == "u" and field.high is None else 1
            arrays[field_name] = (random_.random(shape) * level * top).round(3).astype(field.dtype)
        scenes.append((name, arrays, {n: ATTRIBUTES[a.type] for n, a in schema.scene_attributes.items()}))
    return write_product(path, schema, scenes, {n: ATTRIBUTES[a.type] for n, a in schema.root_attributes.items()})


def read(path: Path, kind: str) -> dict:
    """Everything that a consumer can see of a file."""
    if kind == "weights":
        tensors, metadata = load_weights(path)
        return {"metadata": json.dumps(metadata)} | {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}
    with open_product(path, kind) as product:
        seen = {"attributes": product.attributes, "hash": product.content_hash, "scenes": product.scenes}
        for scene in product.scenes:
            seen[scene] = product.scene_attributes(scene)
            for field in SCHEMAS[kind].fields:
                if product.has(scene, field):
                    seen[scene, field] = product.read(scene, field).tobytes()
        return seen


def rule_of(kind: str) -> str:
    return "warmup" if kind == "weights" else SCHEMAS[kind].rule


def assert_refused(path: Path, kind: str, what: str) -> None:
    with pytest.raises(DamagedError) as caught:
        pytest.fail(f"{what}: {len(read(path, kind))} entries were read")
    message = str(caught.value)
    assert str(path) in message, what
    assert f"'{rule_of(kind)}'" in message, what
    assert "\n" not in message, what
