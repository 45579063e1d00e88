"""Made panoramas: usable in place of real ones."""

from pathlib import Path

import numpy as np
import pytest

from hdrpipe.datasets import procedural

NOWHERE = Path("/nonexistent")


@pytest.fixture(scope="module", params=range(6))
def place(request):
    return procedural.make_panorama(0, request.param, 256)


def test_it_is_a_panorama(place):
    assert place.shape == (128, 256, 3)
    assert place.dtype == np.float32
    assert np.isfinite(place).all()
    assert place.min() > 0


def test_it_closes_without_a_seam(place):
    """The columns on both sides of the seam are no further apart than neighbours elsewhere."""
    steps = np.abs(np.diff(np.log(place), axis=1, append=np.log(place[:, :1]))).mean((0, 2))
    assert steps[-1] <= steps[:-1].max()


def test_it_has_range_and_detail(place):
    levels = np.log2(place.mean(2))
    assert np.percentile(levels, 99.9) - np.percentile(levels, 1) > 4
    assert np.abs(np.diff(levels, axis=1)).mean() > 0.02


def test_a_place_does_not_depend_on_how_many_there_are():
    few, many = (procedural.Options(panoramas=count, pool=1, validation=0, test=1) for count in (6, 7))
    assert procedural.listing(few, 4, NOWHERE)[0].load().group == procedural.listing(many, 4, NOWHERE)[0].load().group
    np.testing.assert_array_equal(procedural.make_panorama(4, 1, 64), procedural.make_panorama(4, 1, 64))


def test_both_sides_have_sky_and_hall():
    kinds = [{index // 2 % 2 for index in range(6) if (index % 3 == 2) is side} for side in (True, False)]
    assert kinds == [{0, 1}, {0, 1}]


def test_small_sets_are_served():
    scenes = [
        entry.load()
        for entry in procedural.listing(procedural.Options(pool=2, validation=0, test=1, size=32), 0, NOWHERE)
    ]
    assert [scene.split for scene in scenes] == ["pool", "pool", "test"]
    assert scenes[0].truth is not None
    assert scenes[0].truth.shape == (3, 32, 32)
