"""Trivial maps and kinds of pixels on bursts whose answer is known."""

import numpy as np
import pytest

from hdrpipe.evaluation.baseline_maps import difference, disagreement, kinds, trivial_maps
from hdrpipe.imaging.camera import expose
from hdrpipe.imaging.tonemap import inverse_mu_law

TIMES = np.array([1.0, 4.0, 16.0])


def burst(moved=False):
    """Left half dark, right half clipped in the reference; a square that only the long frame lacks."""
    radiance = np.full((3, 16, 32), 0.02, np.float32)
    radiance[..., 16:] = 0.5
    frames = np.stack([expose(radiance, t) for t in TIMES])
    if moved:
        other = radiance.copy()
        other[:, 4:8, 4:8] = 0.2
        frames[:2] = np.stack([expose(other, t) for t in TIMES[:2]])
    return frames.astype(np.float32), TIMES, 1


def test_a_static_burst_shows_no_difference_even_where_frames_clip():
    assert difference(*burst()).max() == pytest.approx(0.0, abs=1e-5)


def test_motion_shows_where_it_is():
    found = difference(*burst(moved=True)) > 0.1
    assert found[4:8, 4:8].all()
    assert found.sum() == 16


def test_every_pixel_is_of_one_kind():
    found = kinds(*burst(moved=True))
    assert np.array_equal(sum(mask.astype(int) for mask in found.values()), np.ones((16, 32)))
    assert found["saturated"][:, 16:].all()
    assert found["moving"].sum() == 16


def test_maps_point_at_what_they_are_named_for():
    maps = trivial_maps(*burst(moved=True))
    assert maps["saturation"][0, 31] == 1.0 > maps["saturation"][0, 0]
    assert maps["gradient"][0, 15] > 10 * maps["gradient"][0, 2]
    assert maps["difference"].argmax() in np.flatnonzero(kinds(*burst(moved=True))["moving"])
    assert all(values.shape == (16, 32) for values in maps.values())


def test_disagreement_is_the_deviation_of_the_two():
    first, second = (inverse_mu_law(np.full((3, 2, 2), value)) for value in (0.4, 0.5))
    assert disagreement(first, second) == pytest.approx(0.05, rel=1e-4)


def toned(level, rows=16, columns=32):
    """Three static frames of a uniform radiance."""
    return np.stack([expose(np.full((3, rows, columns), level, np.float32), t) for t in TIMES]).astype(np.float32)


@pytest.mark.parametrize("brighter", [False, True])
@pytest.mark.parametrize(("gap", "moving"), [(0.08, False), (0.12, True)])
def test_a_difference_of_a_tenth_is_motion_whether_darker_or_brighter(gap, moving, brighter):
    frames = toned(0.02)
    frames[2, :, 4:8] += gap if brighter else -gap
    assert difference(frames, TIMES, 1)[4:8] == pytest.approx(np.full((4, 32), gap), abs=1e-5)
    assert kinds(frames, TIMES, 1)["moving"][4:8].all() == moving


def test_one_clipped_channel_saturates_a_pixel():
    frames = toned(0.02)
    frames[1, 2, :, 5] = 0.98
    found = kinds(frames, TIMES, 1)["saturated"]
    assert found[:, 5].all()
    assert found.sum() == 16
    assert trivial_maps(frames, TIMES, 1)["saturation"][3, 5] == np.float32(0.98)


def test_edges_of_both_directions_have_a_gradient():
    frames = toned(0.02)
    frames[:, :, 8:] *= 0.5
    found = trivial_maps(frames, TIMES, 1)["gradient"]
    assert found[7:9].min() > 0.01
    assert found[:6].max() == found[10:].max() == 0.0


def test_predictions_that_differ_out_of_range_agree_and_channels_are_averaged():
    first, second = np.full((3, 2, 4), 1.0), np.full((3, 2, 4), 1.0)
    second[0], second[1], first[2], second[2] = 7.0, inverse_mu_law(np.float64(0.4)), -1.0, 0.0
    assert disagreement(first, second) == pytest.approx(np.full((2, 4), 0.3 / np.sqrt(3)), rel=1e-5)
    assert disagreement(second, first) == pytest.approx(disagreement(first, second))
