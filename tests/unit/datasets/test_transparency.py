"""Transparent pixels: not measured, and filled by the other frames."""

import cv2
import numpy as np
import pytest
import tifffile
from camera_files import frames, radiance

from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.reading import read_burst
from hdrpipe.datasets.transparency import empty_lines, fill_transparent

EV = (0.0, 2.0, 4.0)
CUT = np.s_[:, 10:30]


def written(folder, where, suffix="tif", alpha=0.0, bits=8):
    """Frames of which those in `where` are black and transparent in a part."""
    top = 2**bits - 1
    for number, ldr in enumerate(frames(radiance(), EV)):
        samples = np.dstack([ldr.transpose(1, 2, 0), np.ones(ldr.shape[1:])])
        if number in where:
            samples[CUT] = (0, 0, 0, alpha)
        samples = np.rint(samples * top).astype(np.uint8 if bits == 8 else np.uint16)
        if suffix == "tif":
            tifffile.imwrite(folder / f"{number}.tif", samples, photometric="rgb", extrasamples=["unassalpha"])
        else:
            cv2.imwrite(str(folder / f"{number}.png"), samples[..., [2, 1, 0, 3]])
    (folder / "exposure.txt").write_text("0\n2\n4\n")
    return read_burst(find_burst(folder))


@pytest.mark.parametrize("suffix", ["tif", "png"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("where", [(1,), (2,), (1, 2)])
def test_what_the_others_show_stands_in(tmp_path, suffix, bits, where):
    burst = written(tmp_path, where, suffix, bits=bits)
    assert np.abs(burst.burst().ldr - frames(radiance(), EV)).mean() < 0.01
    assert [note.split(":")[1][-28:] for note in burst.notes] == ["transparent and not measured"] * len(where)


def test_the_shortest_frame_is_filled_where_another_tells(tmp_path):
    burst = written(tmp_path, (0,)).burst()
    told = (frames(radiance(), EV)[1] < 0.95).all(axis=0)
    assert np.abs(burst.ldr[0] - frames(radiance(), EV)[0])[:, told].mean() < 0.01


def test_the_longest_frame_that_does_not_clip_stands_in_or_else_the_shortest():
    samples = np.zeros((3, 3, 1, 2), np.uint16)
    samples[0], samples[2, :, :, 0], samples[2, :, :, 1] = 20_000, 40_000, 65_535
    fill_transparent(samples, EV, [None, np.zeros((1, 2), bool), None])
    assert samples[1, 0, 0].tolist() == [round(40_000 / 4 ** (1 / 2.2)), round(20_000 * 4 ** (1 / 2.2))]


def test_half_transparent_is_not_measured_and_all_transparent_tells_nothing(tmp_path):
    (tmp_path / "half").mkdir()
    assert np.abs(written(tmp_path / "half", (2,), alpha=0.5).burst().ldr - frames(radiance(), EV)).mean() < 0.01
    (tmp_path / "all").mkdir()
    burst = written(tmp_path / "all", (0, 1, 2))
    assert (burst.samples[:, :, :, 10:30] == 0).all()


def test_alpha_that_is_full_says_nothing(tmp_path):
    assert written(tmp_path, ()).notes == ()


def cut_short(level, frame, edge, bits=16):
    """Samples of frames of which one has lines of one value at an edge."""
    top = 2**bits - 1
    scene = radiance() * (0.05 if level else 1.0)
    samples = np.rint(frames(scene, EV) * top).astype(np.uint8 if bits == 8 else np.uint16)
    samples[frame, :, *edge] = level * top
    return samples


@pytest.mark.parametrize(("frame", "level"), [(0, 1), (1, 0), (1, 1), (2, 0)])
@pytest.mark.parametrize("edge", [np.s_[-20:, :], np.s_[:9, :], np.s_[:, -30:], np.s_[:, :1]])
@pytest.mark.parametrize("bits", [8, 16])
def test_lines_that_a_file_has_lost_are_not_measured(frame, level, edge, bits):
    masks = empty_lines(cut_short(level, frame, edge, bits), EV)
    assert [mask is None for mask in masks] == [index != frame for index in range(3)]
    assert not masks[frame][edge].any()
    assert masks[frame].mean() > 0.4


def test_a_file_that_is_cut_short_is_told_and_the_others_stand_in(tmp_path):
    for number, samples in enumerate(cut_short(0, 1, np.s_[-20:, :])):
        tifffile.imwrite(tmp_path / f"{number}.tif", samples.transpose(1, 2, 0), photometric="rgb")
    (tmp_path / "exposure.txt").write_text("0\n2\n4\n")
    burst = read_burst(find_burst(tmp_path))
    assert np.abs(burst.burst().ldr - frames(radiance(), EV)).mean() < 0.01
    assert "'1.tif': 50.0% are empty lines, as where a file is cut short" in burst.notes[0]


def test_lines_that_are_dark_or_white_in_all_frames_are_measured():
    samples = np.rint(frames(radiance() * 0.9, EV) * 65535).astype(np.uint16)
    samples[:, :, :10] = 0
    samples[:, :, -10:] = 65535
    samples[2, :, :, :10] = 65535  # a bright wall, white in the longest
    samples[1, :, 10:-10, :10] = 60000
    assert empty_lines(samples, EV) == [None] * 3
