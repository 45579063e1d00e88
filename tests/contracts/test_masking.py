"""Every masking strategy keeps the contract."""

import numpy as np
import pytest

from hdrpipe import plugins
from hdrpipe.masking.contract import LEVELS, spread


@pytest.fixture(params=plugins.choices("masking"))
def strategy(request):
    return plugins.load("masking", request.param)


def maps(count=4, shape=(130, 200)):
    rng = np.random.default_rng(7)
    return [rng.gamma(2.0, 0.01, shape).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("level", LEVELS)
def test_weight_is_what_the_levels_leave(strategy, level):
    options, sigmas = strategy.Options(), maps()
    made = strategy.apply(sigmas[0], strategy.fit(iter(sigmas), options), options, level)
    wide = spread(made.patch_mask, sigmas[0].shape)
    expected = {"none": np.ones_like(wide), "patch": wide, "pixel": made.pixel_mask, "bilevel": wide & made.pixel_mask}
    assert np.array_equal(made.weight, expected[level].astype(np.float32))


def test_shapes_and_ranges(strategy):
    options, sigmas = strategy.Options(), maps(shape=(65, 64))
    made = strategy.apply(sigmas[0], strategy.fit(iter(sigmas), options), options, "bilevel")
    assert made.patch_score.shape == made.patch_mask.shape == (2, 1)
    assert made.pixel_score.shape == made.pixel_mask.shape == made.weight.shape == (65, 64)
    for part in made:
        assert np.isfinite(part).all()
        assert part.min() >= 0
        assert part.max() <= 1


def test_statistics_do_not_depend_on_the_order_of_scenes(strategy):
    options, sigmas = strategy.Options(), maps()
    assert strategy.fit(iter(sigmas), options) == strategy.fit(iter(sigmas[::-1]), options)


def test_a_more_doubtful_pixel_is_never_trusted_where_a_surer_one_is_not(strategy):
    options, sigmas = strategy.Options(), maps()
    made = strategy.apply(sigmas[0], strategy.fit(iter(sigmas), options), options, "bilevel")
    patch = (slice(0, 64), slice(0, 64))
    kept, dropped = sigmas[0][patch][made.pixel_mask[patch]], sigmas[0][patch][~made.pixel_mask[patch]]
    assert kept.size == 0 or dropped.size == 0 or kept.max() <= dropped.min()


def test_a_flat_map_is_trusted(strategy):
    options, flat = strategy.Options(), np.full((64, 64), 0.01, np.float32)
    assert strategy.apply(flat, strategy.fit(iter([flat]), options), options, "bilevel").weight.all()
