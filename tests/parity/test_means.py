"""The fast means over neighbours are those of their plain formulas, borders and odd sizes included."""

import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter

from hdrpipe.imaging import denoise
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law
from hdrpipe.models import means
from hdrpipe.models.means import by_rows, mean_around, non_local_means

SIZES = pytest.mark.parametrize("size", [(3, 3), (4, 9), (17, 5), (24, 31), (40, 40)])


def plain_mean(picture, side):
    """Box mean of (C, H, W) in float64, borders reflected."""
    return uniform_filter(np.asarray(picture, np.float64), (0, side, side), mode="mirror")


def plain_means(picture, squared):
    """Non-local means in float64, every pixel and neighbour on its own."""
    reach = ((0, 0), (denoise.REACH,) * 2, (denoise.REACH,) * 2)
    wide, wide_squared = (np.pad(np.asarray(x, np.float64), reach, "reflect") for x in (picture, squared))
    total = weight = 0.0
    for down in range(2 * denoise.REACH + 1):
        for across in range(2 * denoise.REACH + 1):
            window = (slice(None), slice(down, down + picture.shape[1]), slice(across, across + picture.shape[2]))
            ratio = ((picture - wide[window]) ** 2 / (squared + wide_squared[window])).mean(0, keepdims=True)
            excess = np.maximum(plain_mean(ratio, denoise.PATCH) - 1.0, 0.0)
            total = total + np.exp(-excess / denoise.SOFTNESS) * wide[window]
            weight = weight + np.exp(-excess / denoise.SOFTNESS)
    return total / weight


def smooth_and_noisy(size, seed=0):
    """A ramp with an edge, noise on it, and the noise's variance: weights between 0 and 1 everywhere."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(size)
    scene = 0.3 + 0.01 * rows + 0.02 * columns + 0.1 * (columns > size[1] // 2)
    deviation = 0.01 + 0.02 * rng.random((3, *size))
    noisy = scene + deviation * rng.standard_normal((3, *size))
    return noisy.clip(0.05, 0.95).astype(np.float32), (deviation**2).astype(np.float32)


@SIZES
@pytest.mark.parametrize("side", [3, 5])
def test_box_means(size, side):
    picture = np.random.default_rng(1).random((3, *size), np.float32)
    wanted = plain_mean(picture, side)
    assert np.abs(mean_around(torch.from_numpy(picture)[None], side)[0].numpy() - wanted).max() < 1e-6
    assert np.abs(denoise.mean_around(picture, side) - wanted).max() < 1e-6


@SIZES
def test_non_local_means_of_batches(size):
    pictures, squares = zip(smooth_and_noisy(size), smooth_and_noisy(size, 1), strict=True)
    found = non_local_means(*(torch.from_numpy(np.stack(x)) for x in (pictures, squares)))
    for one, picture, squared in zip(found.numpy(), pictures, squares, strict=True):
        assert np.abs(one - plain_means(picture, squared)).max() < 2e-6


@SIZES
def test_non_local_means_of_pictures(size):
    picture, _ = smooth_and_noisy(size)
    radiance, variance = inverse_mu_law(picture), np.full((3, *size), 1e-7, np.float32)
    wanted = plain_means(mu_law(radiance), denoise.deviation(radiance, variance).astype(np.float64) ** 2)
    assert np.abs(mu_law(denoise.non_local_means(radiance, variance)) - wanted).max() < 2e-6


def test_the_offsets_are_half_of_all_neighbours():
    opposite = {(-down, -across) for down, across in denoise.OFFSETS}
    assert len({*denoise.OFFSETS, *opposite}) == (2 * denoise.REACH + 1) ** 2 - 1


@pytest.mark.parametrize("height", [5, 8, 9, 17, 24])
def test_strips_give_the_same_values_as_the_whole(monkeypatch, height):
    pictures = tuple(torch.from_numpy(np.stack([x])) for x in smooth_and_noisy((height, 13)))

    def compute(picture, squared):
        return non_local_means(picture, squared), mean_around(squared, 5)

    monkeypatch.setattr(means, "ROWS", 8)
    reach = max(denoise.REACH + denoise.PATCH // 2, 5 // 2)
    for found, expected in zip(by_rows(compute, pictures, reach), compute(*pictures), strict=True):
        assert torch.equal(found, expected)
