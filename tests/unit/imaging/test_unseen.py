"""Flow in regions that the reference shows black or white."""

import cv2
import numpy as np
import pytest

from hdrpipe.imaging.homography import flow_of
from hdrpipe.imaging.unseen import LOOKED_AT, complete

SIDE = 160
TURN = np.array([[0.9998, -0.02, 4.0], [0.02, 0.9998, -3.0], [0.0, 0.0, 1.0]])
WINDOW = np.s_[50:110, 40:120]


def seen(projection=TURN, side=SIDE):
    """Lumas of a reference with a white window and of a frame, what is clear in them, and the flow between them."""
    noise = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    reference = (110 + 60 * cv2.GaussianBlur(noise, (0, 0), 3) / 0.1).clip(20, 200).astype(np.uint8)
    reference[WINDOW] = 255
    frame = cv2.warpPerspective(reference, projection, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return (reference, frame), tuple(luma < 240 for luma in (reference, frame)), flow_of(projection, (side, side))


def guessed(flow):
    """Flow that is 5 pixels off inside the window, and wrong by a tenth outside."""
    made = flow + np.random.default_rng(1).normal(0, 0.1, flow.shape).astype(np.float32)
    made[WINDOW] += 5.0
    return made


def test_flow_behind_white_is_that_of_the_camera():
    lumas, exposed, truth = seen()
    flow = guessed(truth)
    complete(flow, lumas, exposed)
    inner = np.s_[60:100, 50:110]
    assert np.abs(flow[inner] - truth[inner]).max() < 0.1
    assert np.array_equal(flow[:30], guessed(truth)[:30])


def test_flow_stays_where_the_frame_shows_something_else_there():
    lumas, exposed, truth = seen()
    lumas[1][70:95, 60:100] = 30  # somebody before the window
    flow = guessed(truth)
    complete(flow, lumas, exposed)
    assert np.array_equal(flow[80:85, 70:90], guessed(truth)[80:85, 70:90])


def test_flow_stays_where_no_camera_explains_it():
    lumas, exposed, truth = seen()
    flow = guessed(truth) + 6.0 * np.random.default_rng(2).random((SIDE, SIDE, 1), np.float32)
    kept = flow.copy()
    complete(flow, lumas, exposed)
    assert np.array_equal(flow, kept)


@pytest.mark.parametrize("nothing", [np.zeros((SIDE, SIDE), bool), np.ones((SIDE, SIDE), bool)])
def test_flow_stays_where_nothing_or_everything_is_clear(nothing):
    lumas, _, truth = seen()
    flow = guessed(truth)
    complete(flow, lumas, (nothing, nothing))
    assert np.array_equal(flow, guessed(truth))


def test_a_thinned_picture_tells_the_same_motion(monkeypatch):
    lumas, exposed, truth = seen()
    flow = guessed(truth)
    monkeypatch.setattr("hdrpipe.imaging.unseen.LOOKED_AT", SIDE * SIDE // 4)
    assert LOOKED_AT > SIDE * SIDE
    complete(flow, lumas, exposed)
    inner = np.s_[70:90, 60:100]
    assert np.abs(flow[inner] - truth[inner]).max() < 0.2
