"""Orientation tags that disagree inside one burst."""

import numpy as np
import pytest
from camera_files import frames, radiance, write_frame

from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.reading import read_burst
from hdrpipe.datasets.turning import overruled, turned
from hdrpipe.files.pictures.images import upright


def written(folder, tags, stored=lambda ldr, tag: ldr):
    """JPEGs of one scene with the given tags, read as a burst."""
    for number, (ldr, tag) in enumerate(zip(frames(radiance()), tags, strict=True)):
        path = folder / f"{number}.jpg"
        write_frame(path, stored(ldr, tag), seconds=0.01 * 4**number, iso=100, aperture=4, orientation=tag)
    return read_burst(find_burst(folder))


@pytest.mark.parametrize(
    ("tags", "most"),
    [((1, 1, 3), 1), ((3, 1, 1), 1), ((1, 8, 1), 1), ((6, 6, 1), 6), ((1, 6, 6), 6), ((8, 6, 8), 8), ((1, 1, 2), 1)],
)
def test_a_tag_that_the_picture_belies_is_overruled_by_most(tmp_path, tags, most):
    burst = written(tmp_path, tags)
    for frame, ldr in zip(burst.burst().ldr, frames(radiance()), strict=True):
        assert np.abs(frame.transpose(1, 2, 0) - upright(ldr.transpose(1, 2, 0), most)).mean() < 0.02
    assert any("orientation" in note for note in burst.notes)


@pytest.mark.parametrize("tag", [4, 5])
def test_a_scene_that_is_nearly_symmetric_tells_too(tag):
    other = {4: 1, 5: 6}[tag]
    light = np.linspace(0.1, 1, 64) * np.exp2(0.15 * np.random.default_rng(0).normal(size=(48, 64)))
    stored = [np.rint(light.clip(0, 1) * top)[..., None].repeat(3, 2).astype(np.uint8) for top in (120, 240)]
    assert overruled(upright(stored[1], tag), tag, upright(stored[0], other), other)
    assert not overruled(upright(stored[1], other), tag, upright(stored[0], other), other)


@pytest.mark.parametrize("tags", [(1, 1, 3), (6, 8, 6), (1, 6, 1), (5, 7, 2)])
def test_tags_that_the_pictures_bear_out_are_kept_and_nothing_is_said(tmp_path, tags):
    """A camera that stored the frames turned, each with the right tag."""

    def stored(ldr, tag):
        return turned(ldr.transpose(1, 2, 0), tag, 1).transpose(2, 0, 1)

    burst = written(tmp_path, tags, stored)
    assert burst.notes == ()
    assert np.abs(burst.burst().ldr - frames(radiance())).mean() < 0.02


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("other", range(1, 9))
def test_turning_is_as_if_the_other_tag_had_stood_there(tag, other):
    stored = np.arange(24).reshape(2, 4, 3)
    assert np.array_equal(turned(upright(stored, tag), tag, other), upright(stored, other))
