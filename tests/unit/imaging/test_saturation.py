"""The level at which a sensor or a file clips, found in the counts of its values."""

import numpy as np
import pytest

from hdrpipe.imaging.saturation import BINS, saturation, white_code

EV = (-4.0, -2.0, 0.0)
LIGHT = np.repeat(np.exp2(np.linspace(-6, 2, 200)), 40)
"""Lights of one colour; those above 1 clip in a frame of EV 0."""


def tones(light, full=1.0, noise=0.0, ev=EV):
    rng = np.random.default_rng(0)
    made = []
    for stops in ev:
        value = light * 2.0**stops
        value = value + noise * np.sqrt(value) * rng.normal(size=value.shape)
        bins = np.minimum(np.clip(value, 0, full) * BINS, BINS - 1).astype(int)
        made.append(np.bincount(bins.ravel(), minlength=BINS)[None])
    return made


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("full", [0.25, 0.5, 0.7, 0.9, 0.95, 0.99])
def test_a_pile_of_brightest_values_is_the_level(full, noise):
    assert saturation(tones(LIGHT, full, noise), EV) == pytest.approx(full, abs=3 / BINS)


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
def test_a_burst_that_clips_at_its_white_level_keeps_it(noise):
    assert saturation(tones(LIGHT, 1.0, noise), EV) == 1.0


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.03, 0.3])
@pytest.mark.parametrize("brightest", [0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("flat", [0, 400, 4000], ids=["ramp", "lamp", "wall"])
def test_a_burst_without_clipped_pixels_keeps_its_white_level(brightest, noise, flat):
    light = np.concatenate([LIGHT * brightest / LIGHT.max(), np.full(flat, brightest)])
    full = 1.0 if noise else 2.0
    assert saturation(tones(light, full, noise), EV) == 1.0


@pytest.mark.parametrize("off", [-0.3, 0.3])
def test_a_flat_light_does_not_count_where_the_told_exposure_is_a_little_off(off):
    light = np.concatenate([LIGHT * 0.5 / LIGHT.max(), np.full(400, 0.5)])
    assert saturation(tones(light), (EV[0], EV[1] + off, EV[2])) == 1.0


def test_the_lowest_colour_counts_and_hot_pixels_do_not():
    made = [np.concatenate(pair) for pair in zip(tones(LIGHT, 0.9), tones(0.6 * LIGHT, 0.8), strict=True)]
    made[-1][:, -1] += 1
    assert saturation(made, EV) == pytest.approx(0.8, abs=1 / BINS)


def test_dark_frames_tell_nothing():
    assert saturation(tones(LIGHT * 0.001), EV) == 1.0
    assert saturation([np.zeros((3, BINS), np.int64)] * 3, EV) == 1.0


def burst(light, white, blur=0.0, ev=EV):
    """(3, 3, h, w) codes of a camera that clips at a code, blurred afterwards as JPEG does."""
    rng = np.random.default_rng(1)
    linear = np.clip(light * np.exp2(np.array(ev))[:, None], 0, 1)
    codes = np.rint(linear ** (1 / 2.2) * white + blur * rng.normal(size=linear.shape)).clip(0, 255)
    return np.broadcast_to(codes.astype(np.uint8).reshape(len(ev), 1, 40, -1), (len(ev), 3, 40, light.size // 40))


@pytest.mark.parametrize("blur", [0.0, 0.8])
@pytest.mark.parametrize("white", [230, 240, 248, 251])
def test_codes_that_pile_up_below_the_highest_are_white(white, blur):
    assert white_code(burst(LIGHT, white, blur), EV) == pytest.approx(white, abs=1 + blur)


def test_frames_that_clip_at_the_highest_code_or_not_at_all_keep_it():
    assert white_code(burst(LIGHT, 255), EV) == 255
    assert white_code(burst(LIGHT * 0.9 / LIGHT.max(), 255), EV) == 255


@pytest.mark.parametrize("brightest", [0.78, 0.85, 0.95])
def test_a_bright_wall_is_no_clipping(brightest):
    light = np.concatenate([LIGHT * brightest / LIGHT.max(), np.full(4000, brightest)])
    assert white_code(burst(light, 255), EV) == 255
