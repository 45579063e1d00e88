"""Imaging against float64 formulas, scikit-image, SciPy and colour-hdri."""

import cv2
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, spearmanr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from hdrpipe.evaluation import metrics, uncertainty
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.camera import expose, radiance_from_ldr
from hdrpipe.imaging.merge import rejecting
from hdrpipe.imaging.opencv_merge import debevec, robertson
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law

RANDOM = np.random.default_rng(7)
TIMES = np.array([1.0, 4.0, 16.0])


@pytest.fixture
def pair():
    """A smooth picture and a noisy copy, (3, 67, 93) in [0, 1]."""
    truth = cv2.GaussianBlur(RANDOM.random((67, 93, 3)), (0, 0), 2).transpose(2, 0, 1)
    noisy = (truth + RANDOM.normal(0, 0.03, truth.shape)).clip(0, 1)
    return noisy.astype(np.float32), truth.astype(np.float32)


def test_mu_law_in_float32_is_that_in_float64():
    radiance = np.geomspace(1e-8, 1, 10_000)
    exact = np.log(1 + 5000 * radiance) / np.log(5001)
    assert mu_law(radiance.astype(np.float32)) == pytest.approx(exact, rel=2e-6)
    assert inverse_mu_law(exact.astype(np.float32)) == pytest.approx((5001**exact - 1) / 5000, rel=1e-5)


def test_radiance_in_float32_is_that_in_float64():
    ldr = RANDOM.random((3, 3, 20, 20))
    exact = ldr**2.2 / TIMES[:, None, None, None]
    assert radiance_from_ldr(ldr.astype(np.float32), TIMES) == pytest.approx(exact, rel=1e-5, abs=1e-9)


def test_psnr_is_that_of_scikit_image(pair):
    noisy, truth = (picture.astype(np.float64) for picture in pair)
    assert metrics.psnr_l(*pair) == pytest.approx(peak_signal_noise_ratio(truth, noisy, data_range=1))
    compressed = [np.log(1 + 5000 * picture) / np.log(5001) for picture in (truth, noisy)]
    assert metrics.psnr_mu(*pair) == pytest.approx(peak_signal_noise_ratio(*compressed, data_range=1))


@pytest.mark.parametrize("compress", [False, True])
def test_ssim_is_that_of_scikit_image(compress, pair):
    pictures = [picture.astype(np.float64) for picture in pair]
    if compress:
        pictures = [np.log(1 + 5000 * picture) / np.log(5001) for picture in pictures]
    noisy, truth = (picture * 255 for picture in pictures)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    expected = structural_similarity(truth, noisy, channel_axis=0, **settings)
    ours = metrics.ssim_mu(*pair) if compress else metrics.ssim_l(*pair)
    assert ours == pytest.approx(expected, abs=1e-9)


def test_pu21_has_the_values_of_its_formula():
    def encoded(nits):
        ratio = (0.353487901 + 0.3734658629 * nits**0.9062562627) / (1 + 8.277049286e-05 * nits**0.9062562627)
        return 596.3148142 * (ratio**0.09150303166 - 0.9099517204)

    assert metrics.pu21(np.array([1e-4, 0.01, 1.0])) == pytest.approx([encoded(0.1), encoded(10.0), encoded(1000.0)])


def test_spearman_is_that_of_scipy_with_ties():
    error, sigma = RANDOM.random(2000), RANDOM.integers(1, 20, 2000)
    assert uncertainty.rank_correlation(error, sigma) == pytest.approx(spearmanr(error, sigma).statistic)


@pytest.mark.parametrize(("error", "sigma"), [(0.0, 0.1), (0.05, 0.1), (0.4, 0.1), (0.01, 0.3)])
def test_crps_is_its_integral(error, sigma):
    below, above = (quad(f, *span)[0] for f, span in _crps_parts(error, sigma))
    ours = uncertainty.crps(np.array([error]), np.array([sigma]))
    assert ours == pytest.approx(below + above, abs=1e-7)


def _crps_parts(error, sigma):
    """Squared distance of the Gaussian's distribution function to the step at the error, on both sides of it."""
    far = error + 10 * sigma
    yield lambda x: norm.cdf(x / sigma) ** 2, (-far, error)
    yield lambda x: (1 - norm.cdf(x / sigma)) ** 2, (error, far)


def test_nll_is_that_of_scipy():
    error, sigma = RANDOM.random(100), RANDOM.uniform(0.01, 1, 100)
    assert uncertainty.nll(error, sigma) == pytest.approx(-norm.logpdf(error, scale=sigma).mean())


def test_removed_share_is_the_mean_over_random_orders_of_ties():
    error, sigma = RANDOM.random(200), RANDOM.integers(1, 5, 200).astype(float)
    shares = []
    for _ in range(4000):
        order = np.lexsort((RANDOM.random(200), -sigma))
        shares.append((error[order[:40]] ** 2).sum() / (error**2).sum())
    assert uncertainty.removed_share(error, sigma, 0.2) == pytest.approx(np.mean(shares), abs=2e-3)


def still_burst():
    """A noiseless burst of a smooth picture that every frame sees well, 8 bit, with its radiance."""
    smooth = cv2.GaussianBlur(RANDOM.random((64, 64, 3)), (0, 0), 4)
    ranks = smooth.argsort(None).argsort().reshape(smooth.shape) / smooth.size
    radiance = np.geomspace(0.01, 0.05, 101)[(ranks * 100).astype(int)].transpose(2, 0, 1).astype(np.float32)
    ldr = np.stack([expose(radiance, time) for time in TIMES])
    return Burst(np.rint(ldr * 255).astype(np.float32) / np.float32(255), (-2.0, 0.0, 2.0), 1), radiance


@pytest.mark.parametrize(("merge", "tolerance"), [(debevec, 0.02), (robertson, 0.02), (rejecting, 0.04)])
def test_merges_have_the_scale_of_the_scene(merge, tolerance):
    burst, radiance = still_burst()
    assert np.median(merge(burst) / radiance) == pytest.approx(1.0, abs=0.01)
    assert np.abs(merge(burst) / radiance - 1).mean() < tolerance


def test_debevec_agrees_with_colour_hdri():
    colour_hdri = pytest.importorskip("colour_hdri", reason="colour-hdri is an optional check")
    burst, _ = still_burst()
    images = [
        colour_hdri.Image(
            metadata=colour_hdri.Metadata(f_number=np.array(1.0), exposure_time=time, iso=np.array(100.0))
        )
        for time in TIMES
    ]
    for image, linear in zip(images, burst.linear, strict=True):
        image.data = linear.transpose(1, 2, 0).astype(np.float64)
    stack = colour_hdri.ImageStack()
    stack.extend(images)
    merged = colour_hdri.image_stack_to_HDRI(stack, colour_hdri.weighting_function_Debevec1997).transpose(2, 0, 1)
    ours = debevec(burst)
    # colour-hdri divides by absolute luminance: the pictures agree up to one factor
    ratio = merged / ours
    assert np.std(ratio) / np.mean(ratio) < 0.02
