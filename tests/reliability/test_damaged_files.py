"""Damaged and foreign files; N of the whole campaign stand in brackets at each test."""

import contextlib
import json
import random
import time
from pathlib import Path

import cv2
import h5py
import numpy as np
import OpenEXR
import pytest
import torch

from hdrpipe.errors import DamagedError, Exit, InputError
from hdrpipe.files.hdf5 import open_product, write_product
from hdrpipe.files.images import read_picture
from hdrpipe.files.products import SCHEMAS
from hdrpipe.files.weights import load_weights, save_weights

SEED = 20250101
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


@pytest.fixture(params=KINDS)
def sample(request, tmp_path):
    """Path, kind and bytes of one product."""
    path = tmp_path / "product"
    write(path, request.param)
    return path, request.param, path.read_bytes()


def assert_refused(path: Path, kind: str, what: str) -> None:
    with pytest.raises(DamagedError) as caught:
        pytest.fail(f"{what}: {len(read(path, kind))} entries were read")
    message = str(caught.value)
    assert str(path) in message, what
    assert f"'{rule_of(kind)}'" in message, what
    assert "\n" not in message, what


@pytest.mark.parametrize("flips", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_flipped_bit_is_silent(sample, flips, count):
    """R6: 50 or 1,000 bit flips of each kind."""
    path, kind, whole = sample
    expected, chance = read(path, kind), random.Random(SEED)
    refused = 0
    for _ in range(flips):
        place, bit = chance.randrange(len(whole)), chance.randrange(8)
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        path.write_bytes(damaged)
        what = f"seed {SEED}, bit {bit} of byte {place}"
        with contextlib.suppress(DamagedError):
            assert read(path, kind) == expected, what
            assert kind != "weights", what
            continue
        assert_refused(path, kind, what)
        refused += 1
    share = refused / flips
    assert share >= 0.5, f"seed {SEED}: {refused} of {flips} flips were found; the rest should lie in unused space only"
    count("R6 bit flips told or harmless", flips)


@pytest.mark.parametrize("cuts", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_no_truncation_is_silent(sample, cuts, count):
    """R7: 20 or 300 truncations of each kind."""
    path, kind, whole = sample
    chance = random.Random(SEED)
    for length in [0, 1, 7, 8, 47, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(cuts - 6))]:
        path.write_bytes(whole[:length])
        assert_refused(path, kind, f"seed {SEED}, {length} of {len(whole)} bytes")
    count("R7 truncations refused", cuts)


def _other(path: Path, text: bytes) -> None:
    path.write_bytes(text)


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
        _attribute("version", 2),
        "was written by a newer hdrpipe (uncertainty version 2; this one reads 1)",
    ),
    "older version": (
        _attribute("version", 0),
        "was written by an older hdrpipe (uncertainty version 0; this one reads 1)",
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
    "unknown field": (lambda f: f["a"].create_dataset("x", data=[1]), "scene 'a' has a field 'x' that the schema"),
    "wrong type": (_array("sigma", PLANE.astype("f8")), "scene 'a' field 'sigma' has type float64, wanted float32"),
    "wrong byte order": (_array("sigma", PLANE.astype(">f4")), "scene 'a' field 'sigma' has type >f4, wanted float32"),
    "wrong shape": (
        _array("sigma", PLANE[:, :59], chunks=(70, 59)),
        "field 'sigma' has shape (70, 59), wanted (H, W) with W = 60",
    ),
    "wrong rank": (_array("sigma", PLANE[0], chunks=(60,)), "field 'sigma' has shape (60,), wanted (H, W)"),
    "wrong channels": (
        _array("pseudo_label", np.zeros((4, 70, 60), "f2"), chunks=(3, 70, 60)),
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
        _array("pseudo_label", np.full((3, 70, 60), 2, "f2")),
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
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_message(tmp_path, name, count):
    """R8: all."""
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
    count("R8 faults told by name")


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


def test_messages_of_different_faults_differ():
    messages = {message for _, message in FAULTS.values()}
    assert len(messages) >= 24


def _pictures(folder: Path) -> list[Path]:
    chance = np.random.default_rng(SEED)
    eight = chance.integers(0, 256, (24, 32, 3), np.uint8)
    for name, array in {"a.png": eight, "a.jpg": eight, "a.tif": eight, "b.tif": eight * np.uint16(257)}.items():
        cv2.imwrite(str(folder / name), array)
    cv2.imwrite(str(folder / "a.hdr"), eight.astype(np.float32))
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {name: eight[..., 0].astype(np.float16) for name in "RGB"}).write(str(folder / "a.exr"))
    return sorted(folder.iterdir())


def test_damaged_pictures_are_read_or_refused(tmp_path, count):
    """R9: 150 of 1,500 damaged TIFF, PNG, JPEG, Radiance and OpenEXR files."""
    chance = random.Random(SEED)
    originals = [(path, path.read_bytes()) for path in _pictures(tmp_path)]
    outcomes = {"read": 0, "refused": 0}
    for turn in range(150):
        path, whole = originals[turn % len(originals)]
        damaged = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.choice([1, 4, 20]) if damaged else 0):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        begun = time.monotonic()
        try:
            picture, _ = read_picture(path, 2**20)
            outcomes["read"] += 1
            assert np.isfinite(picture).all(), f"seed {SEED}, turn {turn}"
        except InputError as error:
            outcomes["refused"] += 1
            assert "\n" not in str(error), f"seed {SEED}, turn {turn}"  # noqa: PT017
        assert time.monotonic() - begun < 5, f"seed {SEED}, turn {turn}: {path.name}"
    assert min(outcomes.values()) > 10, outcomes
    count("R9 damaged pictures read or refused", sum(outcomes.values()))
