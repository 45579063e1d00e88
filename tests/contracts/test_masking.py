"""Contract of masking strategies, checked for every one of them."""

import numpy as np
import pytest

from hdrpipe.config import plugins
from hdrpipe.config.mask_options import MASK_OPTIONS
from hdrpipe.imaging.camera import expose
from hdrpipe.masking.strategy import LEVELS, Evidence, MeasuredPatches, RoundMaps, SceneMaps, patch_means, spread

NOT_SIGMA = {"random", "oracle", "similarity"}
"""Strategies that do not use sigma; all others trust a smaller sigma at least as much."""

WEIGHING = {"soft"}
"""Strategies with soft weights instead of masks."""


@pytest.fixture(params=plugins.choices("masking"))
def name(request):
    return request.param


@pytest.fixture
def strategy(name):
    return plugins.load("masking", name)


def maps(strategy, count=4, shape=(130, 200), sigma=None):
    """Scenes whose error grows with sigma; errors of unlabelled ones and frames are set if the strategy needs them."""
    rng = np.random.default_rng(7)
    told, shown = strategy.Options.needs_truth, strategy.Options.needs_frames
    made = []
    for k in range(2 * count):
        s = rng.gamma(2.0, 0.01, shape).astype(np.float32) if sigma is None else np.full(shape, sigma, np.float32)
        error = np.abs(rng.normal(0, s)).astype(np.float32) if sigma is None else s
        evidence = seen(error, 0.5 if sigma is None else 0.1) if shown else None
        measured = None
        if strategy.Options.needs_risk:
            risk = patch_means(np.square(error))
            measured = MeasuredPatches(risk, np.ones_like(risk), risk / patch_means(np.square(s)))
        made.append(SceneMaps(f"pool-{k:03d}", s, error if told or k >= count else None, evidence, measured))
    return RoundMaps(made[:count], made[count:])


def seen(error, left):
    """A pseudo label that is off by the error; of radiance from `left` on, 0.5 clips in the reference, 0 is black."""
    right = 0.0 if left > 0.25 else left
    truth = np.linspace(left, right, error.shape[1], dtype=np.float32) * np.ones((3, *error.shape), np.float32)
    return Evidence(truth + error * truth, expose(truth, 4.0).astype(np.float32), 4.0)


def masked(strategy, level="bilevel", **more):
    options, found = strategy.Options(), maps(strategy, **more)
    return found.unlabelled[0], strategy.apply(found.unlabelled[0], strategy.fit(found, options), options, level)


@pytest.mark.parametrize("level", LEVELS)
def test_weight_is_the_product_of_the_levels_in_use(name, strategy, level):
    scene, made = masked(strategy, level)
    wide = spread(made.patch_mask, scene.sigma.shape)
    expected = {"none": np.ones_like(wide), "patch": wide, "pixel": made.pixel_mask, "bilevel": wide & made.pixel_mask}
    if name not in WEIGHING or level == "none":
        assert np.array_equal(made.weight, expected[level].astype(np.float32))
    elif level != "bilevel":
        assert np.array_equal(made.weight >= 0.5, expected[level])


def test_two_levels_never_trust_more_than_one(strategy):
    weights = {level: masked(strategy, level)[1].weight for level in LEVELS}
    if not np.array_equal(masked(strategy, "pixel")[1].pixel_mask, masked(strategy)[1].pixel_mask):
        pytest.skip("this strategy keeps its share inside the kept patches")
    assert np.all(weights["bilevel"] <= np.minimum(weights["patch"], weights["pixel"]) + 1e-7)


def test_shapes_and_ranges(strategy):
    scene, made = masked(strategy, shape=(65, 64))
    assert made.patch_score.shape == made.patch_mask.shape == (2, 1)
    assert made.pixel_score.shape == made.pixel_mask.shape == made.weight.shape == scene.sigma.shape
    assert made.weight.dtype == np.float32
    for part in made:
        assert np.isfinite(part).all()
        assert part.min() >= 0
        assert part.max() <= 1


def test_statistics_are_plain_numbers(strategy):
    found = strategy.fit(maps(strategy), strategy.Options())
    assert found
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())


def test_statistics_do_not_depend_on_the_order_of_scenes(strategy):
    options, found = strategy.Options(), maps(strategy)
    turned = RoundMaps(found.unlabelled[::-1], found.labelled[::-1])
    assert strategy.fit(turned, options) == pytest.approx(strategy.fit(found, options), rel=1e-12)


def test_masks_are_the_same_again(strategy):
    for first, second in zip(masked(strategy)[1], masked(strategy)[1], strict=True):
        assert np.array_equal(first, second)


def test_a_lower_score_is_never_trusted_less(strategy):
    _, made = masked(strategy)
    for score, mask in ((made.patch_score, made.patch_mask), (made.pixel_score, made.pixel_mask)):
        patch = (slice(0, 64), slice(0, 64))
        kept, dropped = score[patch][mask[patch]], score[patch][~mask[patch]]
        assert kept.size == 0 or dropped.size == 0 or kept.max() <= dropped.min()


def test_a_more_doubtful_pixel_never_weighs_more_than_a_surer_one(name, strategy):
    if name in NOT_SIGMA:
        pytest.skip("does not ask sigma")
    scene, made = masked(strategy, "pixel")
    order = np.argsort(scene.sigma[:64, :64], axis=None)
    assert np.all(np.diff(made.weight[:64, :64].ravel()[order]) <= 0)


def test_equal_pixels_of_a_patch_are_treated_alike(name, strategy):
    if name == "random":
        pytest.skip("chance treats nothing alike")
    _, made = masked(strategy, shape=(64, 64), sigma=0.01)
    assert np.ptp(made.weight) == 0


def test_only_a_strategy_that_says_so_reads_the_truth_of_unlabelled_scenes(name, strategy):
    found = maps(strategy)
    blind = RoundMaps([scene._replace(error=None) for scene in found.unlabelled], found.labelled)
    options = strategy.Options()
    if strategy.Options.needs_truth:
        with pytest.raises(Exception, match="truth"):
            strategy.fit(blind, options)
    else:
        strategy.apply(blind.unlabelled[0], strategy.fit(blind, options), options, "bilevel")


def test_only_a_strategy_that_says_so_reads_frames(name, strategy):
    found, options = maps(strategy), strategy.Options()
    blind = RoundMaps(*([s._replace(evidence=None) for s in part] for part in (found.unlabelled, found.labelled)))
    if strategy.Options.needs_frames:
        with pytest.raises(Exception, match="frames"):
            strategy.fit(blind, options)
    else:
        strategy.apply(blind.unlabelled[0], strategy.fit(blind, options), options, "bilevel")


@pytest.mark.parametrize(
    ("flag", "names"),
    [("needs_truth", ["oracle"]), ("needs_frames", ["similarity"]), ("needs_risk", ["measured"])],
)
def test_strategies_that_need_truth_or_frames(flag, names):
    assert [name for name, options in MASK_OPTIONS.items() if getattr(options, flag)] == names
