"""Compression of frames, and the noise level that stands for its errors."""

import numpy as np
import pytest

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.compression import compressed, compression_level
from hdrpipe.imaging.merge import level_of


@pytest.mark.parametrize(("quality", "level"), [(0, 0.0), (100, 0.2), (90, 0.7), (50, 2.7), (25, 5.2)])
def test_its_level_grows_with_the_steps_of_libjpeg(quality, level):
    assert compression_level(quality) == pytest.approx(level)


def test_errors_grow_as_the_level_does():
    picture = np.random.default_rng(0).uniform(0.3, 0.5, (1, 3, 64, 64)).astype(np.float32)
    errors = [np.abs(compressed(picture, quality) - picture).mean() for quality in (98, 90, 70, 30)]
    assert errors == sorted(errors)


@pytest.mark.parametrize("noise", [None, 1.5])
def test_a_compressed_burst_is_merged_by_both_levels(photograph, noise):
    taken = photograph(np.full((3, 16, 16), 0.05, np.float32))
    plain, jpeg = (Burst(taken.ldr, taken.ev, taken.reference, noise, quality=quality) for quality in (0, 90))
    assert level_of(jpeg) == level_of(plain) + compression_level(90)
