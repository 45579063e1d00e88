"""Metrics on pictures whose score is known by hand."""

import numpy as np
import pytest

from hdrpipe.errors import InputError
from hdrpipe.evaluation import metrics
from hdrpipe.imaging.tonemap import inverse_mu_law


def test_psnr_of_a_constant_difference():
    truth = np.full((3, 16, 16), 0.5, np.float32)
    assert metrics.psnr_l(truth + np.float32(0.1), truth) == pytest.approx(20.0, abs=1e-4)


def test_psnr_mu_of_a_constant_difference_in_its_domain():
    tonemapped = np.full((3, 16, 16), 0.5)
    assert metrics.psnr_mu(inverse_mu_law(tonemapped + 0.01), inverse_mu_law(tonemapped)) == pytest.approx(40.0)


def test_equal_pictures(texture):
    scores = metrics.scores(texture(), texture())
    assert [scores[name] for name in ("psnr_l", "psnr_mu", "pu21_psnr")] == [float("inf")] * 3
    assert [scores[name] for name in ("ssim_l", "ssim_mu")] == pytest.approx([1.0, 1.0])


def test_predictions_are_clamped_and_truth_is_not(texture):
    truth = texture()
    assert metrics.scores(truth + 5.0, truth)["psnr_l"] == metrics.psnr_l(np.ones_like(truth), truth)
    brighter = truth * 3
    assert metrics.scores(truth, brighter)["psnr_l"] == metrics.psnr_l(truth, brighter)


def test_ssim_of_flat_pictures_is_the_luminance_term():
    dark, light = (np.full((3, 16, 16), value) for value in (0.2, 0.4))
    stable = (0.01 * 255) ** 2
    expected = (2 * 51 * 102 + stable) / (51**2 + 102**2 + stable)
    assert metrics.ssim(dark, light) == pytest.approx(expected)


def test_ssim_clips_above_one():
    assert metrics.ssim(np.full((3, 16, 16), 1.0), np.full((3, 16, 16), 7.0)) == pytest.approx(1.0)


def test_ssim_ignores_windows_that_leave_the_picture():
    a = np.random.default_rng(0).random((3, 40, 40))
    b = a.copy()
    b[:, 0, 0] += 0.5  # seen by one window only: the one at the corner
    window = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    assert metrics.ssim(a, b) > 1 - 2 * (window[0] / window.sum()) ** 2


def test_pu21_gives_standard_white_256_levels():
    assert metrics.pu21(np.array([0.1])) == pytest.approx(256.4, abs=0.1)
    assert metrics.pu21(np.array([0.0])) == pytest.approx(0.0, abs=1e-6)


def test_pu21_grows_with_luminance_up_to_its_range():
    encoded = metrics.pu21(np.geomspace(1e-5, 10, 200))
    assert (np.diff(encoded) > 0).all()
    assert metrics.pu21(np.array([10.0])) == metrics.pu21(np.array([50.0]))


def test_pictures_of_two_sizes_are_refused(texture):
    for measure in (metrics.psnr, metrics.ssim, metrics.psnr_mu, metrics.pu21_psnr):
        with pytest.raises(InputError, match="differ"):
            measure(texture(), texture(side=64))


def test_pictures_smaller_than_the_window_are_refused(texture):
    with pytest.raises(InputError, match="at least 11"):
        metrics.scores(texture(side=10), texture(side=10))


def test_the_peak_of_pu21_is_256():
    truth = np.full((3, 16, 16), 0.05)
    gap = metrics.pu21(np.array(0.06)) - metrics.pu21(np.array(0.05))
    assert metrics.pu21_psnr(truth + 0.01, truth) == pytest.approx(20 * np.log10(256 / gap))


def test_ssim_of_black_is_not_lifted():
    black, grey = np.full((3, 16, 16), 0.0), np.full((3, 16, 16), 0.2)
    stable = (0.01 * 255) ** 2
    assert metrics.ssim(black, grey) == pytest.approx(stable / (51**2 + stable))
    assert metrics.ssim(black - 1.0, grey) == pytest.approx(stable / (51**2 + stable))


def test_the_smaller_side_must_hold_a_window():
    assert metrics.ssim(np.zeros((3, 11, 40)), np.zeros((3, 11, 40))) == pytest.approx(1.0)
    for shape in ((3, 10, 40), (3, 40, 10)):
        with pytest.raises(InputError, match="at least 11"):
            metrics.ssim(np.zeros(shape), np.zeros(shape))
