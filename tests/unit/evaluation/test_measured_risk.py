"""Measured risk against the true one, where the truth is known."""

import numpy as np
import pytest

from hdrpipe.evaluation.measured_risk import measured_risk, split
from hdrpipe.imaging.camera import ldr_from_linear, linear_from_ldr
from hdrpipe.imaging.noise_model import NoiseModel
from hdrpipe.imaging.tonemap import mu_law, mu_law_slope

NOISE, TIME, SHAPE = NoiseModel(4e-4, 2e-6), 4.0, (3, 256, 256)


@pytest.fixture(scope="module")
def burst():
    """True radiance and the noisy reference, display-coded."""
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(SHAPE[2]) / 17.0) * np.cos(np.arange(SHAPE[1])[:, None] / 23.0)
    truth = np.stack([0.08 + 0.05 * wave, 0.1 + 0.06 * wave, 0.06 + 0.03 * wave]).astype(np.float32)
    linear = truth * TIME
    noisy = linear + rng.standard_normal(SHAPE) * np.sqrt(NOISE.variance(linear))
    return truth, ldr_from_linear(noisy.clip(0, 1).astype(np.float32))


def risks(truth, reference, fuse):
    """(measured, true) mean risk of a fusion of the first part; measured where the reference is well exposed."""
    seen, target = split(reference, TIME, NOISE)
    prediction = fuse(seen)
    inside = np.broadcast_to(target.measured, SHAPE)
    error = (mu_law_slope(truth) * (prediction - truth)) ** 2
    return measured_risk(prediction, target)[inside].mean(), error[inside].mean()


def test_risk_of_a_wrong_picture_is_measured(burst):
    truth, reference = burst
    measured, true = risks(truth, reference, lambda seen: truth * 1.05)
    assert measured == pytest.approx(true, rel=0.05)


def test_the_truth_has_no_risk(burst):
    truth, reference = burst
    measured, _ = risks(truth, reference, lambda seen: truth)
    noise = float((mu_law_slope(truth) ** 2 * NOISE.variance(truth * TIME) / TIME**2).mean())
    assert abs(measured) < 0.03 * noise


def test_a_fusion_that_reads_the_reference_is_not_favoured(burst):
    """The picture that it reads has none of the target's noise: else the one that copies it would look perfect."""
    truth, reference = burst
    measured, true = risks(truth, reference, lambda seen: linear_from_ldr(seen) / TIME)
    assert measured == pytest.approx(true, rel=0.05)
    variance = float((mu_law_slope(truth) ** 2 * NOISE.variance(truth * TIME) / TIME**2).mean())
    assert true == pytest.approx(1.49 * variance, rel=0.05), "of A = 0.7: half as much noise again"


def test_both_parts_keep_the_mean_and_their_noise_is_independent(burst):
    truth, reference = burst
    seen, target = split(reference, TIME, NOISE)
    one, other = linear_from_ldr(seen) / TIME - truth, target.radiance - truth
    scale = float(np.sqrt((one**2).mean() * (other**2).mean()))
    assert abs(float((one * other).mean())) < 0.01 * scale
    assert abs(float(other.mean())) < 0.01 * float(np.sqrt((other**2).mean()))


def test_black_and_clipped_pixels_are_not_measured():
    reference = np.full((3, 32, 32), 0.5, np.float32)
    reference[0, :, :8], reference[:, :, 24:] = 1.0, 0.0
    _, target = split(reference, 1.0, NOISE)
    assert not target.measured[:, :8].any()
    assert not target.measured[:, 27:].any()
    assert target.measured[:, 12:20].all()
    assert not measured_risk(np.ones((3, 32, 32), np.float32), target)[:, :, :8].any()


def test_a_camera_whose_noise_is_cut_at_black_is_measured_where_it_is_not():
    """With ten times the noise, values of 0.02 are within two deviations of black: cut noise has another mean."""
    noise = NoiseModel(4e-3, 2e-5)
    rng = np.random.default_rng(2)
    linear = np.broadcast_to(np.geomspace(0.01, 0.4, SHAPE[2]).astype(np.float32), SHAPE)
    noisy = linear + rng.standard_normal(SHAPE) * np.sqrt(noise.variance(linear))
    reference = ldr_from_linear(noisy.clip(0, 1).astype(np.float32))
    _, target = split(reference, 1.0, noise)
    assert not target.measured[:, linear[0, 0] < 0.02].any()
    assert target.measured[:, (linear[0, 0] > 0.06) & (linear[0, 0] < 0.3)].mean() > 0.95
    prediction = linear * 1.05
    error = ((mu_law_slope(linear) * (prediction - linear)) ** 2)[:, target.measured]
    measured = measured_risk(prediction, target)[:, target.measured]
    assert measured.mean() == pytest.approx(error.mean(), rel=0.1)


def test_risk_is_an_error_in_the_mu_law_domain(burst):
    """A small error counts as it does in PSNR-mu."""
    truth, reference = burst
    _, true = risks(truth, reference, lambda seen: truth * 1.02)
    assert true == pytest.approx(float(((mu_law(truth * 1.02) - mu_law(truth)) ** 2).mean()), rel=0.05)


def test_the_part_to_fuse_is_a_picture_of_a_camera():
    """Clipped and black values with noise stay in [0, 1], and values between lie on both sides of what they were."""
    reference = np.full((3, 32, 32), 0.5, np.float32)
    reference[:, :8], reference[:, 24:] = 1.0, 0.0
    seen, _ = split(reference, 1.0, NOISE)
    assert 0.0 == seen.min() < seen.max() == 1.0
    assert (seen[:, 12:20] < 0.5).any()
    assert (seen[:, 12:20] > 0.5).any()


def test_the_signal_is_a_mean_of_three_pixels_for_its_noise_and_of_seven_for_the_slope():
    """Values to the left and right of an edge at column 16 are mixed so far from it, and no farther."""
    linear = np.full((3, 32, 32), 0.1, np.float32)
    linear[..., 16:] = 0.5
    _, target = split(ldr_from_linear(linear), 1.0, NOISE)
    for picture, reach in ((target.variance, 1), (target.slope, 3)):
        mixed = ~np.isclose(picture[0, 16], picture[0, 16, 0]) & ~np.isclose(picture[0, 16], picture[0, 16, -1])
        assert np.flatnonzero(mixed).tolist() == list(range(16 - reach, 16 + reach))
