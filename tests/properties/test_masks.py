"""What holds for the masks of every sigma.

Maps have sides of whole patches, and values that are small multiples of a power of two, so that means are exact.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdrpipe.masking import calibrated, quantile, soft, threshold
from hdrpipe.masking.strategy import RoundMaps, SceneMaps, below, keeping, patch_means
from hdrpipe.quantities import PATCH

few = settings(deadline=None, max_examples=10)
"""A busy machine fails no property; each example masks several scenes."""

OPTIONS = {
    "threshold": threshold.Options(),
    "threshold, image": threshold.Options(patch_scope="image", pixel_scope="image"),
    "quantile": quantile.Options(coverage_patch=0.5, coverage_pixel=0.6),
    "quantile, image": quantile.Options(
        coverage_patch=0.5, coverage_pixel=0.6, patch_scope="image", pixel_scope="image"
    ),
    "quantile, patch": quantile.Options(coverage_patch=0.5, coverage_pixel=0.6, pixel_scope="patch"),
    "soft": soft.Options(),
    "calibrated": calibrated.Options(control="empirical"),
}
MODULES = {"threshold": threshold, "quantile": quantile, "soft": soft, "calibrated": calibrated}
RANKING = [name for name in OPTIONS if name.startswith(("threshold", "quantile"))]
"""Masks that do not know the unit of sigma."""

every = pytest.mark.parametrize("name", OPTIONS)
LEVELS = st.sampled_from(["patch", "pixel", "bilevel"])


@st.composite
def rounds(draw):
    """Two or three scenes of up to 2 x 2 patches, as unlabelled and labelled ones, and a level."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = PATCH * draw(st.integers(1, 2)), PATCH * draw(st.integers(1, 2))
    count, values = draw(st.integers(2, 3)), draw(st.sampled_from([3, 40, 500]))
    return [scene(f"s{index}", rng.integers(1, values, shape) * rng.integers(1, 9)) for index in range(count)]


def scene(name, units):
    sigma = (units / 2.0**18).astype(np.float32)
    return SceneMaps(name, sigma, sigma[::-1] * 0.5)


def masked(name, scenes, level, options=None):
    strategy, options = MODULES[name.split(",")[0]], options or OPTIONS[name]
    statistics = strategy.fit(RoundMaps(scenes, scenes), options)
    return {s.name: strategy.apply(s, statistics, options, level) for s in scenes}


def changed(scenes, change):
    """Scenes with the same change of sigma and error."""
    return [s._replace(sigma=change(s.sigma), error=change(s.error)) for s in scenes]


def equal(one, other):
    return all(np.array_equal(a, b) for name in one for a, b in zip(one[name], other[name], strict=True))


@every
@few
@given(rounds(), LEVELS, st.randoms(use_true_random=False))
def test_the_order_of_scenes_does_not_matter(name, scenes, level, random):
    shuffled = random.sample(scenes, len(scenes))
    assert equal(masked(name, scenes, level), masked(name, shuffled, level))


@every
@few
@given(rounds(), LEVELS, st.sampled_from([np.flipud, np.fliplr, np.transpose, np.rot90]))
def test_masks_of_a_turned_picture_are_the_turned_masks(name, scenes, level, turn):
    turned = masked(name, changed(scenes, lambda plane: np.ascontiguousarray(turn(plane))), level)
    expected = masked(name, scenes, level)
    expected = {s: type(m)(*(turn(part) for part in m)) for s, m in expected.items()}
    assert equal(turned, expected)


@pytest.mark.parametrize("name", RANKING)
@few
@given(rounds(), LEVELS, st.sampled_from([0.25, 4.0]), st.integers(0, 90))
def test_masks_do_not_depend_on_the_unit_and_zero_of_sigma(name, scenes, level, factor, units):
    before = masked(name, scenes, level)
    after = masked(name, changed(scenes, lambda sigma: factor * sigma + np.float32(units / 2.0**18)), level)
    for s, masks in before.items():
        for field in ("patch_mask", "pixel_mask", "weight"):
            assert np.array_equal(getattr(masks, field), getattr(after[s], field))


@every
@few
@given(rounds())
def test_the_weight_of_the_patch_level_is_constant_in_each_patch(name, scenes):
    for masks in masked(name, scenes, "patch").values():
        rows, columns = masks.patch_mask.shape
        tiles = masks.weight.reshape(rows, PATCH, columns, PATCH)
        assert np.array_equal(tiles.min(axis=(1, 3)), tiles.max(axis=(1, 3)))


@few
@given(rounds(), LEVELS, st.tuples(st.floats(0.05, 1.0), st.floats(0.05, 1.0)))
def test_a_larger_threshold_or_fraction_trusts_all_that_a_smaller_one_does(scenes, level, pair):
    low, high = sorted(pair)
    for name, keys in (("threshold", ("tau_patch", "tau_pixel")), ("quantile", ("coverage_patch", "coverage_pixel"))):
        options = [type(OPTIONS[name])(**dict.fromkeys(keys, value)) for value in (low, high)]
        less, more = (masked(name, scenes, level, chosen) for chosen in options)
        assert all((less[s].weight <= more[s].weight).all() for s in less)


@few
@given(rounds(), st.floats(0.01, 1.0))
def test_the_limit_of_a_fraction_keeps_at_least_that_and_no_smaller_value_does(scenes, fraction):
    sigma = scenes[0].sigma
    limit = keeping(sigma, fraction)
    assert np.isin(np.float32(limit), sigma)
    assert (sigma <= limit).mean() >= fraction - 1e-9 > (sigma < limit).mean() - 2e-9


@few
@given(rounds(), LEVELS)
def test_a_map_below_its_limits_is_trusted_whole_and_one_above_them_not_at_all(scenes, level):
    sigma = scenes[0].sigma
    means = patch_means(sigma)
    assert (below(sigma, means, (float(means.max()), float(sigma.max())), level).weight == 1).all()
    assert (below(sigma, means, (0.0, 0.0), level).weight == 0).all()
