"""Networks out of files, the shipped one among them."""

import pytest
import torch

from hdrpipe.errors import DamagedError, InputError
from hdrpipe.files.weights import save_weights
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.models.network import build

MODEL = {"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3}


def write(path, model=MODEL, role="student", change=lambda tensors: tensors):
    torch.manual_seed(0)
    net = build(MODEL)
    save_weights(path, change(net.state_dict()), {"model": model, "role": role})
    return net


def test_the_network_of_a_file_is_the_one_that_was_saved(tmp_path):
    net = write(tmp_path / "w.safetensors")
    found = stored(tmp_path / "w.safetensors")
    assert found.metadata["model"] == MODEL
    for name, value in net.state_dict().items():
        assert torch.equal(found.net.state_dict()[name], value)


def test_an_optimizer_is_no_network(tmp_path):
    write(tmp_path / "w.safetensors", role="optimizer")
    with pytest.raises(InputError, match="no network but an optimizer"):
        stored(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (MODEL | {"options": {"channels": 8}}, dict),
        (MODEL, lambda tensors: {k: v for k, v in tensors.items() if "stem" not in k}),
        (MODEL, lambda tensors: tensors | {"more": torch.zeros(1)}),
    ],
    ids=["other sizes", "less", "more"],
)
def test_weights_of_another_network_are_refused_in_one_line(tmp_path, model, change):
    write(tmp_path / "w.safetensors", model, change=change)
    with pytest.raises(InputError, match="does not fit backbone 'merge_net'"):
        stored(tmp_path / "w.safetensors")


def test_a_missing_and_a_foreign_file_are_told(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        stored(tmp_path / "none.safetensors")
    (tmp_path / "x.safetensors").write_bytes(b"\x10" * 40)
    with pytest.raises(DamagedError):
        stored(tmp_path / "x.safetensors")


def test_the_shipped_network_is_small_and_fits_the_code():
    assert SHIPPED.stat().st_size <= 10**6
    assert stored(SHIPPED).net.exposures == 3
