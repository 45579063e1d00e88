"""Classical merges: right where they can be, and honest about scale."""

from dataclasses import replace

import numpy as np
import pytest

from hdrpipe.evaluation.metrics import psnr_mu
from hdrpipe.imaging.merge import MERGES, denoised, low_exposure_fill, reference_only, rejecting, triangle
from hdrpipe.imaging.opencv_merge import debevec, mertens, robertson

ALL = pytest.mark.parametrize("merge", MERGES.values(), ids=MERGES)


@ALL
def test_a_level_that_every_frame_sees_keeps_its_scale(merge, photograph):
    merged = merge(photograph(np.full((3, 8, 8), 0.04, np.float32)))
    assert merged == pytest.approx(0.04, rel=0.02)
    assert merged.shape == (3, 8, 8)
    assert merged.dtype == np.float32


@ALL
def test_nothing_but_the_reference_alone_and_debevec_loses_the_highlights(merge, photograph):
    merged = merge(photograph(np.full((3, 8, 8), 0.6, np.float32)))
    assert merged == pytest.approx(0.25 if merge is reference_only else 0.6, rel=0.3 if merge is debevec else 0.01)


@pytest.mark.parametrize("merge", [low_exposure_fill, triangle, rejecting, robertson])
def test_what_clips_everywhere_is_as_bright_as_the_shortest_exposure_can_say(merge, photograph):
    assert merge(photograph(np.full((3, 8, 8), 5.0, np.float32))) == pytest.approx(1.0, abs=1e-4)


@ALL
def test_black_stays_black(merge, photograph):
    assert merge(photograph(np.zeros((3, 8, 8), np.float32))) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("merge", [low_exposure_fill, triangle, rejecting])
def test_a_still_noiseless_burst_is_merged_exactly(merge, texture, photograph):
    scene = texture()
    assert merge(photograph(scene)) == pytest.approx(scene, rel=1e-3)


def test_merging_takes_the_noise_out_of_the_shadows(texture, photograph):
    scene = texture()
    burst = photograph(scene, noise=4e-4)
    scores = {
        merge: psnr_mu(merge(burst).clip(0, 1), scene) for merge in (reference_only, low_exposure_fill, rejecting)
    }
    assert scores[rejecting] > scores[low_exposure_fill] + 3
    assert scores[low_exposure_fill] > scores[reference_only] + 3


def test_denoising_takes_out_more_where_neighbours_are_alike(texture, photograph):
    scene = np.ascontiguousarray(texture().repeat(4, axis=1).repeat(4, axis=2)[:, :64, :64])
    plain, smooth = (psnr_mu(f(photograph(scene, noise=4e-4)).clip(0, 1), scene) for f in (rejecting, denoised))
    assert smooth > plain + 1


def test_noisier_and_quieter_cameras_are_recognised(texture, photograph):
    scene = texture()
    for noise, gain in ((4e-5, 0.0), (4e-4, 0.0), (4e-3, 3.0)):
        burst = photograph(scene, noise=noise)
        expected, read = (psnr_mu(rejecting(b).clip(0, 1), scene) for b in (replace(burst, noise_level=1.0), burst))
        assert read >= expected + gain - 0.15  # a level that is right also rejects by chance


def test_rejecting_shows_no_ghost_of_what_moved(texture, photograph, moved):
    scene = texture()
    frames = [scene.copy() for _ in range(3)]
    for frame, left in zip(frames, (10, 50, 90), strict=True):
        frame[:, 40:70, left : left + 30] = 0.02
    burst = photograph(frames, noise=4e-4)
    names = ("reference_only", "triangle", "rejecting")
    alone, ghosted, *clean = (psnr_mu(MERGES[name](burst).clip(0, 1), frames[1]) for name in names)
    assert min(clean) > ghosted + 6
    assert min(clean) > alone


def test_no_fill_is_darker_than_the_clipped_reference_says(photograph):
    bright, dark = np.full((3, 8, 8), 0.9, np.float32), np.full((3, 8, 8), 0.01, np.float32)
    burst = photograph([dark, bright, bright])
    assert low_exposure_fill(burst) == pytest.approx(0.25)


def test_fill_leaves_what_the_reference_sees_alone(photograph):
    seen, other = np.full((3, 8, 8), 0.1, np.float32), np.full((3, 8, 8), 0.3, np.float32)
    assert low_exposure_fill(photograph([other, seen, other])) == pytest.approx(0.1)


@pytest.mark.parametrize("reference", [0, 1, 2, 3])
@ALL
def test_any_number_of_exposures_and_any_reference(merge, reference, texture, photograph):
    merged = merge(photograph(texture(side=16), (-3.0, -1.0, 0.0, 2.0), reference))
    assert merged.shape == (3, 16, 16)
    assert np.isfinite(merged).all()
    assert (merged >= 0).all()


def test_mertens_is_a_picture_that_shows_both_ends(photograph):
    ramp = np.broadcast_to(np.geomspace(0.005, 0.9, 64, dtype=np.float32), (3, 64, 64))
    fused = mertens(photograph(ramp))
    assert fused.min() >= 0
    assert fused.max() <= 1
    assert fused[:, :, -8:].mean() - fused[:, :, :8].mean() > 0.3
