"""Products of every version that was ever written are opened for ever (docs/products.md, "Versions")."""

import golden_products as golden
import numpy as np
import pytest

from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.schema import READABLE, SCHEMAS
from hdrpipe.files.weights import load_weights

EVERY = [(kind, version) for kind, newest in golden.versions().items() for version in range(1, newest + 1)]
PRODUCTS = [(kind, version) for kind, version in EVERY if kind != "weights"]
RULE = 'raise `version` of the schema, keep the earlier one in READABLE: docs/products.md, "Versions"'


def test_every_version_has_a_schema_and_a_record():
    assert set(PRODUCTS) == set(READABLE)
    assert {f"{kind}-{version}" for kind, version in PRODUCTS} == set(golden.recorded()), RULE


@pytest.mark.parametrize(("kind", "version"), PRODUCTS)
def test_no_schema_changes_unless_its_version_is_raised(kind, version):
    assert golden.described(READABLE[kind, version]) == golden.recorded()[f"{kind}-{version}"], RULE


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_field_of_a_schema_is_in_the_golden_products(kind):
    assert set(golden.SHAPES[kind]) == set(SCHEMAS[kind].fields), "complete SHAPES and SINCE in golden_products.py"
    with open_product(golden.path_of(kind, SCHEMAS[kind].version), kind) as newest:
        assert all(newest.has("a", name) for name in SCHEMAS[kind].fields)


@pytest.mark.parametrize(("kind", "version"), EVERY)
def test_every_version_is_kept_and_small(kind, version):
    assert 0 < golden.path_of(kind, version).stat().st_size < 50_000


@pytest.mark.parametrize(("kind", "version"), PRODUCTS)
def test_a_product_of_any_version_reads_as_one_of_today(kind, version, tmp_path):
    golden.write(kind, tmp_path / "today.h5")
    with open_product(golden.path_of(kind, version), kind) as kept, open_product(tmp_path / "today.h5", kind) as today:
        assert kept.schema.version == version
        assert (kept.attributes, kept.scenes) == (golden.ROOT.get(kind, {}), ("a",))
        assert kept.scene_attributes("a") == golden.SCENE.get(kind, {})
        assert {name for name in kept.schema.fields if kept.has("a", name)} == set(golden.fields(kind, version))
        for name, expected in golden.fields(kind, version).items():
            array = kept.read("a", name)
            np.testing.assert_array_equal(array, expected)
            assert array.dtype == kept.field("a", name).dtype == today.read("a", name).dtype


@pytest.mark.parametrize(("kind", "version"), [pair for pair in EVERY if pair[0] == "weights"])
def test_weights_of_any_version_are_loaded(kind, version):
    tensors, metadata = load_weights(golden.path_of(kind, version))
    assert {name: metadata[name] for name in golden.WEIGHTS} == golden.WEIGHTS
    assert {name: tensor.numpy().tolist() for name, tensor in tensors.items()} == {
        name: tensor.tolist() for name, tensor in golden.TENSORS.items()
    }


@pytest.mark.parametrize(("kind", "newest"), [pair for pair in golden.versions().items() if pair[0] != "weights"])
def test_the_newest_version_still_has_the_same_hash(kind, newest, tmp_path):
    golden.write(kind, tmp_path / "today")
    with open_product(tmp_path / "today", kind) as today, open_product(golden.path_of(kind, newest), kind) as kept:
        assert today.content_hash == kept.content_hash


def test_uncertainty_of_version_2_may_have_the_measured_risk(tmp_path):
    """The main branch wrote such products before version 3."""
    schema, arrays = READABLE["uncertainty", 2], golden.fields("uncertainty", 3)
    floats = {name: array.astype(schema.fields[name].dtype) for name, array in arrays.items()}
    write_product(tmp_path / "a.h5", schema, [("a", floats, {})], golden.ROOT["uncertainty"])
    with open_product(tmp_path / "a.h5", "uncertainty") as product:
        assert product.schema.version == 2
        for name, expected in arrays.items():
            np.testing.assert_array_equal(product.read("a", name), expected)
