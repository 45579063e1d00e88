"""R6 and R7: a bit of a product flips, or its end is missing."""

import contextlib

import pytest
from campaign import dice, parts
from small_products import KINDS, assert_refused, read, write

from hdrpipe.errors import DamagedError

FLIPS, CUTS = 1000, 300


@pytest.fixture(params=KINDS)
def sample(request, tmp_path):
    """Path, kind and bytes of one product."""
    path = tmp_path / "product"
    write(path, request.param, side=120)  # in smaller products a good part is unused space of HDF5's index
    return path, request.param, path.read_bytes()


@parts(50, FLIPS)
def test_no_flipped_bit_is_silent(sample, numbers, count):
    """R6: of each kind."""
    path, kind, whole = sample
    expected, refused = read(path, kind), 0
    flips = dice("R6", kind).sample(range(8 * len(whole)), FLIPS)
    for flip in [flips[k] for k in numbers]:
        damaged = bytearray(whole)
        damaged[flip // 8] ^= 1 << flip % 8
        path.write_bytes(damaged)
        what = f"bit {flip % 8} of byte {flip // 8}"
        with contextlib.suppress(DamagedError):
            assert read(path, kind) == expected, what
            assert kind != "weights", what
            continue
        assert_refused(path, kind, what)
        refused += 1
    assert refused / len(numbers) >= 0.5, "all should be found but those in unused space"
    count("R6", len(numbers))


@parts(20, CUTS)
def test_no_truncation_is_silent(sample, numbers, count):
    """R7: of each kind."""
    path, kind, whole = sample
    edges = [0, 1, 7, 8, 47, len(whole) - 1]
    others = sorted(set(range(len(whole))) - set(edges))
    lengths = [*edges, *dice("R7", kind).sample(others, CUTS - len(edges))]
    for length in [lengths[k] for k in numbers]:
        path.write_bytes(whole[:length])
        assert_refused(path, kind, f"{length} of {len(whole)} bytes")
    count("R7", len(numbers))
