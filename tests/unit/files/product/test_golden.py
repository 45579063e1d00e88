"""Products of every version that was ever written are opened for ever (docs/products.md, "Versions")."""

import golden_products as golden
import numpy as np
import pytest

from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.weights import load_weights

EVERY = [(kind, version) for kind, newest in golden.versions().items() for version in range(1, newest + 1)]
PRODUCTS = [(kind, version) for kind, version in EVERY if kind != "weights"]


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
        assert {name for name in kept.schema.fields if kept.has("a", name)} == set(golden.fields(kind))
        for name, expected in golden.fields(kind).items():
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
