"""Noise before compression, found by trial."""

import numpy as np
import pytest

from hdrpipe.imaging.compression import compressed
from hdrpipe.imaging.noise_behind_jpeg import FACTORS, before_compression, visible_noise
from hdrpipe.imaging.noise_model import NoiseModel, measured_noise, with_noise

QUIET = NoiseModel(1e-6, 1e-8)


@pytest.fixture
def bursts(texture):
    return [np.stack([texture(seed, side=128, smooth=6.0) * 0.9] * 2) ** np.float32(1 / 2.2) for seed in range(3)]


@pytest.mark.parametrize("quality", [75, 95])
@pytest.mark.parametrize("factor", [2.0, 20.0])
def test_the_noise_that_went_in_is_found(bursts, quality, factor):
    curve = visible_noise(bursts[:2], QUIET, quality)
    noise = NoiseModel(factor * 4e-4, factor * 4e-6)
    seen = measured_noise([compressed(with_noise(bursts[2], QUIET, noise, np.random.default_rng(1)), quality)])
    assert before_compression(seen, curve).shot == pytest.approx(noise.shot, rel=0.5)
    assert seen.variance(0.1) < noise.variance(0.1) / 1.2


def test_a_curve_ascends_and_its_ends_are_the_ends_of_what_is_tried(bursts):
    curve = visible_noise(bursts, QUIET, 90)
    assert curve.shape == FACTORS.shape
    assert np.all(np.diff(curve) >= 0)
    for variance, factor in ((0.0, FACTORS[0]), (1.0, FACTORS[-1])):
        assert before_compression(NoiseModel(0.0, variance), curve).shot == pytest.approx(factor * 4e-4)


def test_compression_keeps_shape_and_range_and_loses_more_at_less_quality(bursts):
    good, bad = (compressed(bursts[0], quality) for quality in (98, 30))
    assert good.shape == bursts[0].shape
    assert good.dtype == np.float32
    assert np.abs(good - bursts[0]).mean() < np.abs(bad - bursts[0]).mean()
    assert 0 <= bad.min() <= bad.max() <= 1
