"""What pictures tell of their response, exposures and white balance, against cameras whose making is known."""

import numpy as np
import pytest
from camera_files import radiance
from scipy.ndimage import gaussian_filter

from hdrpipe.imaging.equalise import making, response_of
from hdrpipe.imaging.overlap import shift_between
from hdrpipe.imaging.response import PLAIN, SRGB, Response, fitted, match, ranked, thinned

EV = (0.0, 2.0, 4.0)
CODES = np.array([0.06, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9])


def room(seed=0, height=120, width=160):
    """Radiance (3, H, W) over eight stops with a texture on it."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(-8.0, 0.0, width) + rng.normal(0.0, 0.5, (3, height, width))
    return np.exp2(ramp.clip(-9.0, 0.0))


def gamma(linear):
    return linear ** (1 / 2.2)


def srgb(linear):
    return np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def contrast(share):
    def curve(linear):
        code = srgb(linear)
        return (1 - share) * code + share * (3 * code**2 - 2 * code**3)

    return curve


def shot(scenes, curve=gamma, ev=EV):
    """8-bit frames (N, 3, H, W) of one radiance, or of one a frame."""
    scenes = scenes if isinstance(scenes, list) else [scenes] * len(ev)
    linear = (np.clip(scene * 2.0**value, 0.0, 1.0) for scene, value in zip(scenes, ev, strict=True))
    return np.stack([np.rint(255 * curve(frame)).astype(np.uint8) for frame in linear])


def seen(frames, ev=EV, timed=True):
    burst = thinned(frames, ev)
    matches = match(burst)
    response = response_of(matches, len(ev), len(ev) // 2)
    return making(burst, matches, len(ev) // 2, response, timed)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("ev", [EV, (0.0, 1.0, 2.0), (0.0, 1.5, 3.0, 4.5)])
def test_the_curve_of_a_camera_is_found_to_a_tenth_of_a_stop(share, ev):
    curve = contrast(share)
    found = seen(shot(room(), curve, ev), ev).response
    light = np.linspace(1e-4, 1.0, 100_000)
    wanted = np.log2(np.interp(CODES, curve(light), light))
    off = found(CODES) - wanted
    assert np.abs(off - off[4]).max() < 0.1
    assert found is not PLAIN


def test_srgb_is_known_by_its_name():
    assert seen(shot(room(), srgb)).response is SRGB


@pytest.mark.parametrize("exponent", [1.8, 2.0, 2.4, 2.6])
@pytest.mark.parametrize("ev", [EV, (0.0, 1.0, 2.0), (0.0, 1.0, 2.0, 3.0, 4.0), (0.0, 0.7, 1.4, 2.1)])
def test_another_power_is_no_ladder_of_slips(exponent, ev):
    made = seen(shot(room(), lambda linear: linear ** (1 / exponent), ev), ev)
    off = made.response(CODES) - exponent * np.log2(CODES)
    assert np.abs(off - off[4]).max() < 0.1
    assert made.ev == pytest.approx(ev, abs=0.01)


@pytest.mark.parametrize("noise", [0.0, 4e-3])
@pytest.mark.parametrize("ev", [EV, (0.0, 1.0, 2.0), (0.0, 3.0)])
def test_gamma_stays_gamma(noise, ev):
    rng = np.random.default_rng(1)
    lit = [room() * 2.0**value for value in ev]
    scenes = [(x + rng.normal(size=x.shape) * np.sqrt(noise * x)) / 2.0**v for x, v in zip(lit, ev, strict=True)]
    found = seen(shot(scenes, ev=ev), ev)
    assert found.response is PLAIN
    assert found.ev == ev
    assert (found.gains == 1).all()


@pytest.mark.parametrize(("frame", "stops"), [(0, 0.2), (0, -0.35), (1, 0.15), (2, -0.1), (2, 0.45),
                                              (0, 0.8), (0, -2.0), (1, -1.0), (1, 1.0), (2, 1.5)])  # fmt: skip
def test_an_exposure_that_is_off_is_mended(frame, stops):
    true = [value + stops * (index == frame) for index, value in enumerate(EV)]
    found = seen(shot(room(), ev=tuple(true)))
    assert found.response is PLAIN
    assert np.diff(found.ev) == pytest.approx(np.diff(true), abs=0.03)


@pytest.mark.parametrize("stops", [0.3, -0.4])
@pytest.mark.parametrize("darkest", [-4.0, -3.0, -2.6])
def test_where_all_but_two_frames_are_black_or_white_a_slip_is_no_curve(stops, darkest):
    lamps = np.full((3, 120, 160), 1e-6)
    lamps[:, :, 60:] = np.exp2(np.linspace(darkest, 0.0, 100))
    lamps[:, :, 60:] += np.random.default_rng(4).normal(0.0, 4e-3, (3, 120, 100))
    found = seen(shot(lamps, ev=(stops, 2.0, 4.0)))
    assert found.response is PLAIN
    assert found.ev[1] - found.ev[0] == pytest.approx(2.0 - stops, abs=0.03)


def test_an_exposure_that_is_recorded_three_stops_wrong_is_no_curve():
    found = seen(shot(room()), ev=(0.0, 2.0, 7.0))
    assert found.response is PLAIN
    assert np.diff(found.ev) == pytest.approx((2.0, 2.0), abs=0.03)


@pytest.mark.parametrize("stops", [0.03, 2.0])
def test_what_is_nothing_or_makes_two_exposures_one_is_left_alone(stops):
    assert seen(shot(room(), ev=(stops, 2.0, 4.0))).ev == EV


@pytest.mark.parametrize("frame", [0, 1, 2])
@pytest.mark.parametrize("trouble", [
    lambda light: light + 0.02,
    lambda light: light * (1.0 + 3.0 * np.exp(-(((np.arange(160) - 40) / 50) ** 2))),
    lambda light: light * np.linspace(1.0, 4.0, 160),
], ids=["veil", "lamp", "flash"])  # fmt: skip
def test_other_light_in_one_frame_is_no_wrong_exposure(trouble, frame):
    scenes = [room()] * 3
    scenes[frame] = trouble(room())
    assert np.diff(seen(shot(scenes)).ev) == pytest.approx((2.0, 2.0), abs=0.5)


def test_a_row_of_exposures_that_are_all_off_by_more_than_a_slip_is_left_alone():
    assert seen(shot(room()), ev=(-0.7, 2.0, 5.2)).ev == (-0.7, 2.0, 5.2)


def test_an_exposure_that_nobody_told_is_not_off():
    assert seen(shot(room(), ev=(0.3, 2.0, 4.0)), timed=False).ev == EV


@pytest.mark.parametrize("frame", [0, 2])
@pytest.mark.parametrize("gain", [(1.2, 1.0, 0.7), (0.8, 1.0, 1.1), (1.0, 1.0, 0.9)])
def test_one_white_balance_for_all(frame, gain):
    scenes = [room() * 0.7] * 3
    scenes[frame] = scenes[frame] * np.array(gain)[:, None, None]
    frames = shot(scenes)
    found = seen(frames)
    assert found.gains.max() == 1.0
    light = (found.equal(frames) / 65535.0) ** 2.2 / np.exp2(found.ev)[:, None, None, None]
    usable = ((frames > 25) & (frames < 235)).all(axis=0)
    ratio = [np.median((light[frame, c] / light[1, c])[usable[c]]) for c in range(3)] if frame == 0 else None
    if ratio is not None:
        assert np.array(ratio) == pytest.approx(1.0, abs=0.04)
    balance = found.gains[frame] / found.gains[frame, 1] * np.array(gain)
    assert balance == pytest.approx(1.0, abs=0.04)


def test_what_clips_stays_white_whatever_the_gain():
    scenes = [room() * np.array([1.2, 1.0, 0.7])[:, None, None], room(), room()]
    frames = shot(scenes)
    frames[0, :, :5, :5] = 255
    assert (seen(frames).equal(frames)[0, :, :5, :5] == 65535).all()


def test_a_coloured_thing_that_passes_by_is_no_white_balance():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        scenes = [room(seed).copy() for _ in range(3)]
        scenes[rng.integers(3)][:, 20:80, 30:90] = rng.random((3, 1, 1)) * 0.3
        assert (seen(shot(scenes)).gains == 1).all()


def test_a_shift_of_the_camera_is_neither_curve_nor_exposure():
    wide = radiance(3, 120, 220)
    frames = shot([wide[:, :, start : start + 180] for start in (0, 8, 16)])
    found = seen(frames)
    assert shift_between(frames[0], frames[1]) == pytest.approx((0, 8), abs=1)
    assert found.response is PLAIN
    assert found.ev == EV


def test_a_frame_that_is_nearly_all_white_shows_no_shift():
    frames = shot(room() ** 0.15)
    assert (frames[1].max(axis=0) == 255).mean() > 0.9
    assert shift_between(frames[0], frames[1]) == (0, 0)


def lamplight(seed=0, height=120, width=160):
    """Grey radiance (3, H, W) that rises to 4, above white."""
    grain = gaussian_filter(np.random.default_rng(seed).normal(size=(height, width)), 2.0)
    stops = np.linspace(-7.0, 2.0, width) + 0.35 * grain / grain.std()
    return np.repeat(np.exp2(stops)[None], 3, axis=0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ev", [(3.0, 6.0), (4.0, 6.0)])
def test_what_is_white_in_one_frame_makes_no_shift(seed, ev):
    assert shift_between(*shot(lamplight(seed), ev=ev)) == (0, 0)


@pytest.mark.parametrize("moved", [(4, 9), (-6, -3), (0, -12)])
def test_a_shift_is_found_beside_what_one_frame_shows_white(moved):
    down, right = moved
    wide = radiance(2, 160, 220) * 1.5
    one, other = (wide[:, 20 + d : 140 + d, 20 + r : 180 + r] for d, r in ((0, 0), moved))
    assert shift_between(*shot([one, other], ev=(1.0, 3.0))) == pytest.approx((down, right), abs=1)


def test_the_curve_of_a_camera_is_found_where_the_longest_frame_is_mostly_white():
    curve, ev = contrast(0.5), (0.0, 3.0, 6.0)
    found = seen(shot(lamplight(), curve, ev), ev)
    light = np.linspace(1e-4, 1.0, 100_000)
    off = found.response(CODES) - np.log2(np.interp(CODES, curve(light), light))
    assert np.abs(off - off[4]).max() < 0.15
    assert found.ev == ev


@pytest.mark.parametrize("height", [1, 2, 3, 7, 12])
@pytest.mark.parametrize("lies", [True, False])
def test_strips_of_a_few_lines_have_their_shift(height, lies):
    wide = radiance(3, height, 900)
    frames = [shot([wide[:, :, start : start + 800]] * 3)[1] for start in (0, 6)]
    one, other = frames if lies else (frame.transpose(0, 2, 1) for frame in frames)
    assert shift_between(one, other)[int(lies)] == pytest.approx(6, abs=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_frames_make_no_codes_up(dtype):
    """A few dark pixels, then nothing up to white."""
    frame = np.full((3, 40, 50), np.iinfo(dtype).max, dtype)
    frame[:, :2] = np.iinfo(dtype).max // 2
    codes = ranked(frame)
    assert ((codes > 0.99) | (np.abs(codes - 0.5) < 0.01)).all()


def test_pictures_of_a_few_pixels_tell_nothing():
    frames = shot(np.exp2(np.random.default_rng(0).uniform(-8, 0, (3, 3, 5))))
    assert len(match(thinned(frames, EV))) == 0


def test_a_fitted_curve_rises_and_ends_at_one():
    stops = fitted(match(thinned(shot(room(), contrast(0.6)), EV))).stops
    assert (np.diff(stops) >= 0).all()
    assert stops[-1] == 0.0
    assert Response("it", stops)(1.0) == 0.0
