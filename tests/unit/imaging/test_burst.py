"""A burst is right from the moment it exists."""

import numpy as np
import pytest

from hdrpipe.errors import InputError
from hdrpipe.imaging.burst import Burst, unit_floats

FRAMES = np.full((3, 3, 4, 5), 0.5, np.float32)
EV = (-2.0, 0.0, 3.0)


def test_times_are_relative_to_the_shortest():
    times = Burst(FRAMES, EV, 1).times
    assert times.dtype == np.float64
    assert times.tolist() == [1.0, 4.0, 32.0]


def test_the_shortest_exposure_clips_at_radiance_one():
    burst = Burst(np.ones_like(FRAMES), EV, 1)
    assert burst.radiance[:, 0, 0, 0].tolist() == [1.0, 0.25, 0.03125]
    assert burst.radiance.dtype == np.float32


def test_linear_is_the_gamma_curve_of_ldr():
    assert Burst(FRAMES, EV, 1).linear == pytest.approx(0.5**2.2)


def test_frames_are_kept_as_float32():
    assert Burst(FRAMES.astype(np.float64), EV, 1).ldr.dtype == np.float32


def test_replaced_frames_keep_the_exposures_and_are_checked():
    burst = Burst(FRAMES, EV, 2)
    other = burst.replace_ldr(FRAMES * 0.5)
    assert (other.ev, other.reference) == (burst.ev, burst.reference)
    with pytest.raises(InputError, match="camera values"):
        burst.replace_ldr(FRAMES * 3)


@pytest.mark.parametrize(
    ("ldr", "wrong"),
    [
        (FRAMES[0], "shape"),
        (FRAMES[:, :2], "shape"),
        (FRAMES[:, :, :0], "shape"),
        (FRAMES[:1], "one exposure"),
        (np.ones((3, 3, 4, 5), np.uint8), "uint8"),
        (FRAMES + 0.6, "camera values"),
        (FRAMES - 0.6, "camera values"),
        (np.where(np.arange(5) == 2, np.nan, FRAMES), "camera values"),
        (np.where(np.arange(5) == 2, np.inf, FRAMES), "camera values"),
    ],
)
def test_wrong_frames_are_refused(ldr, wrong):
    with pytest.raises(InputError, match=wrong):
        Burst(ldr, EV[: len(ldr)], 0)


@pytest.mark.parametrize("ev", [(0.0, 1.0), (0.0, 0.0, 1.0), (2.0, 0.0, 1.0), (0.0, np.nan, 1.0), (0.0, 1.0, np.inf)])
def test_wrong_exposures_are_refused(ev):
    with pytest.raises(InputError, match="exposure values"):
        Burst(FRAMES, ev, 1)


def test_exposures_given_in_seconds_are_recognised():
    with pytest.raises(InputError, match="stops"):
        Burst(FRAMES, (1.0, 60.0, 500.0), 1)


@pytest.mark.parametrize("reference", [-1, 3])
def test_a_reference_outside_the_burst_is_refused(reference):
    with pytest.raises(InputError, match="choose 0 to 2"):
        Burst(FRAMES, EV, reference)


def test_integers_are_divided_by_their_largest_value():
    assert unit_floats(np.array([0, 65535], np.uint16)).tolist() == [0.0, 1.0]


def test_floats_are_in_range_as_they_are():
    assert unit_floats(np.array([0.25, 1.0], np.float32)).tolist() == [0.25, 1.0]
