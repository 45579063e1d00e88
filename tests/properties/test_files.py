"""What holds for files whatever their content."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hdrpipe.errors import InputError
from hdrpipe.files import atomic
from hdrpipe.files.product.checks import Fault, check_scene_name
from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.layout import stored_as
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.weights import load_weights, save_weights

ATTRIBUTE = {
    "str": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "floats": st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4),
}
NAME = st.text(st.sampled_from("ab-_.é 1"), min_size=1, max_size=8).filter(
    lambda name: name != "." and ".." not in name
)


@st.composite
def contents(draw, kind):
    """Root attributes and scenes that satisfy the schema of `kind`."""
    schema = SCHEMAS[kind]

    def attributes(declared):
        return {name: draw(ATTRIBUTE[attribute.type]) for name, attribute in declared.items()}

    def arrays():
        sizes = {dim: draw(st.integers(1, 9)) for field in schema.fields.values() for dim in field.dims}
        made = {}
        for name, field in schema.fields.items():
            if field.optional and draw(st.booleans()):
                continue
            shape = tuple(sizes[dim] if isinstance(dim, str) else dim for dim in field.dims)
            dtype = np.dtype(field.dtype)
            if dtype.kind == "u":
                elements = st.integers(0, field.high or np.iinfo(dtype).max)
            else:
                top = field.high or 100
                elements = st.floats(0 if field.low == 0 else -top, top, width=8 * dtype.itemsize)
            made[name] = draw(hnp.arrays(dtype, shape, elements=elements))
        return made

    names = draw(st.lists(NAME, min_size=1, max_size=3, unique=True))
    return attributes(schema.root_attributes), [(n, arrays(), attributes(schema.scene_attributes)) for n in names]


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_product_gives_back_what_was_written(folder, kind, data):
    root, scenes = data.draw(contents(kind))
    digest = write_product(folder / kind, SCHEMAS[kind], scenes, root)
    assert write_product(folder / kind, SCHEMAS[kind], scenes[::-1], root) == digest
    with open_product(folder / kind, kind) as product:
        assert product.content_hash == digest
        assert product.attributes == root
        assert product.scenes == tuple(sorted(name for name, _, _ in scenes))
        for name, arrays, attributes in scenes:
            assert product.scene_attributes(name) == attributes
            for field in SCHEMAS[kind].fields:
                assert product.has(name, field) == (field in arrays)
            for field, array in arrays.items():
                np.testing.assert_array_equal(
                    product.read(name, field), stored_as(SCHEMAS[kind].fields[field], array), strict=True
                )


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_slice_of_a_field_is_the_slice_of_the_array(folder, data):
    radiance = np.random.default_rng(0).random((3, 140, 150), np.float32)
    path = folder / "slices"
    if not path.exists():
        preview = np.zeros((140, 150, 3), np.uint8)
        write_product(path, SCHEMAS["truth"], [("a", {"radiance": radiance, "preview": preview}, {})], {})
    index = data.draw(hnp.basic_indices(radiance.shape, allow_newaxis=False).filter(_forward))
    with open_product(path, "truth", verify=False) as product:
        np.testing.assert_array_equal(product.field("a", "radiance")[index], radiance[index])


def _forward(index) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(part, slice) or part.step is None or part.step > 0 for part in parts)


@settings(max_examples=200, deadline=None)
@given(sigma=hnp.arrays(np.float32, 16, elements=st.floats(2**-10, 2**20, width=32)))
def test_clearing_bits_changes_little_and_only_once(sigma):
    field = SCHEMAS["uncertainty"].fields["sigma"]
    cleared = stored_as(field, sigma)
    assert (np.abs(cleared.astype(float) / sigma - 1) <= 2**-11).all()
    np.testing.assert_array_equal(stored_as(field, cleared), cleared)


@settings(max_examples=200, deadline=None)
@given(name=st.text(max_size=120) | st.text(st.sampled_from("ab./\\\0"), max_size=5))
def test_a_scene_name_that_is_accepted_names_something_right_below(name):
    try:
        check_scene_name(name)
    except Fault:
        return
    root = Path("/srv/below")
    assert (root / name).parent == root
    assert (root / name).name == name
    assert "\0" not in name


@settings(max_examples=50, deadline=None)
@given(
    arrays=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(lambda name: name != "__metadata__"),
        hnp.arrays(st.sampled_from([np.float32, np.float16, np.int64, np.bool_]), hnp.array_shapes(min_dims=0)).filter(
            lambda array: np.isfinite(array).all()  # others are refused
        ),
        max_size=3,
    ),
    metadata=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), ATTRIBUTE["int"] | ATTRIBUTE["str"], max_size=3
    ),
)
def test_weights_give_back_what_was_saved(folder, arrays, metadata):
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    digest = save_weights(folder / "w", tensors, metadata)
    loaded, said = load_weights(folder / "w")
    assert said == metadata | {"content_hash": digest}
    assert {name: tensor.numpy().tobytes() for name, tensor in loaded.items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    assert save_weights(folder / "w", loaded, said) == digest


@settings(max_examples=50, deadline=None)
@given(name=st.text(max_size=300))
def test_a_file_is_written_below_its_folder_or_refused(folder, name):
    place = folder / "names"
    if ".." in Path(name).parts or Path(name).is_absolute():
        return
    with contextlib.suppress(InputError):
        atomic.write_bytes(place / name, b"content")
        assert (place / name).read_bytes() == b"content"
    assert not list(place.rglob("*.tmp"))
