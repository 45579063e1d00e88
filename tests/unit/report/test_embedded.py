"""Which scenes and exposures are shown, and how."""

from contextlib import ExitStack

import numpy as np
import pytest
from small_run import make_run

from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.previews import levels, mask_picture, shown_exposures, veiled
from hdrpipe.report.embedded import drawing, photo
from hdrpipe.report.gallery import alike, keep_rate, picked_tests, picked_unlabelled
from hdrpipe.report.strip import representative_scene
from hdrpipe.stages.report import read_run


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


def test_worst_median_and_best_of_each_difficulty(files):
    picked = picked_tests(read_run(files))
    assert picked[:3] == [
        ("tripod", "worst", "test-000"),
        ("tripod", "median", "test-003"),
        ("tripod", "best", "test-006"),
    ]
    assert [difficulty for difficulty, _, _ in picked[::3]] == ["tripod", "handheld", "large-motion"]


@pytest.mark.parametrize("count", [1, 6, 99])
def test_unlabelled_scenes_rise_from_the_lowest_keep_rate_to_the_highest(files, count):
    with ExitStack() as stack:
        masks = Shards(files.masks, "masks", stack)
        picked = picked_unlabelled(masks, count)
        rates = [keep_rate(masks, scene) for scene in picked]
    assert rates == sorted(rates)
    assert len(picked) == len(set(picked)) == min(count, 7)
    assert picked[0] == "pool-000"
    assert count == 1 or picked[-1] == "pool-006"


@pytest.mark.parametrize(
    ("count", "reference", "shown"), [(2, 0, [0, 1]), (3, 1, [0, 1, 2]), (7, 3, [0, 3, 6]), (5, 0, [0, 4])]
)
def test_shortest_reference_and_longest_exposure_are_shown(count, reference, shown):
    assert shown_exposures(count, reference) == shown


def test_figure_shows_the_scene_whose_patch_level_keeps_nearest_to_three_quarters(files):
    with ExitStack() as stack:
        assert representative_scene(Shards(files.masks, "masks", stack)) == "pool-005"


def test_pictures_shown_alike_are_equal_where_their_radiance_is():
    rng = np.random.default_rng(0)
    truth = rng.random((3, 32, 32), np.float32)
    estimate = truth.copy()
    estimate[:, :8] = 0.0
    shown, true = alike(estimate, truth)
    assert shown.shape == true.shape == (32, 32, 3)
    assert np.array_equal(shown[8:], true[8:])


def test_veil_leaves_what_is_trusted_and_darkens_no_less_than_visibly():
    picture = np.full((4, 4, 3), 200, np.uint8)
    weight = np.ones((4, 4), np.float32)
    weight[0] = 0
    shown = veiled(picture, weight)
    assert np.array_equal(shown[1:], picture[1:])
    assert shown[0].mean() < 0.75 * picture[0].mean()


def test_trusted_is_light_in_a_mask():
    shown = mask_picture(np.array([[1, 0]], np.uint8))
    assert shown[0, 0].min() > 200
    assert shown[0, 1].max() < 80


def test_levels_keep_black_and_white():
    assert levels(np.array([0, 65535], np.uint16).reshape(1, 1, 2).repeat(3, 0))[0, :, 0].tolist() == [0, 255]


def test_large_pictures_are_made_smaller_and_small_ones_are_not():
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3), np.uint8)
    assert len(drawing("", "", noise).uri) < 288 * 384 * 3 * 4 / 3 + 2000
    assert len(drawing("", "", noise[:100, :100]).uri) > 100 * 100 * 3
    assert photo("", "", noise).uri.startswith("data:image/jpeg;base64,")
