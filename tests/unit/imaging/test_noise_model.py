"""The noise of a camera, measured on pictures and added to them."""

import numpy as np
import pytest
from scipy.special import gammaincinv

from hdrpipe.errors import InputError
from hdrpipe.imaging.camera import expose, ldr_from_linear, linear_from_ldr
from hdrpipe.imaging.noise_model import CORRECTION, FREEDOM, QUANTILE, NoiseModel, measured_noise, with_noise

CAMERA = NoiseModel(4e-4, 4e-6)


def taken(radiance, model, seed=0, times=(1.0, 4.0, 16.0)):
    """Display-coded frames (N, 3, H, W) of a camera with this noise."""
    rng = np.random.default_rng(seed)
    signal = np.stack([radiance * time for time in times]).clip(0, 1)
    grain = rng.standard_normal(signal.shape) * np.sqrt(model.variance(signal))
    return ldr_from_linear((signal + grain).clip(0, 1)).astype(np.float32)


@pytest.mark.parametrize("factor", [1 / 16, 1 / 4, 1, 4, 10, 30])
def test_noise_of_a_textured_scene_is_measured(texture, factor):
    model = NoiseModel(CAMERA.shot * factor, CAMERA.read * factor)
    bursts = [taken(texture(seed, side=128, smooth=6.0) * 0.9, model, seed) for seed in range(6)]
    measured = measured_noise(bursts)
    visible = [linear for linear in (0.03, 0.1, 0.4) if linear > 4 * np.sqrt(model.variance(linear))]
    for linear in visible:
        assert measured.variance(linear) == pytest.approx(model.variance(linear), rel=0.15)


def test_edges_and_fine_texture_do_not_count_as_noise(texture):
    scene = texture(1, side=128, smooth=6.0) * 0.9
    scene[:, ::16] *= 0.3
    scene[:, :, 64:] = np.where(np.indices((128, 64)).sum(0) % 2, 0.2, 0.6)
    measured = measured_noise([taken(scene, CAMERA, seed) for seed in range(4)])
    assert measured.variance(0.1) == pytest.approx(CAMERA.variance(0.1), rel=0.25)


def test_black_and_clipped_pictures_show_no_noise():
    frames = np.concatenate([np.zeros((1, 3, 64, 64)), np.ones((1, 3, 64, 64))]).astype(np.float32)
    with pytest.raises(InputError, match="too few flat windows"):
        measured_noise([frames])
    with pytest.raises(InputError, match="too few flat windows"):
        measured_noise([])


def test_added_noise_reaches_the_target(texture):
    target = NoiseModel(4e-3, 4e-5)
    frames = [taken(texture(seed, side=128, smooth=6.0) * 0.9, CAMERA, seed) for seed in range(6)]
    noisy = [with_noise(frame, CAMERA, target, np.random.default_rng(seed)) for seed, frame in enumerate(frames)]
    assert measured_noise(noisy).variance(0.1) == pytest.approx(target.variance(0.1), rel=0.15)
    flat = np.full((1, 3, 96, 96), float(expose(np.array(0.2), 1.0)), np.float32)
    grain = linear_from_ldr(with_noise(flat, NoiseModel(0, 0), target, np.random.default_rng(0))) - 0.2
    assert grain.var() == pytest.approx(target.variance(0.2), rel=0.05)
    assert abs(grain.mean()) < 4 * np.sqrt(target.variance(0.2) / grain.size)


def test_a_quieter_target_changes_nothing(texture):
    frames = taken(texture(0), CAMERA)
    same = with_noise(frames, CAMERA, NoiseModel(1e-4, 1e-6), np.random.default_rng(0))
    np.testing.assert_allclose(same, frames, atol=1e-6)


def test_the_quantile_is_corrected_as_chi_squared_has_it():
    assert pytest.approx(gammaincinv(FREEDOM / 2, QUANTILE) * 2 / FREEDOM, rel=1e-12) == CORRECTION
