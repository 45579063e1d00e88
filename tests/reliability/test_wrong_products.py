"""R8: products that are whole files, but against their schema, format or range: each fault has its message."""

import h5py
import numpy as np
import pytest
from small_products import assert_refused, write

from hdrpipe.errors import DamagedError, Exit
from hdrpipe.files.product.hdf5 import open_product


def _attribute(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def _without(name):
    return lambda file: file.attrs.__delitem__(name)


def _array(name, values, **options):
    """Replace an array by another one, packed and explained as a product is unless `options` say otherwise."""

    def change(file):
        attributes = dict(file["a"][name].attrs)
        chunks = file["a"][name].chunks
        del file["a"][name]
        packing = {"chunks": chunks, "compression": "gzip", "shuffle": True, "fletcher32": True} | options
        made = file["a"].create_dataset(name, data=values, **packing)
        made.attrs.update(attributes)

    return change


def _value(value, place=(3, 4)):
    def change(file):
        file["a/sigma"][place] = value

    return change


def _deleted(name):
    return lambda file: file.__delitem__(name)


def _link(name, link):
    def change(file):
        del file[name]
        file[name] = link

    return change


PLANE = np.full((70, 60), 0.25, np.float32)
FAULTS = {
    "no product": (_without("format"), "is an HDF5 file, but no product of hdrpipe"),
    "foreign format": (_attribute("format", "other"), "is an HDF5 file, but no product of hdrpipe"),
    "wrong kind": (_attribute("kind", "masks"), "is a product of kind 'masks', wanted 'uncertainty'"),
    "newer version": (
        _attribute("version", 5),
        "was written by a newer hdrpipe (uncertainty version 5; this one reads 1 to 4)",
    ),
    "older version": (
        _attribute("version", 0),
        "was written by an older hdrpipe (uncertainty version 0; this one reads 1 to 4)",
    ),
    "version no number": (_attribute("version", "one"), "version 'one', which this hdrpipe does not know"),
    "incomplete": (_without("complete"), "is incomplete: its writer did not finish"),
    "not finished": (_attribute("complete", False), "is incomplete: its writer did not finish"),
    "no hash": (_without("content_hash"), "its content does not match its content hash"),
    "other hash": (_attribute("content_hash", "sha256:0"), "its content does not match its content hash"),
    "other value": (_value(0.5), "its content does not match its content hash"),
    "other attribute": (_attribute("round", 9), "its content does not match its content hash"),
    "missing attribute": (_without("weights"), "lacks the attribute 'weights'"),
    "wrong attribute": (_attribute("round", "first"), "has an attribute 'round' that is 'first', wanted int"),
    "missing scene": (_deleted("b"), "its content does not match its content hash"),
    "missing field": (_deleted("a/sigma"), "scene 'a' lacks the field 'sigma'"),
    "unknown field": (lambda f: f["a"].create_dataset("z", data=[1]), "scene 'a' has a field 'z' that the schema"),
    "missing coordinate": (_deleted("a/x"), "scene 'a' coordinate 'x' is not a plain dataset"),
    "shifted coordinate": (
        _array("x", np.arange(1, 61, dtype="i4")),
        "scene 'a' coordinate 'x' is damaged: it does not",
    ),
    "short coordinate": (
        _array("x", np.arange(59, dtype="i4"), chunks=(59,)),
        "coordinate 'x' has shape (59,), wanted",
    ),
    "version of another layout": (
        lambda f: f.attrs.__setitem__("version", 1),
        "scene 'a' has a field 'channel' that the schema",
    ),
    "wrong type": (_array("sigma", PLANE.astype("f8")), "scene 'a' field 'sigma' has type float64, wanted float32"),
    "wrong byte order": (_array("sigma", PLANE.astype(">f4")), "scene 'a' field 'sigma' has type >f4, wanted float32"),
    "wrong shape": (
        _array("sigma", PLANE[:, :59], chunks=(70, 59)),
        "field 'sigma' has shape (70, 59), wanted (H, W) with W = 60",
    ),
    "wrong rank": (_array("sigma", PLANE[0], chunks=(60,)), "field 'sigma' has shape (60,), wanted (H, W)"),
    "wrong channels": (
        _array("pseudo_label", np.zeros((4, 70, 60), "f4"), chunks=(3, 70, 60)),
        "field 'pseudo_label' has shape (4, 70, 60), wanted (3, H, W) with 3 = 3",
    ),
    "wrong unit": (
        lambda f: f["a/sigma"].attrs.__setitem__("unit", "m"),
        "field 'sigma' has the unit 'm', wanted 'mu-law'",
    ),
    "no unit": (lambda f: f["a/sigma"].attrs.__delitem__("unit"), "field 'sigma' has the unit None, wanted 'mu-law'"),
    "NaN": (_value(np.nan), "scene 'a' field 'sigma' holds NaN"),
    "infinite": (_value(np.inf), "scene 'a' field 'sigma' holds an infinite value"),
    "negative sigma": (_value(-0.25), "scene 'a' field 'sigma' holds a negative value, -0.25"),
    "out of range": (
        _array("pseudo_label", np.full((3, 70, 60), 2, "f4")),
        "scene 'a' field 'pseudo_label' holds 2.0, above its range, which ends at 1.0",
    ),
    "no checksum": (
        _array("sigma", PLANE, fletcher32=False),
        "field 'sigma' has other chunks than a product, or no checksum",
    ),
    "claims 1 TB": (
        lambda f: (
            f.__delitem__("a/sigma"),
            f["a"].create_dataset("sigma", (2**19, 2**19), "f4", chunks=(128, 128), fletcher32=True),
        ),
        "field 'sigma' has shape (524288, 524288), wanted (H, W)",
    ),
    "link out of the file": (_link("a", h5py.ExternalLink("/etc/passwd", "/")), "scene 'a' is not a plain group"),
    "link elsewhere": (_link("a/sigma", h5py.SoftLink("/b/sigma")), "field 'sigma' is not a plain dataset"),
    "scene name": (lambda f: f.move("a", ".. up"), "has a scene name '.. up' with a slash, '..'"),
    "long scene name": (lambda f: f.move("a", "a" * 150), "of 150 characters, wanted 1 to 100"),
    "empty": (_array("sigma", PLANE[:0], chunks=(70, 60), maxshape=(None, 60)), "has shape (0, 60), wanted (H, W)"),
    "attribute of NaN": (_attribute("x", np.nan), "has an attribute 'x' that cannot be stored: nan"),
    "attribute of mixed types": (_attribute("x", [True, False]), "has an attribute 'x' that mixes types in a list"),
    "scene attribute of NaN": (
        lambda f: f["a"].attrs.__setitem__("y", np.nan),
        "scene 'a' has an attribute 'y' that cannot be stored: nan",
    ),
}


FIRST = {message: name for name, (_, message) in reversed(FAULTS.items())}
"""Message -> the first fault with it: others with the same message do not count."""


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_message(tmp_path, name, count):
    path = tmp_path / "product"
    write(path, "uncertainty")
    change, message = FAULTS[name]
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(DamagedError) as caught:
        open_product(path, "uncertainty")
    assert message in str(caught.value)
    assert caught.value.code == Exit.DAMAGED
    assert_refused(path, "uncertainty", name)
    count("R8", int(FIRST[message] == name))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"picture", "is not an HDF5 file"),
        (b"\x89HDF\r\n\x1a\n\x03", "is truncated after 9 bytes"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "is damaged: a checksum or the structure does not hold"),
    ],
)
def test_what_is_no_whole_hdf5_file_is_named_as_such(tmp_path, content, message):
    path = tmp_path / "product"
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=message):
        open_product(path, "masks")
    assert_refused(path, "masks", message)
