import numpy as np
import pytest

from hdrpipe.errors import InputError
from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": np.full((150, 140), np.nan, np.float32)}, "'sigma' holds NaN"),
        ({"sigma": np.full((150, 140), np.inf, np.float32)}, "'sigma' holds an infinite"),
        ({"sigma": np.full((150, 140), -1e-3, np.float32)}, "'sigma' holds a negative"),
        ({"pseudo_label": np.full((3, 150, 140), 1.01, np.float16)}, "'pseudo_label' holds 1.0.*above"),
        ({"pseudo_label": np.full((3, 150, 140), 1e6, np.float32)}, "'pseudo_label' holds .*above"),
        ({"pseudo_label": np.zeros((3, 150, 140), np.int64)}, "'pseudo_label' has type int64"),
        ({"sigma": np.zeros((150, 139), np.float32)}, "'sigma' has shape .* W = 140"),
        ({"sigma": np.zeros((1, 150, 140), np.float32)}, "'sigma' has shape .* wanted"),
        ({"sigma": np.zeros((0, 140), np.float32)}, "'sigma' has shape"),
        ({"mask": np.zeros((150, 140), np.uint8)}, "field 'mask' that the schema"),
    ],
)
def test_arrays_against_the_schema_are_not_written(make, change, message):
    with pytest.raises(InputError, match=message) as caught:
        make("uncertainty", scenes=("a",), **change)
    assert "\n" not in str(caught.value)
    assert not caught.value.where.startswith("memory")


def test_minus_zero_is_no_negative_value(make):
    path, _ = make("truth", scenes=("a",), radiance=np.full((3, 150, 140), -0.0, np.float32))
    assert open_product(path, "truth").read("a", "radiance").max() == 0


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "../a", "a\\b", "a\0", "a\nb", "x" * 101, "\ud800"])
def test_scene_names_stay_one_component_of_a_path(make, tmp_path, name):
    with pytest.raises(InputError, match="scene name"):
        make("truth", scenes=(name,))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({}, "lacks the attribute 'round'"),
        ({"round": "1", "weights": ""}, "'round'.*wanted int"),
        ({"round": True, "weights": ""}, "'round'.*wanted int"),
        ({"round": 1, "weights": "", "kind": "x"}, "'kind', a name that the format keeps"),
        ({"round": 1, "weights": "", "x": float("nan")}, "'x' that cannot be stored"),
        ({"round": 1, "weights": "", "x": {"a": 1}}, "'x' that cannot be stored"),
        ({"round": 1, "weights": "", "x": "a\0b"}, "'x' that cannot be stored"),
        ({"round": 1, "weights": "", "x": [1, "a"]}, "'x' that mixes types"),
    ],
)
def test_attributes_against_the_schema_are_not_written(tmp_path, attributes, message):
    with pytest.raises(InputError, match=message):
        write_product(tmp_path / "u.h5", SCHEMAS["uncertainty"], [], attributes)


def test_a_scene_comes_once(make):
    with pytest.raises(InputError, match="'a' comes twice"):
        make("truth", scenes=("a", "a"))
