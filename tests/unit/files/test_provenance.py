import json
import platform
import sys

import numpy as np
import pytest

import hdrpipe
from hdrpipe.errors import InputError
from hdrpipe.files.provenance import write_sidecar

FACTS = {
    "stage": "masks",
    "spec": {"strategy": "threshold"},
    "code": "abc",
    "peak_mib": 512,
    "started": 0.0,
    "seconds": 1.23456,
    "inputs": {"uncertainty-00.h5": "sha256:1"},
}


def test_the_sidecar_lies_beside_the_output_and_says_what_made_it(tmp_path):
    path = write_sidecar(tmp_path / "masks-00.h5", "sha256:0", **FACTS)
    assert path == tmp_path / "masks-00.h5.json"
    said = json.loads(path.read_text())
    assert said["content_hash"] == "sha256:0"
    assert said["started"] == "1970-01-01T00:00:00+00:00"
    assert said["seconds"] == 1.235
    assert {name: said[name] for name in ("stage", "spec", "code", "peak_mib", "inputs")} == {
        name: FACTS[name] for name in ("stage", "spec", "code", "peak_mib", "inputs")
    }


def test_versions_name_torch_only_where_it_ran(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    said = json.loads(write_sidecar(tmp_path / "a", "", **FACTS).read_text())
    plain = {"hdrpipe": hdrpipe.__version__, "numpy": np.__version__, "python": platform.python_version()}
    assert said["versions"] == plain
    monkeypatch.setitem(sys.modules, "torch", type("torch", (), {"__version__": "2.99"}))
    said = json.loads(write_sidecar(tmp_path / "a", "", **FACTS).read_text())
    assert said["versions"] == plain | {"torch": "2.99"}


def test_what_json_cannot_hold_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be written as JSON"):
        write_sidecar(tmp_path / "a", "", **FACTS | {"seconds": float("nan")})
    assert not list(tmp_path.iterdir())
