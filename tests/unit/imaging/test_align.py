"""Alignment: motions that are known, and the refusal of what does not help."""

import cv2
import numpy as np
import pytest

from hdrpipe.errors import UsageError
from hdrpipe.imaging.align import _luma, align, align_in_place

METHODS = ["mtb", "homography", "dis"]


def distance(burst, truth, index, margin=16):
    """Mean difference of a frame to what the camera would have seen from the reference."""
    inside = np.s_[:, margin:-margin, margin:-margin]
    return float(np.abs(burst.ldr[index][inside] - truth.ldr[index][inside]).mean())


def test_none_leaves_the_frames_as_they_are(texture, photograph):
    burst = photograph(texture())
    aligned = align(burst, "none")
    assert np.array_equal(aligned.burst.ldr, burst.ldr)
    assert [(r["frame"], r["method"], r["accepted"]) for r in aligned.report] == [(0, "none", True), (2, "none", True)]


@pytest.mark.parametrize("method", METHODS)
def test_a_moved_frame_comes_back(method, texture, photograph, moved):
    scene = texture(smooth=2.0)
    burst = photograph([moved(scene, 5, -3), scene, moved(scene, -4, 2)], noise=4e-4)
    still, aligned = photograph(scene, noise=4e-4), align(burst, method)
    assert all(entry["accepted"] for entry in aligned.report)
    for index in (0, 2):
        assert distance(aligned.burst, still, index) < 0.25 * distance(burst, still, index)


@pytest.mark.parametrize(("method", "tolerance"), [("mtb", 1.0), ("homography", 0.3), ("dis", 0.3)])
def test_the_report_tells_the_motion(method, tolerance, texture, photograph, moved):
    scene = texture(smooth=2.0)
    report = align(photograph([moved(scene, 5, -3), scene, scene]), method).report
    assert report[0]["shift"] == pytest.approx((5, -3), abs=tolerance)
    assert report[1]["shift"] == pytest.approx((0, 0), abs=tolerance)
    assert report[0]["residual_after"] < report[0]["residual_before"]


def test_dense_flow_follows_an_object_that_a_shift_cannot(texture, photograph, moved):
    scene, thing = texture(1, smooth=2.0), texture(2, smooth=2.0)
    frames = []
    for step in (-6, 0, 6):
        frame = scene.copy()
        frame[:, 40:80, 40 + step : 80 + step] = thing[:, 40:80, 40:80]
        frames.append(frame)
    burst, still = photograph(frames), photograph(frames[1])
    errors = [distance(align(burst, method).burst, still, 0, margin=24) for method in ("none", "mtb", "dis")]
    assert errors[2] < 0.6 * min(errors[:2])


@pytest.mark.parametrize("method", METHODS)
def test_frames_without_anything_in_common_stay_unaligned(method, photograph):
    bright, dark = np.ones((3, 64, 64), np.float32), np.zeros((3, 64, 64), np.float32)
    burst = photograph([dark, bright, bright])
    aligned = align(burst, method)
    assert np.array_equal(aligned.burst.ldr, burst.ldr)
    assert aligned.report[0]["method"] == "none"
    assert not aligned.report[0]["accepted"]
    assert aligned.report[0]["residual_before"] is None


@pytest.mark.parametrize("method", METHODS)
def test_a_pair_is_never_left_worse_than_it_came(method, texture, photograph):
    burst = photograph([texture(seed, side=64) for seed in (1, 2, 3)])
    for entry in align(burst, method).report:
        assert entry["residual_after"] <= entry["residual_before"]


@pytest.mark.parametrize("side", [1, 2, 8, 12])
@pytest.mark.parametrize("method", METHODS)
def test_tiny_pictures_stay_unaligned(method, side, texture, photograph):
    burst = photograph(texture(side=32)[:, :side, :])
    aligned = align(burst, method)
    assert np.array_equal(aligned.burst.ldr, burst.ldr)
    assert not any(entry["accepted"] for entry in aligned.report)


@pytest.mark.parametrize("shape", [(16, 16), (17, 45), (131, 16)])
@pytest.mark.parametrize("method", METHODS)
def test_odd_sizes_work(method, shape, texture, photograph):
    height, width = shape
    aligned = align(photograph(texture()[:, :1].repeat(131, 1)[:, :height, :width]), method).burst
    assert aligned.ldr.shape == (3, 3, height, width)


def test_any_number_of_exposures_and_any_reference(texture, photograph, moved):
    scene = texture(smooth=2.0)
    burst = photograph([scene, moved(scene, 3, 1), moved(scene, 2, 2), moved(scene, 4, 0)], (0.0, 1.0, 2.0, 3.0), 0)
    aligned = align(burst, "dis")
    assert [entry["frame"] for entry in aligned.report] == [1, 2, 3]
    assert np.array_equal(aligned.burst.ldr[0], burst.ldr[0])


@pytest.fixture
def room(texture):
    """A dark room, around radiance 1/2000, with a window, around 1/4: (3, 256, 256)."""
    scene = 0.0006 * np.sqrt(texture(4, smooth=2.0, side=256) / 0.2)
    scene[:, 60:200, 80:180] = np.sqrt(texture(5, smooth=2.0, side=256))[:, 60:200, 80:180]
    return scene.astype(np.float32)


@pytest.mark.parametrize("method", ["homography", "dis"])
def test_outer_frames_that_share_nothing_with_the_reference_align_through_their_neighbours(
    method, room, photograph, moved
):
    ev = (0.0, 2.5, 5.0, 7.5, 10.0)
    burst = photograph([moved(room, *by) for by in ((6, -4), (-5, 3), (0, 0), (4, 5), (-6, 2))], ev, 2)
    still, direct = photograph(room, ev, 2), align(burst.__class__(burst.ldr[[0, 2]], (0.0, 5.0), 1), method)
    aligned = align(burst, method)
    assert not direct.report[0]["accepted"]
    assert [entry["accepted"] for entry in aligned.report] == [True] * 4
    window = np.s_[:, 76:184, 96:164]
    for frame in (0, 1):
        left, before = (np.abs(b.ldr[frame][window] - still.ldr[frame][window]).mean() for b in (aligned.burst, burst))
        assert left < 0.25 * before


def test_the_same_burst_aligns_to_the_same_bytes(texture, photograph, moved):
    burst = photograph([moved(texture(), 3, 1), texture(), texture()], noise=4e-4)
    assert np.array_equal(align(burst, "dis").burst.ldr, align(burst, "dis").burst.ldr)


def test_an_unknown_method_is_refused(texture, photograph):
    with pytest.raises(UsageError, match="none, mtb, homography, dis"):
        align(photograph(texture(side=16)), "orb")


@pytest.mark.parametrize("method", ["none", *METHODS])
def test_integers_are_aligned_where_they_lie_as_floats_are(method, texture, photograph, moved):
    scene = texture(smooth=2.0, side=300)  # more rows than one strip
    burst = photograph([moved(scene, 5, -3), scene, moved(scene, -4, 2)])
    levels = np.rint(burst.ldr * 65535).astype(np.uint16)
    kept = levels[1].copy()
    report = align_in_place(levels, burst.times, 1, method)
    floats = align(burst, method)
    assert np.array_equal(levels[1], kept)
    assert [entry["method"] for entry in report] == [entry["method"] for entry in floats.report]
    apart = np.abs(levels / 65535 - floats.burst.ldr)
    assert apart.mean() < 1e-4  # a luma that rounds the other way moves the flow by hundredths of a pixel
    assert apart.max() < 0.02


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_luma_is_that_of_the_lifted_and_clipped_values(dtype):
    values = np.random.default_rng(0).random((3, 301, 17), np.float32)  # more rows than one strip
    top = 1 if dtype == np.float32 else np.iinfo(dtype).max
    frame = values if top == 1 else np.rint(values * top).astype(dtype)
    lit = np.rint((frame.astype(np.float32) / np.float32(top) * np.float32(1.7)).clip(0, 1) * 255).astype(np.uint8)
    wanted = cv2.cvtColor(np.ascontiguousarray(lit.transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY)
    assert np.array_equal(_luma(frame, 1.7), wanted)
