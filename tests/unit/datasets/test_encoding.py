"""Bit depth and linear light, told by all frames of a burst together."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from camera_files import frames, radiance, write_burst

from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.encoding import blocks, coded_if_linear, one_matrix, stretched
from hdrpipe.datasets.reading import read_burst
from hdrpipe.errors import InputError

EV = (0.0, 2.0, 4.0)


def written(folder, levels, ev=EV, told=True):
    """Frames (N, 3, H, W) of uint16 as TIFFs, read as a burst."""
    folder.mkdir()
    for number, frame in enumerate(levels):
        tifffile.imwrite(folder / f"{number}.tif", frame.transpose(1, 2, 0), photometric="rgb", metadata=None)
    if told:
        (folder / "exposure.txt").write_text("".join(f"{value}\n" for value in ev))
    return read_burst(find_burst(folder))


def linear(ev=EV, noise=0.0, top=65535):
    times = np.exp2(np.array(ev) - ev[0])[:, None, None, None]
    values = radiance() * times
    values = values + np.random.default_rng(0).normal(size=values.shape) * noise * np.sqrt(values)
    return np.rint(values.clip(0, 1) * top).astype(np.uint16)


@pytest.mark.parametrize("ev", [EV, (0.0, 1.0, 2.0), (-3.0, 0.0, 3.0), (0.0, 4.0), (0.0, 0.7, 1.4, 2.1)])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_linear_frames_are_known_by_their_exposures(tmp_path, ev, noise):
    burst = written(tmp_path / "b", linear(ev, noise), ev)
    assert ["linear light" in note for note in burst.notes] == [True]
    assert np.abs(burst.burst().linear - linear(ev, noise) / 65535).max() < 1e-3


def passed_by(values):
    values[2, :, 8:40, 20:40] = 2000  # a quarter of the longest frame
    return values


@pytest.mark.parametrize(
    ("ev", "change"),
    [
        (EV, lambda values: values * np.array([2**0.3, 1, 1])[:, None, None, None]),
        (EV, lambda values: values * np.array([2**-0.45, 1, 1])[:, None, None, None]),
        ((0.0, 1.0, 2.0), lambda values: values * np.array([1, 1, 2**0.25])[:, None, None, None]),
        ((0.0, 1.0, 2.0), lambda values: values * np.array([1, 1, 2**-0.25])[:, None, None, None]),
        (EV, passed_by),
    ],
    ids=["short +0.3", "short -0.45", "long +0.25", "long -0.25", "passer-by"],
)
@pytest.mark.parametrize("power", [1.0, 1 / 2.2])
def test_an_exposure_that_is_off_or_something_that_passes_by_hides_no_linear_light(ev, change, power):
    light = change(linear(ev).astype(np.float64)).clip(0, 65535) / 65535
    _, notes = coded_if_linear(np.rint(light**power * 65535).astype(np.uint16), ev)
    assert bool(notes) == (power == 1.0)


@pytest.mark.parametrize("level", [1, 4, 10])
def test_linear_light_of_noisy_cameras_is_known(level):
    scene = np.kron(radiance(), np.ones((4, 4)))
    light = scene * np.exp2(np.array(EV))[:, None, None, None]
    noisy = light + np.random.default_rng(0).normal(size=light.shape) * np.sqrt(
        level * (4e-4 * light.clip(0, 1) + 4e-6)
    )
    assert coded_if_linear(np.rint(noisy.clip(0, 1) * 65535).astype(np.uint16), EV)[1]


@pytest.mark.parametrize("ev", [EV, (0.0, 1.0, 2.0), (0.0, 4.0)])
@pytest.mark.parametrize("power", [1 / 2.2, 1 / 2.4, 1 / 1.8])
def test_coded_frames_are_left_as_they_are(tmp_path, ev, power):
    coded = np.rint((linear(ev) / 65535) ** power * 65535).astype(np.uint16)
    burst = written(tmp_path / "b", coded, ev)
    assert np.array_equal(burst.samples, coded)
    assert not any("linear" in note for note in burst.notes)


def test_a_steep_tone_curve_is_no_linear_light():
    """An S-curve over log exposure is as steep as linear light in places, never all along."""
    stops = np.log2(linear() / 65535 + 2e-3)
    coded = 1 / (1 + np.exp(-0.95 * (stops + 2.1)))
    samples = np.rint(coded / coded.max() * 65535).astype(np.uint16)
    kept, notes = coded_if_linear(samples.copy(), EV)
    assert np.array_equal(kept, samples)
    assert notes == []


def test_without_told_exposures_nothing_tells_linear_light(tmp_path):
    assert not any("linear" in note for note in written(tmp_path / "b", linear(), told=False).notes)


@pytest.mark.parametrize("bits", range(8, 16))
@pytest.mark.parametrize("light", [True, False])
def test_fewer_bits_in_sixteen_are_taken_over_their_range(tmp_path, bits, light):
    top = 2**bits - 1
    values = linear(top=top) if light else np.rint(frames(radiance(), EV) * top).astype(np.uint16)
    burst = written(tmp_path / "b", values)
    assert any(f"{bits} bit in 16-bit files" in note for note in burst.notes)
    assert np.abs(burst.burst().ldr[-1] - frames(radiance(), EV)[-1]).max() < 3 / top**0.5


@pytest.mark.parametrize("ev", [EV, (0.0, 1.0, 2.0)])
@pytest.mark.parametrize("power", [1.0, 1 / 2.2])
@pytest.mark.parametrize("end", [900, 15_892, 32_768, 58_000])
def test_sixteen_bits_end_where_frames_clip(tmp_path, end, power, ev):
    light = linear(ev, 0.02) / 65535
    burst = written(tmp_path / "b", np.rint(light**power * end).astype(np.uint16), ev)
    assert any(f"values clip at {end} of 65535" in note for note in burst.notes)
    assert np.abs(burst.burst().linear - light).max() < 3 / end**0.5


def test_the_colour_that_clips_first_is_white_and_hot_pixels_are_not():
    light = (linear().astype(np.float64) / 65535).clip(0, np.array([0.5, 1.0, 0.75])[:, None, None])
    light[:, 1, 10, 10] = 1.0
    kept, _ = stretched(np.rint(light * 20_000).astype(np.uint16), EV)
    assert np.abs(kept / 65535 - np.minimum(2 * light, 1)).max() < 0.01


@pytest.mark.parametrize("bright", [0.3, 0.8])
def test_a_flat_light_and_frames_that_do_not_clip_are_no_end(bright):
    light = linear() / 65535 * bright / 16
    light[:, :, :12] = bright / 16 * np.exp2(EV)[:, None, None, None]
    samples = np.rint(light.clip(0, bright) ** (1 / 2.2) * 65535).astype(np.uint16)
    kept, notes = stretched(samples.copy(), EV)
    assert np.array_equal(kept, samples)
    assert notes == []


@pytest.mark.parametrize("top", [3000, 12_000])
def test_a_range_that_no_depth_ends_is_kept_and_said(top):
    samples = np.full((2, 3, 4, 4), top, np.uint16)
    kept, notes = stretched(samples.copy(), EV[:2])
    assert np.array_equal(kept, samples)
    assert f"no value is beyond {top}" in notes[0]


def test_flat_frames_have_no_end():
    samples = np.ones((3, 3, 64, 64), np.uint16) * np.array([1311, 2621, 3932], np.uint16)[:, None, None, None]
    assert "no value is beyond 3932" in stretched(samples, EV)[1][0]


@pytest.mark.parametrize("top", [0, 255, 30_000, 65_535])
def test_black_and_full_range_are_no_matter(top):
    assert stretched(np.full((2, 3, 64, 64), top, np.uint16), EV[:2])[1] == []


def test_an_ordinary_burst_has_nothing_said(tmp_path):
    for suffix in ("png", "tif"):
        assert read_burst(find_burst(write_burst(tmp_path / suffix, suffix=suffix))).notes == ()


@pytest.mark.parametrize(("height", "width"), [(33, 40), (256, 300), (270, 515)])
def test_blocks_have_the_mean_and_the_largest_value_of_their_pixels(height, width):
    frame = np.random.default_rng(0).integers(0, 65536, (3, height, width), np.uint16)
    side = min(8, min(height, width) // 32)
    rows, columns = height // side, width // side
    squares = frame[:, : rows * side, : columns * side].reshape(3, rows, side, columns, side)
    means, most = squares.mean(axis=(0, 2, 4)).ravel(), squares.max(axis=(0, 2, 4)).ravel()
    assert np.array_equal(blocks(frame), np.stack([means, most]) / 65535)


WIDE = (1.2, -0.2, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("matrices", "name"),
    [((None, None, WIDE), "c.jpg"), ((WIDE, None, WIDE), "b.jpg"), ((WIDE, WIDE, None), "c.jpg")],
)
def test_a_frame_of_another_colour_space_is_named(matrices, name):
    files = [Path(one) for one in ("a.jpg", "b.jpg", "c.jpg")]
    with pytest.raises(InputError, match=rf"^{name}: is of another colour space than 'a\.jpg'; save all frames"):
        one_matrix(matrices, files)


def test_frames_of_one_colour_space_share_its_matrix():
    files = [Path("a.jpg"), Path("b.jpg")]
    assert one_matrix((None, None), files) is None
    np.testing.assert_allclose(one_matrix((WIDE, WIDE), files), np.reshape(WIDE, (3, 3)))
