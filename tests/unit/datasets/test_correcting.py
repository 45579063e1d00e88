"""Response, exposures and white balance of frames that have several troubles at once."""

from pathlib import Path

import numpy as np
import pytest

from hdrpipe.datasets.correcting import corrected


def room(height=96, width=128):
    """Radiance (3, H, W) over eight stops with a texture on it."""
    rng = np.random.default_rng(2)
    ramp = np.linspace(-8.0, -0.3, width) + rng.normal(0.0, 0.5, (3, height, width))
    return np.exp2(ramp.clip(-9.0, -0.1))


def contrast(linear):
    code = linear ** (1 / 2.2)
    return 0.7 * code + 0.3 * (3 * code**2 - 2 * code**3)


def shot(curve, ev, tinted=None, gain=(1.0, 1.0, 1.0)):
    """16-bit frames (N, 3, H, W); the channels of the frame `tinted` have this gain."""
    gains = [np.array(gain if index == tinted else (1.0, 1.0, 1.0))[:, None, None] for index in range(len(ev))]
    linear = ((room() * factor * 2.0**value).clip(0.0, 1.0) for factor, value in zip(gains, ev, strict=True))
    return np.stack([np.rint(65535 * curve(frame)).astype(np.uint16) for frame in linear])


def radiance_of(frames, ev):
    """Radiance that the darkest frame shows, and what was said."""
    files = [Path(f"{index}.tif") for index in range(len(ev))]
    made = corrected(frames, ev, len(ev) // 2, files, "auto", timed=True, coarse=False)
    return (made.samples[0] / 65535.0) ** 2.2 * 2.0 ** (ev[0] - made.ev[0]), made


def assert_right(frames, ev):
    shown, made = radiance_of(frames, ev)
    off = np.log2(shown / room())[room() > 0.02]
    assert np.abs(np.median(off)) < 0.1
    assert np.abs(off - np.median(off)).max() < 0.15
    return made


@pytest.mark.parametrize("ev", [(0.0, 1.0, 2.0, 3.0, 4.0), tuple(2 / 3 * index for index in range(7))])
def test_a_weak_curve_of_many_frames_is_no_row_of_slips(ev):
    made = assert_right(shot(contrast, ev), ev)
    assert made.ev == ev
    assert ["response" in note for note in made.notes] == [True]


@pytest.mark.parametrize("exponent", [1.8, 2.6])
@pytest.mark.parametrize("gain", [(0.8, 1.0, 1.25), (1.5, 1.0, 0.6)])
def test_a_frame_in_another_white_balance_hides_no_response(exponent, gain):
    ev = (0.0, 2.0, 4.0)
    made = assert_right(shot(lambda linear: linear ** (1 / exponent), ev, 2, gain), ev)
    assert ["response" in note for note in made.notes] == [True, False]
    assert "white balance" in made.notes[1]


def test_another_power_is_no_row_of_slips_beside_a_white_balance():
    ev = (0.0, 1.0, 2.0, 3.0)
    assert_right(shot(lambda linear: linear ** (1 / 1.8), ev, 1, (1.2, 1.0, 0.8)), ev)
