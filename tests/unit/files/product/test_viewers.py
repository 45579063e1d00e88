"""Products in the viewers that people have: silx, and h5grove, which serves h5web and JupyterLab."""

import h5grove.content
import numpy as np
import pytest
import silx.io
import silx.io.nxdata

from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.product.schema import SCHEMAS


def default_of(path):
    """What silx plots when the file is opened: the group, and its arrays' names, as plain values."""
    with silx.io.open(str(path)) as file:
        found = silx.io.nxdata.get_default(file)
        assert found is not None
        assert found.is_valid
        return found.signal_dataset_name, found.interpretation, found.signal_name, found.signal[...]


@pytest.mark.parametrize("packing", ["gzip", "bitshuffle-lz4"])
def test_sigma_is_the_default_image_of_silx(make, monkeypatch, packing):
    monkeypatch.setenv("HDRPIPE_COMPRESSION", packing)
    path, _ = make("uncertainty")
    name, interpretation, title, image = default_of(path)
    assert (name, interpretation) == ("sigma", "image")
    assert title == "sigma (mu-law)"
    with open_product(path, "uncertainty") as product:
        assert np.array_equal(image, product.read(product.scenes[0], "sigma"))


def test_every_kind_opens_at_its_default_field(make, kind):
    name, interpretation, _, image = default_of(make(kind)[0])
    assert name == SCHEMAS[kind].default
    assert interpretation in ("image", "rgba-image")
    assert image.ndim == (3 if name == "preview" else 2)


def grove(path, place, ask):
    def error(status, message):
        raise AssertionError(f"{status} {message}")

    with h5grove.content.get_content_from_file(str(path), place, error) as content:
        return ask(content)


def test_h5grove_follows_the_defaults_to_sigma(make):
    """The path that h5web walks: default of the root, default of the entry, signal of the data."""
    path, _ = make("uncertainty")
    scene = grove(path, "/", lambda c: c.attributes())["default"].decode()
    view = grove(path, f"/{scene}", lambda c: c.attributes())["default"].decode()
    about = grove(path, f"/{scene}/{view}", lambda c: c.attributes())
    assert about["NX_class"] == b"NXdata"
    assert about["signal"] == b"sigma"
    sigma = f"/{scene}/{view}/sigma"
    assert grove(path, sigma, lambda c: c.attributes())["interpretation"] == b"image"
    shown = grove(path, sigma, lambda c: c.data())
    with open_product(path, "uncertainty") as product:
        assert np.array_equal(shown, product.read(scene, "sigma"))


def test_the_preview_is_an_hdf5_image(make):
    path, _ = make("uncertainty")
    about = grove(path, "/a/preview", lambda c: c.attributes())
    assert {about["CLASS"], about["IMAGE_SUBCLASS"]} == {b"IMAGE", b"IMAGE_TRUECOLOR"}
