import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from hdrpipe.errors import DamagedError, InputError
from hdrpipe.files.weights import load_weights, save_weights


@pytest.fixture
def tensors():
    torch.manual_seed(0)
    return {
        "conv.weight": torch.randn(4, 3, 3, 3),
        "conv.bias": torch.randn(4).to(torch.bfloat16),
        "step": torch.tensor(7),
        "flags": torch.tensor([True, False]),
        "none": torch.zeros(0, 2),
        "turned": torch.randn(3, 5).T,
    }


FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2)

METADATA = {"model": {"backbone": "merge_net", "options": {"channels": 16}}, "round": 1, "mu": 5000.0, "note": "ü"}


def test_what_was_saved_is_loaded(tmp_path, tensors):
    digest = save_weights(tmp_path / "w.safetensors", tensors, METADATA)
    loaded, metadata = load_weights(tmp_path / "w.safetensors")
    assert metadata == METADATA | {"content_hash": digest}
    assert save_weights(tmp_path / "copy.safetensors", loaded, metadata) == digest
    assert set(loaded) == set(tensors)
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)


def test_the_same_content_gives_the_same_bytes_in_any_order(tmp_path, tensors):
    first = save_weights(tmp_path / "1", tensors, METADATA)
    turned = dict(reversed(tensors.items()))
    assert save_weights(tmp_path / "2", turned, dict(reversed(METADATA.items()))) == first
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_the_hash_covers_values_shapes_types_names_and_metadata(tmp_path):
    zeros = torch.zeros(4)
    variants = [
        ({"a": zeros}, {}),
        ({"b": zeros}, {}),
        ({"a": zeros.reshape(2, 2)}, {}),
        ({"a": zeros.to(torch.int32)}, {}),
        ({"a": zeros + 1}, {}),
        ({"a": zeros}, {"round": 1}),
    ]
    hashes = {save_weights(tmp_path / "w", tensors, metadata) for tensors, metadata in variants}
    assert len(hashes) == len(variants)


def test_other_readers_of_the_format_read_it(tmp_path, tensors):
    digest = save_weights(tmp_path / "w.safetensors", tensors, METADATA)
    with safe_open(tmp_path / "w.safetensors", "pt") as file:
        assert set(file.keys()) == set(tensors)
        head = json.loads(file.metadata()["hdrpipe"])
    assert head == {"version": 1, "content_hash": digest, "metadata": METADATA}


def test_parameters_and_shared_tensors_are_stored_as_values(tmp_path):
    layer = torch.nn.Linear(2, 2)
    save_weights(tmp_path / "w", {"a": layer.weight, "b": layer.weight}, {})
    loaded, _ = load_weights(tmp_path / "w")
    assert torch.equal(loaded["a"], layer.weight)
    assert torch.equal(loaded["b"], layer.weight)
    assert not loaded["a"].requires_grad


@pytest.mark.parametrize("metadata", [{"loss": float("nan")}, {"path": object()}], ids=["nan", "object"])
def test_metadata_that_is_not_json_is_refused(tmp_path, metadata):
    with pytest.raises(InputError, match="not JSON"):
        save_weights(tmp_path / "w", {}, metadata)
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_bad_input(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_weights(tmp_path / "none.safetensors")


def test_weights_of_others_are_told_apart(tmp_path, tensors):
    save_file({"a": torch.zeros(2)}, tmp_path / "w.safetensors", {"format": "pt"})
    with pytest.raises(DamagedError, match="was not written by hdrpipe"):
        load_weights(tmp_path / "w.safetensors")


def _rewrite(path, change):
    """Apply `change` to our head and write the header again around the same data."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    head = json.loads(header["__metadata__"]["hdrpipe"])
    change(head, header)
    header["__metadata__"]["hdrpipe"] = json.dumps(head)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda head, _: head.update(version=2), "newer hdrpipe"),
        (lambda head, _: head.update(version="1"), "not written by hdrpipe"),
        (lambda head, _: head.pop("metadata"), "damaged header"),
        (lambda head, _: head["metadata"].update(round=2), "content hash"),
        (lambda head, _: head.update(content_hash="sha256:0"), "content hash"),
        (lambda _, header: header["conv.weight"].update(shape=[4, 27]), "content hash"),
        (lambda _, header: header["step"].update(dtype="F64"), "content hash"),
        (lambda _, header: header.update(other=header.pop("step")), "content hash"),
        (lambda _, header: header["step"].update(data_offsets=[0, 10**6]), "truncated"),
    ],
)
def test_a_header_that_was_changed_is_found(tmp_path, tensors, change, message):
    path = tmp_path / "w.safetensors"
    save_weights(path, tensors, METADATA)
    _rewrite(path, change)
    with pytest.raises(DamagedError, match=message) as caught:
        load_weights(path)
    assert str(path) in str(caught.value)
    assert "rule 'warmup' or 'student'" in str(caught.value)


def test_a_header_of_two_gigabytes_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    with open(path, "wb") as file:
        file.write((2 * 2**30).to_bytes(8, "little"))
        file.truncate(2 * 2**30 + 8)
    monkeypatch.setattr(type(path), "read_bytes", lambda _: pytest.fail("the file was read"))
    with pytest.raises(DamagedError, match="claims a header of 2147483648 bytes"):
        load_weights(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.complex64], ids=str)
def test_a_value_that_is_not_finite_is_refused_though_the_hash_is_right(tmp_path, tensors, value, dtype):
    tensors["conv.weight"] = tensors["conv.weight"].to(dtype)
    tensors["conv.weight"][1, 2, 0, 1] = value
    save_weights(tmp_path / "w.safetensors", tensors, METADATA)
    with pytest.raises(DamagedError, match=r"not finite in the tensor 'conv\.weight'") as caught:
        load_weights(tmp_path / "w.safetensors")
    assert str(tmp_path / "w.safetensors") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_largest_finite_values_are_loaded(tmp_path):
    largest = {str(dtype): torch.full((2,), torch.finfo(dtype).max, dtype=dtype) for dtype in FLOATS}
    save_weights(tmp_path / "w.safetensors", largest, {})
    assert set(load_weights(tmp_path / "w.safetensors")[0]) == set(largest)


def test_no_code_in_a_file_is_run(tmp_path):
    class Malicious:
        def __reduce__(self):
            return (open, (str(tmp_path / "sentinel"), "w"))

    torch.save({"a": Malicious()}, tmp_path / "w.safetensors")
    with pytest.raises(DamagedError):
        load_weights(tmp_path / "w.safetensors")
    np.save(tmp_path / "n.npy", np.array([Malicious()], dtype=object), allow_pickle=True)
    with pytest.raises(DamagedError):
        load_weights(tmp_path / "n.npy")
    assert not (tmp_path / "sentinel").exists()
