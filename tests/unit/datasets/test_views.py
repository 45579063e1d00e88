"""Geometry of the perspective views."""

import numpy as np
import pytest

from hdrpipe.datasets.views import View, fit, sample


@pytest.fixture
def compass():
    """A panorama whose channels are the direction itself: x right, y up, z ahead, each from 0 to 2."""
    elevation = (0.5 - (np.arange(256) + 0.5) / 256)[:, None] * np.pi
    azimuth = ((np.arange(512) + 0.5) / 512 - 0.5)[None] * 2 * np.pi
    x, z = np.cos(elevation) * np.sin(azimuth), np.cos(elevation) * np.cos(azimuth)
    y = np.broadcast_to(np.sin(elevation), x.shape)
    return (np.stack([x, y, z], axis=-1) + 1).astype(np.float32)


def centre(picture):
    middle = picture.shape[0] // 2
    return picture[middle - 1 : middle + 1, middle - 1 : middle + 1].mean((0, 1)) - 1


@pytest.mark.parametrize("pitch", [-0.4, 0.0, 0.4])
@pytest.mark.parametrize("yaw", [-3.1, -1.0, 0.0, 2.0])
def test_the_middle_looks_where_the_view_points(compass, pitch, yaw):
    view = View(1.2, pitch, yaw)
    expected = [np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)]
    np.testing.assert_allclose(centre(sample(compass, view, view.plane(64))), expected, atol=0.01)


def test_the_edges_are_half_the_field_of_view_away(compass):
    view = View(np.pi / 2, 0, 0)
    row = sample(compass, view, view.plane(64))[31:33].mean(0) - 1
    angles = np.degrees(np.arctan2(row[[0, -1], 0], row[[0, -1], 2]))
    np.testing.assert_allclose(angles, [-45, 45], atol=1)


def test_no_seam_where_the_panorama_closes(compass):
    """The direction field is smooth, so a view across the seam must be as smooth as one away from it."""
    seam, ahead = (sample(compass, View(1.2, 0, yaw), View(1.2, 0, yaw).plane(64)) for yaw in (np.pi, 0.0))
    for axis in (0, 1):
        assert np.abs(np.diff(seam, 2, axis)).max() <= 1.5 * np.abs(np.diff(ahead, 2, axis)).max()


def test_shake_shifts_the_picture_by_so_many_pixels():
    view = View(1.3, 0.2, 1.0)
    plane = view.plane(256)
    shaken = view.plane(256, view.shake(256, np.array([3.0, -2.0]), 0.0))
    np.testing.assert_allclose((shaken - plane)[120:136, 120:136].mean((0, 1)), [3, -2], atol=0.02)


def test_roll_turns_the_picture_and_keeps_its_middle():
    view = View(1.3, 0, 0)
    turned = view.plane(257, view.shake(257, np.zeros(2), 0.1)) - 128
    np.testing.assert_allclose(turned[128, 128], 0, atol=1e-4)
    np.testing.assert_allclose(turned[128, 228], [100 * np.cos(0.1), 100 * np.sin(0.1)], atol=1e-2)


def test_fit_keeps_the_mean_and_never_enlarges():
    panorama = np.random.default_rng(0).random((128, 256, 3), np.float32)
    small = fit(panorama, 32)
    assert small.shape == (64, 128, 3)
    assert small.mean() == pytest.approx(panorama.mean(), rel=1e-4)
    assert fit(panorama, 128) is panorama
