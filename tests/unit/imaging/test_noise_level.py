"""The noise level of a burst, read off its aligned frames."""

import cv2
import numpy as np
import pytest

from hdrpipe.imaging.noise import READ_NOISE, SHOT_NOISE, noise
from hdrpipe.imaging.noise_level import CROP, CROPS, RANGE, crops_of, grey_fraction, noise_level, stated_level
from hdrpipe.imaging.noise_model import NoiseModel

TIMES = np.array([1.0, 4.0, 16.0])


def scenery(side=192):
    """Smooth light with edges, (3, H, W); the shortest frame clips above 1."""
    down, across = np.mgrid[:side, :side] / side
    light = 0.02 + 0.3 * across**2 + 0.1 * ((down * 8) % 1 > 0.5) * across
    return np.stack([light, 0.8 * light, 0.6 * light])


def shot(scenes, level, seed=0):
    """Frames of one scene a frame, with so many times the standard noise."""
    rng = np.random.default_rng(seed)
    frames = []
    for scene, time in zip(scenes, TIMES, strict=True):
        seen = scene + np.sqrt(noise(scene, time, level)) * rng.standard_normal(scene.shape)
        frames.append((seen * time).clip(0, 1) ** (1 / 2.2))
    return np.stack(frames).astype(np.float32)


@pytest.mark.parametrize("level", [0.25, 1.0, 4.0, 16.0])
def test_the_level_is_that_of_the_frames_up_to_what_warping_takes(level):
    found = noise_level([shot([scenery()] * 3, level)], TIMES, 1)
    assert 0.8 * level < found < 2.2 * level  # these frames are not warped: 1.9 is expected


def test_motion_everywhere_is_no_noise():
    still, moved = scenery(), [np.roll(scenery(), shift, axis=2) for shift in (-9, 0, 9)]
    assert noise_level([shot(moved, 1.0)], TIMES, 1) <= 2.5 * noise_level([shot([still] * 3, 1.0)], TIMES, 1)


def interpolated(frames):
    """Frames whose noise is spread as by the interpolation of a mosaic, then compressed as JPEG."""
    spread = [cv2.GaussianBlur(frame.transpose(1, 2, 0), (0, 0), 0.7) for frame in frames]
    encoded = [
        cv2.imencode(".jpg", np.uint8(np.rint(frame * 255)), [cv2.IMWRITE_JPEG_QUALITY, 92])[1] for frame in spread
    ]
    return np.stack([cv2.imdecode(code, -1).transpose(2, 0, 1) / 255 for code in encoded]).astype(np.float32)


@pytest.mark.parametrize("level", [16.0, 32.0])
def test_noise_that_a_camera_spreads_and_compresses_is_seen(level):
    frames = interpolated(shot([scenery()] * 3, level))
    light = frames[1] ** 2.2 / TIMES[1]
    left = np.median((light - scenery()) ** 2 / noise(scenery(), TIMES[1])) / 0.455  # median of chi-squared
    alone, correlated = (noise_level([frames], TIMES, 1, correlated=one) for one in (False, True))
    assert alone < 0.5 * left
    assert 0.5 * left < correlated < 2.2 * left


def test_motion_everywhere_is_no_noise_where_that_is_correlated():
    moved = interpolated(shot([np.roll(scenery(), shift, axis=2) for shift in (-9, 0, 9)], 1.0))
    assert noise_level([moved], TIMES, 1, correlated=True) < 1.5


def test_white_noise_has_its_level_where_it_might_be_correlated():
    frames = [shot([scenery()] * 3, 4.0)]
    assert noise_level(frames, TIMES, 1, correlated=True) == pytest.approx(noise_level(frames, TIMES, 1), rel=0.2)


def greyed(frames, grey):
    """Frames of `shot` whose noise is shared by the colours, as a fraction of its variance."""
    clean = shot([scenery()] * 3, 0.0)
    noise_of_each = frames**2.2 - clean**2.2
    deviation = np.sqrt(np.stack([noise(scenery(), time) * time**2 for time in TIMES]))
    common = np.random.default_rng(9).standard_normal((3, 1, *clean.shape[2:])) * 2.0 * deviation
    linear = clean**2.2 + (1.0 - grey) ** 0.5 * noise_of_each + grey**0.5 * common
    return (linear.clip(0, 1) ** (1 / 2.2)).astype(np.float32)


@pytest.mark.parametrize("grey", [0.0, 0.6, 1.0])
def test_noise_that_colours_share_is_seen_as_grey(grey):
    frames = greyed(shot([scenery()] * 3, 4.0), grey)
    assert grey_fraction([frames], TIMES, 1) == pytest.approx(grey, abs=0.1)


def test_texture_and_motion_are_no_grey_noise():
    rng = np.random.default_rng(2)
    leaves = 0.02 + 0.1 * cv2.GaussianBlur(rng.random((192, 192)), (0, 0), 1.0) * np.ones((3, 1, 1))
    moved = shot([np.roll(leaves, shift, axis=2) for shift in (-1, 0, 1)], 1.0)
    assert grey_fraction([moved], TIMES, 1) < 0.05


def test_jpeg_makes_noise_grey_and_a_blur_of_each_colour_does_not():
    noisy = shot([scenery()] * 3, 16.0)
    spread = np.stack([[cv2.GaussianBlur(plane, (0, 0), 0.7) for plane in frame] for frame in noisy])
    assert grey_fraction([interpolated(noisy)], TIMES, 1) > 0.3
    assert grey_fraction([spread], TIMES, 1) < 0.1


def test_grey_noise_is_told_by_several_parts_and_is_none_where_nothing_can_be_compared():
    frames = greyed(shot([scenery()] * 3, 4.0), 0.5)
    parts = [frames[..., :96], frames[..., 96:], np.zeros((3, 3, 16, 16), np.float32)]
    assert grey_fraction(parts, TIMES, 1) == pytest.approx(grey_fraction([frames], TIMES, 1), abs=0.05)
    assert grey_fraction([np.zeros((3, 3, 16, 16), np.float32)], TIMES, 1) == 0.0
    assert grey_fraction([], TIMES, 1) == 0.0


def test_several_parts_tell_what_the_whole_tells():
    frames = shot([scenery()] * 3, 2.0)
    parts = [frames[..., :96], frames[..., 96:]]
    assert noise_level(parts, TIMES, 1) == pytest.approx(noise_level([frames], TIMES, 1), rel=0.15)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_black_and_clipped_bursts_have_the_standard_level(value):
    assert noise_level([np.full((3, 3, 16, 16), value, np.float32)], TIMES, 1) == 1.0
    assert noise_level([], TIMES, 1) == 1.0


def test_a_burst_without_noise_has_the_least_level():
    frames = (scenery()[None] * TIMES[:, None, None, None]).clip(0, 1) ** (1 / 2.2)
    assert noise_level([frames.astype(np.float32)], TIMES, 1) == RANGE[0]


def test_large_pictures_are_looked_at_in_parts_that_lie_within():
    assert crops_of(100, 700) == [(slice(0, 100), slice(0, 700))]
    rows, columns = 4000, 6001
    crops = crops_of(rows, columns)
    assert len(crops) == CROPS**2
    for down, across in crops:
        assert (down.stop - down.start, across.stop - across.start) == (CROP, CROP)
        assert 0 <= down.start < down.stop <= rows
        assert 0 <= across.start < across.stop <= columns
    assert max(across.stop for _, across in crops) == columns


def test_what_the_files_state_limits_the_level_that_motion_raises():
    rng = np.random.default_rng(1)
    texture = [0.02 + 0.3 * rng.random((3, 64, 64)) for _ in TIMES]  # nothing is flat, and nothing stays
    frames = [shot(texture, 4.0)]
    assert noise_level(frames, TIMES, 1) == 1.0  # nothing tells the noise from the motion
    assert noise_level(frames, TIMES, 1, stated=4.0) == 4.0
    still = [shot([scenery()] * 3, 1.0)]
    assert noise_level(still, TIMES, 1, stated=50.0) == noise_level(still, TIMES, 1)


def test_where_nothing_can_be_compared_the_files_are_believed():
    black = [np.zeros((3, 3, 16, 16), np.float32)]
    assert noise_level(black, TIMES, 1, stated=6.0) == 6.0
    assert noise_level(black, TIMES, 1, stated=1e4) == RANGE[1]


def test_the_stated_level_is_the_median_of_the_frames_that_all_state_one():
    camera = [NoiseModel(factor * SHOT_NOISE, factor * READ_NOISE) for factor in (1.0, 4.0, 9.0)]
    assert stated_level(camera) == pytest.approx(4.0)
    assert stated_level([*camera, None]) is None
