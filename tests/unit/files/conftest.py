import numpy as np
import pytest

from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS


def _arrays_of(kind: str, height: int = 150, width: int = 140, exposures: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(height + width)
    sizes = {"N": exposures, "H": height, "W": width, "h": -(-height // 64), "w": -(-width // 64)}
    arrays = {}
    for name, field in SCHEMAS[kind].fields.items():
        shape = tuple(sizes[dim] if isinstance(dim, str) else dim for dim in field.dims)
        top = 1 if field.dtype[0] == "f" or field.high == 1 else np.iinfo(field.dtype).max
        values = random.uniform(0, top, shape)
        arrays[name] = values.round().astype(field.dtype) if field.dtype[0] == "u" else values.astype(field.dtype)
    return arrays


def _attributes_of(kind: str) -> tuple[dict, dict]:
    samples = {"str": "[1, 2]", "int": 1, "float": 0.5, "floats": [-2.0, 0.0, 2.0]}
    schema = SCHEMAS[kind]
    return (
        {name: samples[attribute.type] for name, attribute in schema.root_attributes.items()},
        {name: samples[attribute.type] for name, attribute in schema.scene_attributes.items()},
    )


@pytest.fixture(params=sorted(SCHEMAS))
def kind(request):
    return request.param


@pytest.fixture
def arrays_of():
    return _arrays_of


@pytest.fixture
def attributes_of():
    """(kind) -> root attributes, scene attributes."""
    return _attributes_of


@pytest.fixture
def make(tmp_path):
    """Write a product of a kind with the scenes asked for; returns its path and content hash."""

    def made(kind, scenes=("a", "b"), name="product.h5", **changed):
        root, scene = _attributes_of(kind)
        rows = [(s, _arrays_of(kind, 150 + 3 * k) | changed, scene) for k, s in enumerate(scenes)]
        return tmp_path / name, write_product(tmp_path / name, SCHEMAS[kind], rows, root)

    return made
