import numpy as np
import pytest

from hdrpipe.errors import InputError
from hdrpipe.imaging.exposure import brightness, estimate, stops_between


def test_the_exposure_of_a_static_scene_is_found(texture, photograph):
    burst = photograph(texture(side=64), (0.0, 1.5, 4.0))
    found = estimate([brightness(frame) for frame in burst.ldr])
    assert found == pytest.approx((0.0, 1.5, 4.0), abs=0.02)


@pytest.mark.parametrize("white", [1 / 16, 0.9, 100.0])
def test_white_may_lie_anywhere(texture, photograph, white):
    burst = photograph(texture(side=64), (0.0, 1.5, 4.0))
    found = estimate([white * brightness(frame) for frame in burst.ldr])
    assert found == pytest.approx((0.0, 1.5, 4.0), abs=0.02)


def test_motion_does_not_matter_much(texture, photograph, moved):
    scene = texture(side=64)
    burst = photograph([scene, moved(scene, 9, 4), moved(scene, 1, 12)])
    assert estimate([brightness(frame) for frame in burst.ldr]) == pytest.approx((0.0, 2.0, 4.0), abs=0.4)


def test_the_order_of_the_pictures_is_kept(texture, photograph):
    burst = photograph(texture(side=64), (0.0, 2.0, 4.0))
    assert estimate([brightness(burst.ldr[index]) for index in (2, 0, 1)]) == pytest.approx((4, 0, 2), abs=0.02)


def test_integers_and_floats_are_equally_bright(texture, photograph):
    frame = photograph(texture(side=64)).ldr[1]
    assert np.abs(brightness(np.rint(frame * 255).astype(np.uint8)) - brightness(frame)).max() < 1 / 254


@pytest.mark.parametrize("levels", [(0.0, 0.0), (0.0, 1.0), (0.5, 0.5)])
def test_nothing_is_made_up(levels):
    flat = [np.full((8, 8), level, np.float32) for level in levels]
    with pytest.raises(InputError, match="no exposure can be estimated"):
        estimate(flat)


def test_a_step_is_none_where_nothing_can_be_compared():
    assert stops_between(np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32)) is None
