"""Foreground objects: where they are, how large, how bright."""

from dataclasses import replace

import numpy as np
import pytest

from hdrpipe.datasets.objects import make_object
from hdrpipe.datasets.views import View

SIZE = 128


@pytest.fixture
def panorama():
    return np.random.default_rng(7).gamma(1.0, 1.0, (64, 128, 3)).astype(np.float32) + np.float32(0.01)


def cover(thing, step):
    """Coverage of the object, drawn black over white."""
    plane = View(1.2, 0, 0).plane(SIZE)
    white = np.ones((SIZE, SIZE, 3), np.float32)
    black = replace(thing, sprite=thing.sprite * np.array([0, 0, 0, 1], np.float32))
    return 1 - black.draw(white, plane, step)[..., 0]


def middle(plane):
    y, x = np.mgrid[:SIZE, :SIZE]
    return np.array([(plane * x).sum(), (plane * y).sum()]) / plane.sum()


@pytest.mark.parametrize("seed", range(8))
def test_it_moves_by_its_velocity(panorama, seed):
    thing = make_object(np.random.default_rng(seed), panorama, SIZE, 1.0, (8, 8))
    way = middle(cover(thing, 1)) - middle(cover(thing, 0))
    assert np.hypot(*thing.velocity) == pytest.approx(8 * SIZE / 256)
    np.testing.assert_allclose(way, thing.velocity, atol=1.0)  # it deforms on its way


@pytest.mark.parametrize("seed", range(8))
def test_it_is_of_plausible_size_with_a_soft_edge(panorama, seed):
    alpha = cover(make_object(np.random.default_rng(seed), panorama, SIZE, 1.0, (4, 12)), 0)
    assert 0.05 * SIZE < np.sqrt(alpha.sum()) < 0.35 * SIZE
    assert alpha.min() == 0
    assert alpha.max() == pytest.approx(1)
    assert ((alpha > 0.05) & (alpha < 0.95)).sum() > 0.1 * np.sqrt(alpha.sum())


@pytest.mark.parametrize("brightness", [0.02, 5.0])
def test_it_is_lit_like_the_scene(panorama, brightness):
    thing = make_object(np.random.default_rng(3), panorama, SIZE, brightness, (4, 12))
    inside = thing.sprite[..., 3] == 1
    level = np.median(thing.sprite[inside][:, :3])
    assert brightness / 3 < level < brightness * 3


def test_the_rest_of_the_picture_stays(panorama):
    thing = make_object(np.random.default_rng(1), panorama, SIZE, 1.0, (4, 12))
    picture = np.random.default_rng(2).random((SIZE, SIZE, 3), np.float32)
    drawn = thing.draw(picture, View(1.2, 0, 0).plane(SIZE), 0)
    untouched = cover(thing, 0) == 0
    np.testing.assert_array_equal(drawn[untouched], picture[untouched])
    assert not np.array_equal(drawn, picture)
