"""The paper's masks on maps whose masks can be derived by hand."""

import numpy as np
import pytest

from hdrpipe.masking import threshold
from hdrpipe.masking.strategy import RoundMaps, SceneMaps, patch_means, spread


def scene(sigma):
    return SceneMaps("pool-000", sigma)


def fitted(options, *sigmas):
    return threshold.fit(RoundMaps([scene(sigma) for sigma in sigmas], []), options)


def test_patch_means_of_cut_patches_average_what_they_have():
    sigma = np.zeros((96, 64), np.float32)
    sigma[64:] = 3.0
    assert patch_means(sigma).tolist() == [[0.0], [3.0]]


def test_spread_is_the_inverse_of_patch_means_on_constant_patches():
    patches = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(patch_means(spread(patches, (100, 150))), patches)


def test_patches_are_normalised_over_all_scenes():
    low, high = np.full((64, 64), 0.01, np.float32), np.full((64, 128), 0.05, np.float32)
    high[:, :64] = 0.02
    options = threshold.Options()
    statistics = fitted(options, low, high)
    made = threshold.apply(scene(high), statistics, options, "patch")
    assert made.patch_score[0] == pytest.approx([0.25, 1.0], abs=1e-5)
    assert made.patch_mask.tolist() == [[True, False]]


def test_the_range_is_that_of_all_patches_and_scores_end_at_one():
    """A scene of several patches spans it alone; one that is beyond it, as labelled ones may be, scores 1."""
    sigma = np.repeat(np.float32([[0.01, 0.03, 0.05]]), 64, axis=1).repeat(64, axis=0)
    statistics = fitted(threshold.Options(), sigma)
    assert statistics == pytest.approx({"patch_low": 0.01, "patch_high": 0.05})
    made = threshold.apply(scene(np.full((64, 64), 0.09, np.float32)), statistics, threshold.Options(), "patch")
    assert made.patch_score.tolist() == [[1.0]]


@pytest.mark.parametrize("scope", ["image", "crop"])
def test_narrower_scopes_have_no_range_of_all_patches(scope):
    assert fitted(threshold.Options(patch_scope=scope)) == {"patch_low": 0.0, "patch_high": 1.0}


def test_patches_are_as_large_as_the_papers():
    assert patch_means(np.zeros((128, 129), np.float32)).shape == (2, 3)


def test_scope_image_normalises_within_the_scene():
    sigma = np.full((64, 128), 0.02, np.float32)
    sigma[:, 64:] = 0.05
    options = threshold.Options(patch_scope="image")
    made = threshold.apply(scene(sigma), {"patch_low": 0.0, "patch_high": 1.0}, options, "patch")
    assert made.patch_score[0] == pytest.approx([0.0, 1.0])


def test_pixels_are_normalised_within_their_patch_or_the_scene():
    sigma = np.zeros((64, 128), np.float32)
    sigma[0, 0], sigma[:, 64:] = 0.1, 0.2
    patch = threshold.apply(scene(sigma), {"patch_low": 0, "patch_high": 1}, threshold.Options(), "pixel")
    image = threshold.apply(
        scene(sigma), {"patch_low": 0, "patch_high": 1}, threshold.Options(pixel_scope="image"), "pixel"
    )
    assert patch.pixel_score[0, 0] == 1.0
    assert patch.pixel_score[0, 64] == 0.0
    assert image.pixel_score[0, 0] == pytest.approx(0.5)
    assert image.pixel_score[0, 64] == 1.0


def test_what_equals_the_threshold_is_dropped():
    """The paper keeps what is below tau."""
    sigma = np.repeat(np.float32([[0.0, 0.5, 1.0]]), 64, axis=1).repeat(64, axis=0)
    options = threshold.Options(tau_patch=0.5, tau_pixel=0.5, pixel_scope="image")
    made = threshold.apply(scene(sigma), {"patch_low": 0.0, "patch_high": 1.0}, options, "bilevel")
    assert made.patch_mask.tolist() == [[True, False, False]]
    assert made.pixel_mask[0, ::64].tolist() == [True, False, False]


def test_a_higher_threshold_keeps_no_less():
    sigma = np.random.default_rng(0).gamma(2.0, 0.01, (128, 128)).astype(np.float32)
    statistics = fitted(threshold.Options(), sigma)
    kept = [
        threshold.apply(
            scene(sigma), statistics, threshold.Options(tau_patch=tau, tau_pixel=tau), "bilevel"
        ).weight.sum()
        for tau in (0.1, 0.4, 0.9)
    ]
    assert kept == sorted(kept)


def test_scope_crop_normalises_within_tiles_of_128_pixels():
    sigma = np.zeros((128, 256), np.float32)
    sigma[:64, 64:128], sigma[:64, 192:] = 0.1, 0.2
    options = threshold.Options(patch_scope="crop")
    made = threshold.apply(scene(sigma), fitted(options, sigma), options, "patch")
    assert made.patch_score.tolist() == [[0, 1, 0, 1], [0, 0, 0, 0]]
