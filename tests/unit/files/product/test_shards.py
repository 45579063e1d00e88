"""Shards of one split: what is read is verified, what is not read costs nothing."""

from contextlib import ExitStack

import h5py
import numpy as np
import pytest

from hdrpipe.errors import DamagedError, InputError
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.product.shards import Shards


@pytest.fixture
def paths(tmp_path):
    """Two shards of truth, one scene each; the array of scene b was altered behind its content hash."""
    for shard, name in enumerate("ab"):
        truth = {"radiance": np.full((3, 8, 8), 0.5, np.float32), "preview": np.zeros((8, 8, 3), np.uint8)}
        attributes = {"split": "test", "shard": shard, "align": "none"}
        write_product(tmp_path / f"{shard}.h5", SCHEMAS["truth"], [(name, truth, {})], attributes)
    with h5py.File(tmp_path / "1.h5", "r+") as file:
        file["b/radiance"][...] = 0.25
    return [tmp_path / "0.h5", tmp_path / "1.h5"]


def test_a_shard_is_verified_when_it_is_first_read(paths):
    with ExitStack() as stack:
        shards = Shards(paths, "truth", stack)
        assert shards.scenes == ("a", "b")
        assert shards.of("a").read("a", "radiance").max() == 0.5
        with pytest.raises(DamagedError, match=r"1\.h5.*does not match its content hash"):
            shards.of("b")


def test_attributes_cost_no_reading_of_arrays(paths):
    with ExitStack() as stack:
        assert Shards(paths, "truth", stack).attributes("b") == {}


def test_a_scene_that_no_shard_holds_is_named_with_the_files(paths):
    with (
        ExitStack() as stack,
        pytest.raises(InputError, match=r"'c' is missing.*0\.h5, 1\.h5|0\.h5, 1\.h5.*'c' is missing"),
    ):
        Shards(paths, "truth", stack).of("c")
