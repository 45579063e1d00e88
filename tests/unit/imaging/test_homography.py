"""Maps between hand-held frames: found where they are, refused where nothing speaks for one."""

import cv2
import numpy as np
import pytest

from hdrpipe.imaging.align import align
from hdrpipe.imaging.homography import flow_of, homography

TURNED = np.array([[0.9994, -0.02, 6.0], [0.021, 1.0004, -4.0], [2e-6, -1e-6, 1.0]])


def luma(radiance):
    return np.rint(255 * radiance.mean(0) ** (1 / 2.2)).astype(np.uint8)


def seen(radiance, full):
    """What a camera sees that is turned so that `full` maps the reference onto its picture."""
    size = radiance.shape[2], radiance.shape[1]
    turned = cv2.warpPerspective(radiance.transpose(1, 2, 0), full, size, borderMode=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(turned.transpose(2, 0, 1)).clip(0, 1)


@pytest.mark.parametrize("side", [256, 1800])
def test_a_turn_of_the_hand_is_found(texture, side):
    scene = texture(side=256, smooth=1.5)
    if side > 256:
        scene = np.asarray(cv2.resize(scene.transpose(1, 2, 0), (side, side))).transpose(2, 0, 1)
    error = flow_of(homography(luma(scene), luma(seen(scene, TURNED))), scene.shape[1:]) - flow_of(
        TURNED, scene.shape[1:]
    )
    assert np.abs(error).max() < 1.5
    assert np.abs(error).mean() < 0.5


def test_a_turned_burst_comes_back(texture, photograph):
    scene = texture(side=256, smooth=1.5)
    burst = photograph([seen(scene, TURNED), scene, seen(scene, np.linalg.inv(TURNED))], noise=4e-4)
    still, aligned = photograph(scene, noise=4e-4), align(burst, "homography")
    assert all(entry["accepted"] for entry in aligned.report)
    inside = np.s_[:, :, 24:-24, 24:-24]
    before, after = (np.abs(b.ldr[inside] - still.ldr[inside]).mean() for b in (burst, aligned.burst))
    assert after < 0.3 * before


def test_nothing_in_common_gives_no_map(texture):
    assert homography(luma(texture(1)), luma(texture(2))) is None
    assert homography(np.zeros((64, 64), np.uint8), np.full((64, 64), 255, np.uint8)) is None


def test_maps_that_no_hand_makes_are_refused(texture):
    scene = texture(side=256, smooth=1.5)
    far = np.array([[1.0, 0, 90.0], [0, 1, 0], [0, 0, 1]])
    mirrored = np.array([[-1.0, 0, 255.0], [0, 1, 0], [0, 0, 1]])
    for full in (far, mirrored):
        assert homography(luma(scene), luma(seen(scene, full))) is None


def test_the_report_says_when_no_map_was_found(texture, photograph):
    burst = photograph([texture(1), texture(2), texture(3)])
    aligned = align(burst, "homography")
    assert np.array_equal(aligned.burst.ldr, burst.ldr)
    assert [(entry["method"], entry["accepted"]) for entry in aligned.report] == [("none", False)] * 2
