"""RAW pictures: developed linearly, whatever kind of samples they hold."""

import numpy as np
import pytest
from camera_files import write_dng

from hdrpipe.files.pictures import raw
from hdrpipe.quantities import GAMMA

pytest.importorskip("rawpy", reason="the extra `raw` is not installed")

RAMP = np.repeat(np.exp2(np.linspace(-6, 0, 64))[None, None], 32, axis=1) * np.ones((3, 1, 1))
"""Grey light on the sensor, (3, 32, 64)."""

NEUTRAL = np.array([0.5, 1.0, 0.65]).reshape(3, 1, 1)


def linear(path):
    samples = raw.develop(path, raw.exposure_data(path)[0])
    return (samples.transpose(2, 0, 1) / 65535.0) ** GAMMA


@pytest.mark.parametrize("black", [0, 64, 512, 1500])
@pytest.mark.parametrize("kind", ["bayer", "linear"])
def test_black_is_dark_and_the_white_level_is_white_in_every_colour(tmp_path, kind, black):
    path = write_dng(tmp_path / "a.dng", RAMP * NEUTRAL, neutral=NEUTRAL.ravel(), black=black, kind=kind)
    seen = linear(path)[:, 16, 4:60]
    assert seen == pytest.approx(RAMP[:, 16, 4:60], rel=0.04, abs=2e-3)
    clipped = write_dng(tmp_path / "b.dng", 8 * RAMP * NEUTRAL, neutral=NEUTRAL.ravel(), black=black, kind=kind)
    assert linear(clipped)[:, 16, 60] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(("black", "white"), [(0, 4095), (512, 16383), (4096, 65535)])
def test_a_monochrome_sensor_gives_grey(tmp_path, black, white):
    path = write_dng(tmp_path / "a.dng", RAMP, black=black, white=white, kind="grey")
    seen = linear(path)
    assert seen.shape == RAMP.shape
    assert seen == pytest.approx(RAMP, rel=0.01, abs=2e-3)


@pytest.mark.parametrize(("kind", "tolerance"), [("linear", 0.05), ("bayer", 0.2)])
def test_the_noise_that_a_dng_states_is_that_of_the_developed_picture(tmp_path, kind, tolerance):
    shot, read, neutral = 1e-3, 1e-5, NEUTRAL
    sensor = np.full((3, 128, 128), 0.1) * neutral
    noisy = sensor + np.sqrt(shot * sensor + read) * np.random.default_rng(0).standard_normal(sensor.shape)
    path = write_dng(
        tmp_path / "a.dng", noisy, neutral=neutral.ravel(), white=65535, kind=kind, profile=[shot, read] * 3
    )
    stated = raw.exposure_data(path)[2]
    assert stated is not None
    assert stated[0] * 0.1 + stated[1] == pytest.approx(
        linear(path)[:, 8:-8, 8:-8].var(axis=(1, 2)).mean(), rel=tolerance
    )


@pytest.mark.parametrize("profile", [[1e-3], [1e-3, -1e-5], [0.0, 1e-5], [np.nan, 1e-5], [2.0, 0.0], [1e-3, 1e-5] * 2])
def test_an_impossible_noise_profile_counts_as_none(tmp_path, profile):
    assert raw.exposure_data(write_dng(tmp_path / "a.dng", RAMP, profile=profile))[2] is None
    assert raw.exposure_data(write_dng(tmp_path / "b.dng", RAMP, profile=[1e-3, 1e-5]))[2] is not None
