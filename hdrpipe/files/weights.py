"""Weights as safetensors with a content hash of their own; nothing executable is ever loaded."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from hdrpipe.config.documents import from_json
from hdrpipe.errors import InputError
from hdrpipe.files import atomic
from hdrpipe.files.product.checks import Fault
from hdrpipe.files.product.envelope import read_head, telling

VERSION = 1
"""Version of the header that stands beside the tensors."""

HEADER_LIMIT = 64 * 2**20
"""Largest header in bytes, far above what a network of this size needs."""

NAME_SHOWN = 100
"""Characters of a tensor's name that a message shows."""

_KEY = "hdrpipe"
_RULES = ("warmup", "student")


def save_weights(path: Path | str, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> str:
    """Write tensors and metadata to one file and return their content hash ("sha256:...").

    The same content gives the same bytes.

    Args:
        tensors: by name, on any device; tensors that share memory are stored apart.
        metadata: what JSON can hold, without NaN; a `content_hash`, as loaded, gives way to the new one.

    Raises:
        InputError: the metadata cannot be written as JSON.
        CapacityError: no space left.
    """
    plain = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    try:
        cleaned = json.loads(_canonical({key: value for key, value in metadata.items() if key != "content_hash"}))
    except (TypeError, ValueError) as error:
        raise InputError(f"weights not written: metadata is not JSON ({error})", path) from error
    digest = _content_hash(plain, cleaned)
    head = {"version": VERSION, "content_hash": digest, "metadata": cleaned}
    # One key only: the library orders several at random, and the bytes would differ from run to run.
    atomic.write_bytes(path, safetensors.torch.save(plain, {_KEY: _canonical(head)}))
    return digest


def load_weights(path: Path | str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return tensors (on the CPU) and metadata, with its `content_hash`, of a file that `save_weights` wrote.

    Raises:
        InputError: there is no such file, or it cannot be read.
        DamagedError: a bit, a byte or the end is not as written, the file is of a newer version or not ours, or a
            value is NaN or infinite.
    """
    with telling(Path(path), _RULES):
        _check_header_length(path)
        data = Path(path).read_bytes()
        head = _header(data)
        tensors = _tensors(data)
        metadata = head["metadata"]
        if _content_hash(tensors, metadata) != head["content_hash"]:
            raise Fault("is damaged: its content does not match its content hash")
        _check_finite(tensors)
    return tensors, {**metadata, "content_hash": head["content_hash"]}


def _check_header_length(path: Path | str) -> None:
    """Refuse a header that cannot be, before anything of its size is allocated."""
    start, size = read_head(path, 8)
    if not start:
        raise Fault("is empty")
    length = int.from_bytes(start, "little")
    if len(start) < 8:
        raise Fault(f"is truncated after {size} bytes")
    if length > HEADER_LIMIT:
        raise Fault(f"claims a header of {length} bytes, more than the {HEADER_LIMIT} allowed")
    if 8 + length > size:
        raise Fault(f"is truncated: its header alone has {length} bytes, the file {size}")


def _header(data: bytes) -> dict[str, Any]:
    """Our part of the header, after checking that all the data that it speaks of is there."""
    length = int.from_bytes(data[:8], "little")
    try:
        entries = from_json(data[8 : 8 + length])
        mine = entries.pop("__metadata__", {}).get(_KEY)
        end = max((int(entry["data_offsets"][1]) for entry in entries.values()), default=0)
        head = from_json(mine) if mine is not None else None
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Fault(f"has a header that cannot be read ({type(error).__name__})") from error
    if not isinstance(head, dict) or type(head.get("version")) is not int:
        raise Fault("was not written by hdrpipe, or its header is damaged")
    if head["version"] > VERSION:
        raise Fault(f"was written by a newer hdrpipe (weights version {head['version']}; this one reads {VERSION})")
    if head["version"] < VERSION or "content_hash" not in head or not isinstance(head.get("metadata"), dict):
        raise Fault("has a damaged header")
    if 8 + length + end > len(data):
        raise Fault(f"is truncated: {len(data)} of {8 + length + end} bytes are there")
    return head


def _tensors(data: bytes) -> dict[str, torch.Tensor]:
    try:
        return safetensors.torch.load(data)
    except (safetensors.SafetensorError, ValueError, TypeError, KeyError, RuntimeError, OverflowError) as error:
        raise Fault(f"is damaged: {error}") from error


def _check_finite(tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse NaN and infinity, of which a network would make a picture of NaN."""
    for name, tensor in sorted(tensors.items()):
        values = tensor.float() if tensor.dtype.itemsize == 1 else tensor  # torch cannot ask floats of 8 bits
        if not bool(torch.isfinite(values).all()):
            raise Fault(f"holds values that are not finite in the tensor {name[:NAME_SHOWN]!a}")


def _content_hash(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> str:
    """sha256 over metadata, names, types, shapes and bytes, in the order of the names."""
    entries = {name: [str(tensor.dtype), list(tensor.shape), _digest(tensor)] for name, tensor in tensors.items()}
    return (
        "sha256:" + hashlib.sha256(_canonical({"metadata": metadata, "tensors": entries}).encode("ascii")).hexdigest()
    )


def _digest(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.reshape(-1).view(torch.uint8).numpy().data).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
