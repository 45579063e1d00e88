"""The burst renderer: exposure, noise, motion, difficulties, independence of scenes."""

from collections import Counter, defaultdict
from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

from hdrpipe.config.dataset_options import CameraName, RenderedOptions
from hdrpipe.datasets.cameras import CAMERAS, STEPS
from hdrpipe.datasets.procedural import make_panorama
from hdrpipe.datasets.rendering import CLIPPED, difficulty, generator, list_split
from hdrpipe.errors import InputError

OPTIONS = RenderedOptions(size=64)


def rendered(*arguments):
    return (entry.load() for entry in list_split(*arguments))


@pytest.fixture(scope="module")
def places():
    return {f"p{index}": make_panorama(3, index, 256) for index in range(4)}


@pytest.fixture(scope="module")
def scenes(places):
    return list(rendered(OPTIONS, 5, "pool", 9, places))


def test_the_reference_clips_the_share_it_should(scenes):
    for scene in scenes:
        clipped = (scene.burst.ldr[scene.burst.reference] >= 1).any(0).mean()
        assert CLIPPED[0] - 0.03 < clipped < CLIPPED[1] + 0.03  # noise decides near the top


def test_longer_exposures_clip_more(scenes):
    for scene in scenes:
        shares = [(frame >= 1).mean() for frame in scene.burst.ldr]
        assert shares == sorted(shares)


def test_the_short_exposure_sees_the_truth_on_a_tripod(scenes):
    still = [scene for scene in scenes if scene.difficulty == "tripod"]
    assert still
    for scene in still:
        error = np.abs(scene.burst.radiance[0] - scene.truth)
        assert np.median(error) < 0.01


def test_handheld_cameras_move_the_background(scenes):
    def unrest(scene):
        return np.median(np.abs(scene.burst.radiance[0] - scene.truth) / (scene.truth + 0.01))

    groups = defaultdict(list)
    for scene in scenes:
        groups[scene.difficulty].append(unrest(scene))
    assert np.mean(groups["handheld"]) > np.mean(groups["tripod"])


def test_a_scene_does_not_depend_on_how_many_others_there_are(places, scenes):
    few = list(rendered(OPTIONS, 5, "pool", 2, places))
    for one, other in zip(few, scenes, strict=False):
        assert one.burst.ldr.tobytes() == other.burst.ldr.tobytes()


def test_splits_have_random_numbers_of_their_own(places, scenes):
    other = next(rendered(OPTIONS, 5, "validation", 1, places))
    assert other.group == scenes[0].group
    assert other.truth is not None
    assert other.truth.tobytes() != scenes[0].truth.tobytes()


def test_foreground_comes_from_another_panorama(scenes):
    for scene in scenes:
        assert scene.sources[0] == scene.group
        assert len(scene.sources) > 1
        assert scene.group not in scene.sources[1:]


def test_noise_grows_with_its_factor_and_leaves_the_truth(places):
    def render(noise):
        return next(rendered(RenderedOptions(size=64, noise=noise), 5, "pool", 1, places))

    clean, normal, noisy = render(0), render(1), render(10)
    np.testing.assert_array_equal(clean.truth, noisy.truth)
    errors = [np.std(scene.burst.linear[1] - clean.burst.linear[1]) for scene in (normal, noisy)]
    assert errors[1] == pytest.approx(np.sqrt(10) * errors[0], rel=0.15)


def test_without_noise_frames_are_twelve_bit_exposures_of_the_truth(places):
    scene = next(rendered(RenderedOptions(size=64, noise=0), 5, "pool", 1, places))
    middle = scene.burst.reference
    exposed = (scene.truth * scene.burst.times[middle]).clip(0, 1)
    np.testing.assert_allclose(scene.burst.linear[middle], exposed, atol=0.51 / 4095)


def test_other_exposures(places):
    scene = next(rendered(RenderedOptions(size=64, ev=(-3, -1, 0, 2, 4)), 5, "pool", 1, places))
    assert scene.burst.ev == (-3, -1, 0, 2, 4)
    assert scene.burst.reference == 2
    assert scene.burst.ldr.shape == (5, 3, 64, 64)


@pytest.mark.parametrize("panoramas", [3, 4, 5, 6, 11])
def test_difficulties_are_thirds_and_every_panorama_meets_all(panoramas):
    levels = [difficulty(index, panoramas) for index in range(6 * panoramas)]
    counts = Counter(levels)
    assert len(counts) == 3
    assert max(counts.values()) == min(counts.values())
    for place in range(panoramas):
        assert len(set(levels[place::panoramas])) == 3


def test_the_generator_depends_on_its_whole_path():
    draws = {generator(*path).random() for path in [(0, "pool", 1), (0, "pool", 2), (0, "test", 1), (1, "pool", 1)]}
    assert len(draws) == 4
    assert generator(0, "pool", 1).random() in draws


def test_one_panorama_is_too_few(places):
    with pytest.raises(InputError, match="at least two"):
        next(rendered(OPTIONS, 0, "pool", 1, {"alone": places["p0"]}))


@pytest.mark.parametrize("ev", [(0, 0), (1, -1), (0,), (-20, 0), (0, float("nan"))])
def test_senseless_exposures_are_refused(ev):
    with pytest.raises(ValidationError):
        RenderedOptions(size=64, ev=ev)


def test_a_lab_is_another_camera_and_labels_come_from_it(places):
    options = RenderedOptions(size=64, noise=10, source=3, source_noise=0, source_motion="tripod")
    entries = list_split(options, 5, "pool", 6, places)
    assert [entry.source for entry in entries] == [True] * 3 + [False] * 3
    assert {entry.load().difficulty for entry in entries[:3]} == {"tripod"}
    quiet, loud = (np.abs(entries[k].load().burst.radiance[2] - entries[k].load().truth) for k in (0, 3))
    assert np.median(quiet) < np.median(loud) / 2
    assert not any(entry.source for entry in list_split(options, 5, "validation", 2, places))


def test_of_several_noise_levels_each_scene_draws_one(places):
    levels = (0.0, 30.0)
    drawn = rendered(RenderedOptions(size=64, noise=levels), 5, "pool", 12, places)
    each = [list(rendered(RenderedOptions(size=64, noise=level), 5, "pool", 12, places)) for level in levels]
    same = [
        [np.array_equal(scene.burst.ldr, other.burst.ldr) for other in others]
        for scene, *others in zip(drawn, *each, strict=True)
    ]
    assert all(sum(row) == 1 for row in same)
    assert 0 < sum(row[0] for row in same) < 12


def test_a_source_domain_may_be_of_another_camera(places):
    options = RenderedOptions(size=64, camera="jpeg", source=2, source_camera="plain")
    entries = list_split(options, 5, "pool", 4, places)
    plain = list_split(OPTIONS, 5, "pool", 2, places)
    for one, other in zip(entries, plain, strict=False):
        assert np.array_equal(one.load().burst.ldr, other.load().burst.ldr)
    eight_bits = [np.unique(entry.load().burst.ldr[0]).size <= 256 for entry in entries]
    assert eight_bits == [False, False, True, True]


def test_without_a_lab_every_pool_scene_may_be_labelled_and_nothing_changes(places):
    plain = list_split(OPTIONS, 5, "pool", 2, places)
    other = list_split(RenderedOptions(size=64, source=1), 5, "pool", 2, places)
    assert all(entry.source for entry in plain)
    for a, b in zip(plain, other, strict=True):
        assert np.array_equal(a.load().burst.ldr, b.load().burst.ldr)


@pytest.mark.parametrize("camera", [name for name in CAMERAS if name != "plain"])
def test_what_a_camera_s_processing_did_is_undone_and_the_truth_fits(places, camera):
    options = RenderedOptions(size=128, camera=camera)
    for scene in rendered(options, 5, "pool", 4, places):
        reference = scene.burst.ldr[scene.burst.reference]
        seen, middle = scene.burst.radiance[scene.burst.reference], (reference > 0.1) & (reference < 0.7)
        stops = np.log2(seen[middle] / scene.truth[middle])
        assert abs(np.median(stops)) < 0.05
        assert np.quantile(np.abs(stops), 0.8) < 0.15
        if camera in ("s-curve", "white", "phone"):
            assert scene.notes


def test_every_camera_of_the_config_is_there():
    assert {*CAMERAS, "varied"} == set(get_args(CameraName))


def test_varied_cameras_and_exposures_differ_and_are_listed_as_they_are(places):
    entries = list_split(RenderedOptions(size=64, camera="varied"), 5, "pool", 6, places)
    scenes = [entry.load() for entry in entries]
    assert len({entry.ev for entry in entries}) == 6
    for entry, scene in zip(entries, scenes, strict=True):
        low, high = STEPS
        assert all(low <= step <= high for step in np.diff(entry.ev))
        assert scene.burst.ev == pytest.approx(entry.ev, abs=0.5)


def test_the_noise_factor_multiplies_that_of_a_camera(places):
    still = [{"camera": "phone", "noise": noise} for noise in (0.01, 16)]
    quiet, loud = (next(rendered(RenderedOptions(size=128, **more), 5, "pool", 1, places)) for more in still)
    unrest = [np.median(np.abs(np.diff(scene.burst.ldr[1]))) for scene in (quiet, loud)]
    assert unrest[1] > 2 * unrest[0]
