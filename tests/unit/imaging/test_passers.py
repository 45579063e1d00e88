"""Dark values of longer frames are not believed where the reference foretells a bright place."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from hdrpipe.imaging.camera import expose
from hdrpipe.imaging.passers import without_passers

TIMES = np.array([1.0, 4.0, 16.0])
COAT = (slice(None), slice(20, 40), slice(20, 40))


def shoot(scene, times=TIMES, level=1.0, spread=0.0):
    """Frames of a scene; `spread` is the radius in pixels over which neighbours share their noise."""
    rng = np.random.default_rng(0)
    linear = [scene * time for time in times]
    noises = [gaussian_filter(rng.normal(size=x.shape), (0, spread, spread)) for x in linear]
    deviations = [np.sqrt(level * (4e-4 * np.minimum(x, 1) + 4e-6)) for x in linear]
    noisy = [x + deviation * z / z.std() for x, deviation, z in zip(linear, deviations, noises, strict=True)]
    return np.stack([expose(x, 1.0) for x in noisy]).astype(np.float32)


def place(level):
    return np.full((3, 60, 60), level) * np.array([1.0, 0.9, 0.8])[:, None, None]


@pytest.mark.parametrize("level", [0.06, 0.1, 0.4, 0.9])
@pytest.mark.parametrize("coat", [0.0, 0.003, 0.02])
def test_a_passer_in_a_longer_frame_becomes_what_the_reference_foretells(level, coat):
    scene = place(level)
    frames = shoot(scene)
    wanted = frames.copy()
    frames[2][COAT] = expose(np.float32(coat), 16.0)
    found = without_passers(frames, TIMES, 1)
    assert np.abs(found[2] - wanted[2]).max() < 0.08
    assert np.array_equal(found[:2], wanted[:2])
    assert np.array_equal(found[2][:, :10], wanted[2][:, :10])


def test_every_longer_frame_is_looked_at_and_a_doubled_reference_is_none():
    times = np.array([1.0, 1.0, 4.0, 16.0])
    frames = shoot(place(0.3), times)
    wanted = frames.copy()
    frames[2:, :, 20:40, 20:40] = 0.1
    assert np.abs(without_passers(frames, times, 0)[2:] - wanted[2:]).max() < 0.1


@pytest.mark.parametrize("reference", [0, 1])
def test_what_fits_is_left_as_it_is(reference):
    """Shadows, lights beyond clipping, and a frame whose exposure or curve is a third of a stop off."""
    ramp = np.broadcast_to(np.exp2(np.linspace(-12, 0, 240)), (3, 60, 240))
    frames = shoot(ramp)
    assert without_passers(frames, TIMES, reference) is frames
    frames[2] *= np.float32(0.9)
    assert without_passers(frames, TIMES, reference) is frames


def test_what_is_brighter_in_a_longer_frame_or_dark_in_all_is_left():
    frames = shoot(place(0.01))
    frames[2][COAT] = 1.0
    assert without_passers(frames, TIMES, 1) is frames


def test_noise_that_neighbours_share_is_no_passer():
    frames = shoot(place(0.018), level=48.0, spread=0.7)
    replaced = [(without_passers(frames, TIMES, 1, level) != frames).mean() for level in (1.0, 48.0)]
    assert replaced[0] > 0.01
    assert replaced[1] < 0.2 * replaced[0]


def test_a_passer_is_seen_through_noise():
    frames = shoot(place(0.2), level=32.0, spread=1.0)
    wanted = frames[2].copy()
    frames[2][COAT] = expose(np.float32(0.003), 16.0)
    found = without_passers(frames, TIMES, 1, 32.0)
    assert found[2][COAT].mean() > 0.9 * wanted[COAT].mean()
