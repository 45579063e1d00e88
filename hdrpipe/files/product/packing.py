"""Compression of arrays inside a product: one that every viewer opens, or a faster one that needs a plug-in."""

import importlib.util
import os
from typing import Any

from hdrpipe.errors import UsageError
from hdrpipe.files.product.checks import Fault
from hdrpipe.files.product.layout import chunk_shape
from hdrpipe.files.product.schema import Field

VARIABLE = "HDRPIPE_COMPRESSION"

PORTABLE, FAST = "gzip", "bitshuffle-lz4"

BITSHUFFLE = 32008
"""Registered number of the filter; its first option is the block size (0: its own choice), its second LZ4."""

EXTRA = "pip install 'hdrpipe[fast-h5]'"


def options(field: Field, shape: tuple[int, ...]) -> dict[str, Any]:
    """Arguments of a new dataset: chunks, checksum, and filters as HDRPIPE_COMPRESSION asks (`gzip`, `bitshuffle-lz4`).

    It changes no value and no content hash, so it is no key of the config.

    Raises:
        UsageError: another word, or the plug-in is not installed.
    """
    choice = os.environ.get(VARIABLE) or PORTABLE
    shared = {"chunks": chunk_shape(field, shape), "fletcher32": True}
    if choice == PORTABLE:
        return {**shared, "compression": "gzip", "compression_opts": 1, "shuffle": True}
    if choice != FAST:
        raise UsageError(f"unknown choice {choice!r}; allowed: {PORTABLE}, {FAST}", VARIABLE)
    load_plugin()
    return {**shared, "compression": BITSHUFFLE, "compression_opts": (0, 2)}


def load_plugin() -> None:
    """Make the fast filter known to the HDF5 library of this process.

    Raises:
        UsageError: it is not installed.
    """
    if importlib.util.find_spec("hdf5plugin") is None:
        raise UsageError(f"packed with {FAST}, which needs hdf5plugin", "HDF5", EXTRA)
    importlib.import_module("hdf5plugin")


def check_dataset(field: Field, shape: tuple[int, ...], chunks: Any, checksum: bool, unit: Any) -> None:
    """Raise Fault unless a dataset is chunked, checksummed and marked with its unit as a product's is."""
    if chunks != chunk_shape(field, shape) or not checksum:
        raise Fault("has other chunks than a product, or no checksum")
    if unit != field.unit:
        raise Fault(f"has the unit {unit!a}, wanted '{field.unit}'")
