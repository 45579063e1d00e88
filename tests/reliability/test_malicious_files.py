"""R13: files that want to execute something are refused, and nothing is executed."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
import yaml

from hdrpipe.config.load import read_config
from hdrpipe.errors import HdrpipeError
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.weights import load_weights


class Payload:
    """Makes the sentinel when it is unpickled."""

    def __init__(self, sentinel):
        self.sentinel = sentinel

    def __reduce__(self):
        return os.system, (f"touch {self.sentinel}",)


def _torch_file(path, payload, **more):
    torch.save({"weights": payload}, path, **more)


def _array(path, payload):
    np.save(path.open("wb"), np.array([payload], dtype=object), allow_pickle=True)


def _archive(path, payload):
    held = io.BytesIO()
    np.save(held, np.array([payload], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", held.getvalue())


def _pickle_with_header(path, payload):
    header = b'{"__metadata__":{"hdrpipe":"x"}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + pickle.dumps(payload))


def _yaml(tag):
    return lambda path, payload: path.write_text(f"run: {tag.format(payload.sentinel)}\n")


FILES = {
    "torch archive": (_torch_file, "weights"),
    "torch legacy": (lambda path, payload: _torch_file(path, payload, _use_new_zipfile_serialization=False), "weights"),
    "pickle as weights": (lambda path, payload: path.write_bytes(pickle.dumps(payload)), "weights"),
    "pickle behind a header": (_pickle_with_header, "weights"),
    "array of objects": (_array, "weights"),
    "array of objects as product": (_array, "product"),
    "archive of arrays as product": (_archive, "product"),
    "yaml apply": (_yaml("!!python/object/apply:os.system ['touch {}']"), "config"),
    "yaml new": (_yaml("!!python/object/new:subprocess.Popen [['touch', '{}']]"), "config"),
    "yaml module": (_yaml("!!python/module:antigravity {}"), "config"),
}
READERS = {"weights": load_weights, "product": lambda path: open_product(path, None), "config": read_config}


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_executed(tmp_path, name, count):
    make, reader = FILES[name]
    path, sentinel = tmp_path / "file", tmp_path / "sentinel"
    make(path, Payload(sentinel))
    with pytest.raises(HdrpipeError) as caught:
        READERS[reader](path)
    assert "\n" not in str(caught.value)
    assert not sentinel.exists()
    count("R13")


def test_the_payload_is_live(tmp_path):
    """An unsafe reader would have run it."""
    sentinel = tmp_path / "sentinel"
    pickle.loads(pickle.dumps(Payload(sentinel)))
    assert sentinel.exists()
    FILES["yaml apply"][0](tmp_path / "file", Payload(tmp_path / "other"))
    yaml.unsafe_load((tmp_path / "file").read_text())
    assert (tmp_path / "other").exists()
