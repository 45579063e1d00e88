"""How a product is packed changes its bytes and nothing that it says."""

import builtins
import importlib.util
import json

import h5py
import numpy as np
import pytest

from hdrpipe.errors import DamagedError, UsageError
from hdrpipe.files.product import packing
from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS


def test_fast_packing_holds_the_same_arrays_under_the_same_hash(make, kind, monkeypatch):
    plain, digest = make(kind, name="plain.h5")
    monkeypatch.setenv(packing.VARIABLE, packing.FAST)
    fast, same = make(kind, name="fast.h5")
    assert same == digest
    assert fast.read_bytes() != plain.read_bytes()
    with open_product(plain, kind) as a, open_product(fast, kind) as b:
        for scene in a.scenes:
            for field in SCHEMAS[kind].fields:
                assert np.array_equal(a.read(scene, field), b.read(scene, field))


def test_a_flipped_bit_in_a_fast_chunk_is_found(make, monkeypatch):
    monkeypatch.setenv(packing.VARIABLE, packing.FAST)
    path, _ = make("uncertainty")
    with h5py.File(path) as file:
        chunk = file["a/sigma"].id.get_chunk_info(0)
    whole = bytearray(path.read_bytes())
    whole[chunk.byte_offset + chunk.size // 2] ^= 4
    path.write_bytes(whole)
    with pytest.raises(DamagedError, match="teacher"):
        open_product(path, "uncertainty")


def test_without_the_plugin_reader_and_writer_say_what_to_install(make, monkeypatch):
    monkeypatch.setenv(packing.VARIABLE, packing.FAST)
    path, _ = make("masks")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "hdf5plugin" else found(name))
    with pytest.raises(UsageError, match=r"needs hdf5plugin; pip install 'hdrpipe\[fast-h5\]'"):
        open_product(path, "masks")
    with pytest.raises(UsageError, match="needs hdf5plugin"):
        make("masks", name="other.h5")


def test_an_unknown_word_is_refused(make, monkeypatch):
    monkeypatch.setenv(packing.VARIABLE, "zip")
    with pytest.raises(UsageError, match="HDRPIPE_COMPRESSION: unknown choice 'zip'; allowed: gzip, bitshuffle-lz4"):
        make("masks")


def test_portable_products_never_import_the_plugin(make, monkeypatch):
    monkeypatch.delenv(packing.VARIABLE, raising=False)
    original = builtins.__import__

    def guarded(name, *rest):
        assert name != "hdf5plugin"
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", guarded)
    monkeypatch.setattr(packing, "load_plugin", lambda: pytest.fail("asked for the plug-in"))
    path, _ = make("uncertainty")
    open_product(path, "uncertainty").close()


def test_provenance_stands_in_the_file_and_not_in_its_hash(tmp_path, arrays_of, attributes_of):
    root, scene = attributes_of("masks")
    rows = [("a", arrays_of("masks"), scene)]
    told = {"stage": "masks", "spec": {"seed": 3}, "inputs": {"teacher": "sha256:1"}}
    without = write_product(tmp_path / "a.h5", SCHEMAS["masks"], rows, root)
    assert write_product(tmp_path / "b.h5", SCHEMAS["masks"], rows, root, told) == without
    with open_product(tmp_path / "b.h5", "masks") as product:
        assert json.loads(product.provenance) == told
        assert "provenance" not in product.attributes
    with open_product(tmp_path / "a.h5", "masks") as product:
        assert product.provenance == "{}"
