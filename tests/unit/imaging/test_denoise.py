"""Non-local means with known noise: flat areas lose it, edges stay, and its size is read off the variance."""

import numpy as np
import pytest

from hdrpipe.imaging.denoise import DEVIATION, deviation, non_local_means
from hdrpipe.imaging.tonemap import mu_law

SHAPE = (3, 48, 48)


def noisy(scene, variance, seed=0):
    draw = np.random.default_rng(seed).standard_normal(SHAPE)
    return (scene + np.sqrt(variance) * draw).clip(0, 1).astype(np.float32)


def test_the_deviation_is_that_of_noise_after_the_mu_law():
    scene, variance = np.full(SHAPE, 0.05, np.float32), np.full(SHAPE, 1e-6, np.float32)
    measured = mu_law(noisy(scene, variance)).std()
    assert deviation(scene, variance).mean() == pytest.approx(measured, rel=0.05)


def test_the_deviation_stays_in_its_range_in_black_and_without_noise():
    black = np.zeros(SHAPE, np.float32)
    assert deviation(black, black) == pytest.approx(DEVIATION[0])
    assert deviation(black, black + np.float32(1e-2)) == pytest.approx(DEVIATION[1])
    assert deviation(black, black + np.float32(1e-2), 16.0) == pytest.approx(DEVIATION[1])
    assert deviation(black, black + np.float32(1e-2), 1e3) == pytest.approx(4 * DEVIATION[1])


def test_shadows_of_a_very_high_sensitivity_lose_their_noise():
    dark, level = np.full(SHAPE, 5e-4, np.float32), 64.0
    variance = np.full(SHAPE, 1e-6, np.float32)
    before = noisy(dark, variance).clip(0.0, 1.0)
    left, usual = (np.abs(mu_law(non_local_means(before, variance, each)) - mu_law(dark)) for each in (level, 1.0))
    assert left.mean() < 0.6 * usual.mean()


def test_a_flat_area_loses_nearly_all_noise_that_25_pixels_can_take_out():
    scene, variance = np.full(SHAPE, 0.05, np.float32), np.full(SHAPE, 1e-6, np.float32)
    before = noisy(scene, variance)
    after = non_local_means(before, variance)
    assert (after - scene).std() < 0.35 * (before - scene).std()


def test_an_edge_far_above_the_noise_is_not_crossed():
    scene, variance = np.full(SHAPE, 0.05, np.float32), np.full(SHAPE, 1e-6, np.float32)
    scene[:, :, 24:] = 0.1
    after = non_local_means(noisy(scene, variance), variance)
    assert np.abs(after.mean(1) - scene.mean(1)).max() < 0.001


def test_without_noise_a_texture_hardly_changes():
    scene = np.random.default_rng(1).uniform(0.01, 0.2, SHAPE).astype(np.float32)
    assert np.abs(non_local_means(scene, np.full(SHAPE, 1e-9, np.float32)) - scene).max() < 1e-4
