"""Masking strategies on maps whose masks can be derived by hand."""

import numpy as np
import pytest

from hdrpipe.errors import UsageError
from hdrpipe.imaging.camera import expose
from hdrpipe.masking import calibrated, matched, measured, oracle, quantile, random, similarity, soft, threshold
from hdrpipe.masking.strategy import (
    Evidence,
    MeasuredPatches,
    RoundMaps,
    SceneMaps,
    measured_patches,
    patch_means,
    patches_of,
    relative,
    sampled,
    spread,
    temperature,
)

RNG = np.random.default_rng(3)


def scenes(count=5, shape=(128, 192), scale=1.0, prefix="pool"):
    made = []
    for k in range(count):
        sigma = (scale * RNG.gamma(2.0, 0.01, shape) * (1 + 0.2 * k)).astype(np.float32)
        made.append(SceneMaps(f"{prefix}-{k:03d}", sigma, np.abs(RNG.normal(0, sigma)).astype(np.float32)))
    return made


ROUND = RoundMaps(scenes(), scenes(prefix="labelled"))


def run(strategy, options, level="bilevel", maps=ROUND):
    statistics = strategy.fit(maps, options)
    return [strategy.apply(scene, statistics, options, level) for scene in maps.unlabelled]


def rate(made, part="weight"):
    return float(np.mean([getattr(m, part).mean() for m in made]))


class TestMeasured:
    """Two patches: sigma 0.01 and 0.02 everywhere, errors measured as given."""

    OPTIONS = measured.Options(rmse_patch=0.02, rmse_pixel=0.04)

    @staticmethod
    def scene(risk, fraction=((1.0, 1.0),)):
        sigma = np.repeat(np.float32([[0.01, 0.02]]), 64, axis=1).repeat(64, axis=0)
        patches = np.float32(risk), np.float32(fraction), np.float32(risk) / np.float32([[1e-4, 4e-4]])
        return SceneMaps("pool-0", sigma, measured=MeasuredPatches(*patches))

    def made(self, scene, level="bilevel"):
        return run(measured, self.OPTIONS, level, RoundMaps([scene], []))[0]

    def test_the_temperature_makes_sigma_as_large_as_the_measured_risk(self):
        maps = RoundMaps([self.scene([[4e-4, 16e-4]])], [])
        assert measured.fit(maps, self.OPTIONS) == {"temperature": pytest.approx(2.0)}

    def test_a_patch_counts_for_it_by_what_is_measured_of_it(self):
        maps = RoundMaps([self.scene([[9e-4, 4e-4]], [[1.0, 0.0]])], [])
        assert measured.fit(maps, self.OPTIONS) == {"temperature": pytest.approx(3.0)}
        maps = RoundMaps([self.scene([[9e-4, 4e-4]], [[1.0, 0.6]])], [])
        assert measured.fit(maps, self.OPTIONS) == {"temperature": pytest.approx(np.sqrt((9 + 0.6) / 1.6))}

    def test_a_sigma_that_is_too_large_gets_a_temperature_below_one_and_scenes_without_ratio_do_not_count(self):
        ones = np.ones((1, 1), np.float32)
        quarter, less = (MeasuredPatches(ones, ones, np.float32(ratio) * ones) for ratio in (0.25, -0.25))
        assert temperature([None, quarter, MeasuredPatches(ones, ones)]) == pytest.approx(0.5)
        assert temperature([less]) == 0.0
        assert temperature([None, MeasuredPatches(ones, ones)]) is None

    def test_a_few_pixels_of_large_sigma_do_not_decide_it(self):
        rng = np.random.default_rng(0)
        sigma = np.full((64, 64), 0.01, np.float32)
        sigma[:4] = 1.0
        risk = np.square(0.02) * np.square(rng.standard_normal((3, 64, 64), np.float32))
        ratio, fraction, _ = measured_patches(risk / np.square(sigma), np.ones((64, 64), bool))
        assert temperature([MeasuredPatches(ratio, fraction, ratio)]) == pytest.approx(2.0 * np.sqrt(60 / 64), rel=0.02)

    def test_patches_are_kept_by_what_is_measured_not_by_sigma(self):
        made = self.made(self.scene([[5e-4, 3e-4]]), "patch")
        assert made.patch_mask.tolist() == [[False, True]]

    def test_calibrated_sigma_stands_in_where_nothing_is_measured(self):
        made = self.made(self.scene([[9e-4, 0.0]], [[1.0, 0.0]]), "patch")  # temperature 3: 0.03 and 0.06
        assert made.patch_mask.tolist() == [[False, False]]
        made = self.made(self.scene([[0.25e-4, 0.0]], [[1.0, 0.0]]), "patch")  # temperature 1/2: 0.005 and 0.01
        assert made.patch_mask.tolist() == [[True, True]]

    def test_pixels_are_kept_by_calibrated_sigma(self):
        made = self.made(self.scene([[9e-4, 36e-4]]), "pixel")  # 0.03 and 0.06
        assert np.array_equal(made.pixel_mask, np.arange(128) < 64 + np.zeros((64, 1)))

    def test_a_good_teacher_keeps_everything_and_a_bad_one_nothing(self):
        assert self.made(self.scene([[-1e-6, 2e-6]])).weight.all()
        assert not self.made(self.scene([[9e-4, 9e-4]])).weight.any()

    def test_a_patch_of_which_a_quarter_or_less_is_measured_counts_by_its_sigma(self):
        """Its risk would drop it: 0.03; the sigma of a temperature of 3 / 2 keeps it: 0.015."""
        few, enough = (self.scene([[9e-4, 0.0]], [[fraction, 0.0]]) for fraction in (0.25, 0.26))
        masks = [measured.apply(scene, {"temperature": 1.5}, self.OPTIONS, "patch") for scene in (few, enough)]
        assert [made.patch_mask[0, 0] for made in masks] == [True, False]

    def test_nothing_measured_is_told(self):
        with pytest.raises(UsageError, match=r"nothing is measured.*teacher\.risk"):
            self.made(self.scene([[0.0, 0.0]], [[0.0, 0.0]]))


class TestQuantile:
    def test_it_keeps_the_share_over_all_scenes(self):
        made = run(quantile, quantile.Options(coverage_patch=0.5, coverage_pixel=0.7))
        assert rate(made, "patch_mask") == pytest.approx(0.5, abs=0.04)
        assert rate(made, "pixel_mask") == pytest.approx(0.7, abs=0.01)

    @pytest.mark.parametrize("scope", ["image", "patch"])
    def test_a_narrower_scope_keeps_the_share_in_each(self, scope):
        made = run(quantile, quantile.Options(coverage_pixel=0.7, pixel_scope=scope))
        parts = [m.pixel_mask[:64, :64] if scope == "patch" else m.pixel_mask for m in made]
        assert [part.mean() for part in parts] == pytest.approx([0.7] * len(parts), abs=1e-3)

    def test_an_image_keeps_its_own_share_of_patches(self):
        made = run(quantile, quantile.Options(coverage_patch=0.5, patch_scope="image"))
        assert [m.patch_mask.sum() for m in made] == [3] * len(made)

    def test_an_outlier_changes_nothing_but_itself(self):
        before = run(quantile, quantile.Options())
        wild = [scene._replace(sigma=scene.sigma.copy()) for scene in ROUND.unlabelled]
        index = np.unravel_index(wild[4].sigma.argmax(), wild[4].sigma.shape)
        wild[4].sigma[index] = 1000.0
        after = run(quantile, quantile.Options(), "pixel", RoundMaps(wild, []))
        for old, new in zip(before, after, strict=True):
            assert np.array_equal(old.pixel_mask, new.pixel_mask)

    def test_a_curriculum_keeps_more_with_each_round(self):
        options = quantile.Options(coverage_patch=1.0, coverage_pixel=0.5, widen=0.3)
        rounds = [RoundMaps(ROUND.unlabelled, []), *(RoundMaps(ROUND.unlabelled, [], number) for number in (2, 3))]
        assert [rate(run(quantile, options, maps=maps)) for maps in rounds] == pytest.approx([0.5, 0.8, 1.0], abs=0.01)


def test_statistics_over_pixels_take_all_of_a_small_plane_and_a_bounded_number_of_a_large_one():
    small, large = np.arange(256 * 256).reshape(256, 256), np.arange(800 * 800).reshape(800, 800)
    assert np.array_equal(sampled(small), small.ravel())
    assert np.array_equal(sampled(large), large[::4, ::4].ravel())


def test_a_measured_risk_is_the_mean_over_channels_and_over_what_is_measured():
    risk, inside = np.zeros((3, 128, 64), np.float32), np.zeros((128, 64), bool)
    inside[:16] = True
    risk[:, :16] = np.float32([3.0, 6.0, 9.0])[:, None, None]
    found = measured_patches(risk, inside)
    assert found.fraction.tolist() == [[0.25], [0.0]]
    assert found.risk.tolist() == [[6.0], [0.0]]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_score_is_a_half_at_the_limit_in_any_unit(scale):
    values = np.float32([[0.0, 0.5, 1.0, 3.0]]) * np.float32(scale)
    assert relative(values, scale)[0] == pytest.approx([0.0, 1 / 3, 0.5, 0.75])


class TestSoft:
    def test_half_the_weight_at_the_limit_and_inverse_variance_far_beyond(self):
        weight = soft.weights(np.array([[0.0, 1.0, 10.0, 20.0]], np.float32), 1.0)
        assert weight[0, :2].tolist() == [1.0, 0.5]
        assert weight[0, 2] / weight[0, 3] == pytest.approx(4.0, rel=0.01)

    def test_no_pixel_is_without_any_weight(self):
        assert min(m.weight.min() for m in run(soft, soft.Options())) > 0

    def test_a_map_of_zeros_weighs_one(self):
        assert soft.weights(np.zeros((2, 2), np.float32), 0.0).tolist() == [[1, 1], [1, 1]]

    def test_what_lies_at_the_limit_is_in_the_mask_and_has_half_the_weight(self):
        sigma = np.repeat(np.float32([[0.01, 0.02, 0.04]]), 64, axis=1).repeat(64, axis=0)
        limits = {"patch_limit": float(np.float32(0.04)), "pixel_limit": float(np.float32(0.02))}
        made = soft.apply(SceneMaps("a", sigma), limits, soft.Options(), "bilevel")
        assert made.patch_mask.tolist() == [[True, True, True]]
        assert made.pixel_mask[0, ::64].tolist() == [True, True, False]
        assert made.patch_score[0] == pytest.approx([1 / 5, 1 / 3, 1 / 2])
        assert made.pixel_score[0, ::64] == pytest.approx([1 / 3, 1 / 2, 2 / 3])
        assert made.weight[0, ::64] == pytest.approx([16 / 17 * 4 / 5, 4 / 5 * 1 / 2, 1 / 2 * 1 / 5])
        smaller = soft.apply(SceneMaps("a", sigma), {**limits, "patch_limit": 0.03}, soft.Options(), "bilevel")
        assert smaller.patch_mask.tolist() == [[True, True, False]]


class TestCalibrated:
    def test_the_risk_on_labelled_scenes_stays_below_the_share(self):
        options = calibrated.Options(risk_patch=0.7, risk_pixel=0.5)
        found = calibrated.fit(ROUND, options)
        shares = [passed(scene, scene.sigma <= found["pixel_limit"]) for scene in ROUND.labelled]
        assert np.mean(shares) == pytest.approx(found["pixel_passed"], abs=1e-6)
        assert (5 * np.mean(shares) + 1) / 6 <= 0.5
        assert (5 * np.mean(shares) + 1) / 6 > 0.49

    def test_without_correction_more_may_pass(self):
        conformal = calibrated.fit(ROUND, calibrated.Options())
        empirical = calibrated.fit(ROUND, calibrated.Options(control="empirical"))
        assert empirical["pixel_limit"] > conformal["pixel_limit"]
        assert empirical["pixel_passed"] == pytest.approx(0.4, abs=1e-3)

    def test_the_bound_holds_on_average_over_exchangeable_draws(self):
        """Monte Carlo check of the bound: mean loss of one more scene over many draws of five."""
        told = []
        for _ in range(60):
            drawn = [scene_of_random_quality() for _ in range(6)]
            options = calibrated.Options(risk_pixel=0.5)
            limit = calibrated.fit(RoundMaps([], drawn[:5]), options)["pixel_limit"]
            told.append(passed(drawn[5], drawn[5].sigma <= limit))
        assert np.mean(told) <= 0.5 + 2 * np.std(told) / np.sqrt(len(told))

    def test_the_limit_is_absolute(self):
        """Noisier unlabelled scenes lose more: the scale of their sigma is not normalised away."""
        noisy = RoundMaps(scenes(scale=4.0), ROUND.labelled)
        options = calibrated.Options()
        assert rate(run(calibrated, options, maps=noisy)) < 0.5 * rate(run(calibrated, options))

    def test_too_few_labelled_scenes_are_refused_with_a_sufficient_number(self):
        few = RoundMaps(ROUND.unlabelled, ROUND.labelled[:1])
        with pytest.raises(UsageError, match=r"masks.options.risk_pixel: 1 labelled scenes are too few.*need 2 scenes"):
            calibrated.fit(few, calibrated.Options())
        assert calibrated.fit(few, calibrated.Options(control="empirical"))["scenes"] == 1

    def test_a_share_that_the_bound_just_meets_is_enough(self):
        """Of one scene the bound is never below 1 / 2."""
        one = RoundMaps([], ROUND.labelled[:1])
        found = calibrated.fit(one, calibrated.Options(risk_patch=0.5, risk_pixel=0.5))
        assert (found["pixel_limit"], found["pixel_passed"]) == (0.0, 0.0)
        with pytest.raises(UsageError, match=r"need 2 scenes, a share of 0\.50, or `control: empirical`"):
            calibrated.fit(one, calibrated.Options(risk_patch=0.5, risk_pixel=0.49))

    def test_a_limit_whose_risk_is_just_the_share_is_allowed(self):
        scene = SceneMaps("a", np.float32([[1, 2], [3, 4]]), np.ones((2, 2), np.float32))
        options = calibrated.Options(risk_patch=0.5, risk_pixel=0.5, control="empirical")
        found = calibrated.fit(RoundMaps([], [scene]), options)
        assert (found["pixel_limit"], found["pixel_passed"]) == (2.0, 0.5)

    def test_labelled_scenes_without_their_error_are_named(self):
        blind = [scene._replace(error=None) for scene in ROUND.labelled]
        with pytest.raises(UsageError, match="true error of labelled scenes") as caught:
            calibrated.fit(RoundMaps([], blind), calibrated.Options())
        assert caught.value.where == "labelled-000"

    def test_scenes_without_error_set_no_bound(self):
        perfect = [scene._replace(error=np.zeros_like(scene.sigma)) for scene in ROUND.labelled]
        found = calibrated.fit(RoundMaps([], perfect), calibrated.Options())
        assert found["pixel_limit"] == max(scene.sigma.max() for scene in perfect)


class TestRandom:
    @pytest.mark.parametrize("level", ["patch", "pixel", "bilevel"])
    def test_it_keeps_as_much_as_the_papers_masks(self, level):
        paper, chance = run(threshold, threshold.Options(), level), run(random, random.Options(), level)
        assert rate(chance) == pytest.approx(rate(paper), abs=0.12)
        found = matched.coverages(ROUND, None, None)
        told = {"patch": "coverage_patch", "pixel": "coverage_pixel"}
        exact = found[told[level]] if level in told else found["coverage_patch"] * found["coverage_inside"]
        assert exact == pytest.approx(rate(paper), abs=1e-6)

    def test_shares_that_are_given_ask_for_no_maps(self):
        shares = {"coverage_patch": 0.3, "coverage_pixel": 0.6, "coverage_inside": 0.6}
        assert matched.coverages(RoundMaps(None, None), 0.3, 0.6) == shares

    def test_a_share_that_is_not_given_is_that_of_the_papers_masks(self):
        paper = matched.coverages(ROUND, None, None)
        assert matched.coverages(ROUND, None, 0.5) == {**paper, "coverage_pixel": 0.5, "coverage_inside": 0.5}
        assert matched.coverages(ROUND, 0.5, None) == {**paper, "coverage_patch": 0.5}

    def test_given_shares_are_kept(self):
        made = run(random, random.Options(coverage_patch=1.0, coverage_pixel=0.3))
        assert rate(made) == pytest.approx(0.3, abs=0.01)

    def test_both_levels_keep_another_share_of_pixels_than_pixels_alone(self):
        """That of the pixels in trusted patches."""
        shares = {"coverage_patch": 1.0, "coverage_pixel": 0.2, "coverage_inside": 0.7}
        made = {
            level: random.apply(ROUND.unlabelled[0], shares, random.Options(), level) for level in ("pixel", "bilevel")
        }
        assert made["pixel"].weight.mean() == pytest.approx(0.2, abs=0.02)
        assert made["bilevel"].weight.mean() == pytest.approx(0.7, abs=0.02)

    def test_scenes_and_seeds_differ(self):
        first, second = run(random, random.Options())[:2]
        other = run(random, random.Options(seed=1))[0]
        assert not np.array_equal(first.pixel_mask, second.pixel_mask)
        assert not np.array_equal(first.pixel_mask, other.pixel_mask)


class TestOracle:
    @pytest.mark.parametrize("level", ["patch", "pixel", "bilevel"])
    def test_it_keeps_as_much_as_the_papers_masks(self, level):
        paper, best = run(threshold, threshold.Options(), level), run(oracle, oracle.Options(), level)
        assert rate(best) == pytest.approx(rate(paper), abs=0.04)

    @pytest.mark.parametrize("level", ["patch", "pixel", "bilevel"])
    def test_no_mask_of_the_same_coverage_has_less_error(self, level):
        best = kept_error(run(oracle, oracle.Options(), level))
        assert best <= kept_error(run(threshold, threshold.Options(), level))
        assert best < kept_error(run(random, random.Options(), level))

    def test_a_missing_truth_is_named_in_the_error(self):
        blind = RoundMaps([scene._replace(error=None) for scene in ROUND.unlabelled], [])
        with pytest.raises(UsageError, match="kept-truths"):
            oracle.fit(blind, oracle.Options())


def reexposed(name, truth, pseudo_label, noise=True):
    """A scene whose reference, taken at four times the shortest exposure, shows the truth."""
    linear = np.clip(4.0 * truth, 0, 1)
    if noise:
        linear = linear + RNG.normal(0, 1, truth.shape) * np.sqrt(4e-4 * linear + 4e-6) * (linear < 1)
    reference = expose(linear, 1.0).astype(np.float32)
    return SceneMaps(name, np.ones(truth.shape[1:], np.float32), None, Evidence(pseudo_label, reference, 4.0))


class TestSimilarity:
    """A scene of three patches: the reference shows the first, clips in the second and is black in the third."""

    TRUTH = np.full((3, 64, 192), 0.1, np.float32)
    TRUTH[..., 64:128] = 0.5
    TRUTH[..., 128:] = 0.0

    def made(self, level, pseudo_label=None, keep=0.9):
        scene = reexposed("a", self.TRUTH, self.TRUTH if pseudo_label is None else pseudo_label)
        options = similarity.Options(coverage_patch=1.0, coverage_pixel=keep)
        return run(similarity, options, level, RoundMaps([scene], []))[0]

    def test_noise_alone_is_about_one_standard_deviation(self):
        apart = similarity.disagreements(reexposed("a", self.TRUTH, self.TRUTH))[0][:, :60]
        assert np.sqrt(np.square(apart).mean()) == pytest.approx(1.0, abs=0.1)

    @pytest.mark.parametrize("deviations", [2.0, 4.0])
    def test_it_counts_standard_deviations(self, deviations):
        """Of a value of 0.4, whose variance is 4e-4 x 0.4 + 4e-6."""
        truth = np.full((3, 64, 64), 0.1, np.float32)
        off = truth + np.float32(deviations * np.sqrt(4e-4 * 0.4 + 4e-6) / 4.0)
        plane, means = similarity.disagreements(reexposed("a", truth, off, noise=False))
        assert plane == pytest.approx(np.full((64, 64), deviations), rel=1e-3)
        assert means == pytest.approx(np.array([[deviations]]), rel=1e-3)

    def test_a_label_beyond_what_the_reference_can_show_counts_as_clipped(self):
        truth = np.full((3, 64, 64), 0.1, np.float32)
        at, beyond = (reexposed("a", truth, np.full_like(truth, value), noise=False) for value in (0.25, 7.0))
        for one, other in zip(similarity.disagreements(at), similarity.disagreements(beyond), strict=True):
            assert np.array_equal(one, other)

    def test_a_ghost_is_rejected_first(self):
        ghost = self.TRUTH.copy()
        ghost[:, 20:30, 20:30] *= 1.3
        assert not self.made("pixel", ghost).weight[21:29, 21:29].any()
        assert self.made("pixel", ghost).weight[40:, :60].mean() > 0.9

    @pytest.mark.parametrize("columns", [slice(67, 125), slice(132, None)], ids=["clipped", "black"])
    def test_a_pixel_where_the_reference_shows_nothing_is_not_trusted(self, columns):
        made = self.made("pixel", keep=1.0)
        assert made.weight[:, :64].all()
        assert not made.weight[:, columns].any()
        assert (made.pixel_score[:, columns] == 1.0).all()

    def test_a_patch_is_rated_by_its_comparable_pixels(self):
        truth = np.full_like(self.TRUTH, 0.1)
        truth[..., 16:144] = 0.5
        scene = reexposed("a", truth, truth)
        made = run(similarity, similarity.Options(coverage_patch=1.0), "patch", RoundMaps([scene], []))[0]
        assert made.patch_mask.tolist() == [[True, False, True]]
        assert made.weight[:, 16:64].all()  # clipped, beside what agrees

    def test_the_mean_of_a_patch_leaves_out_pixels_that_cannot_be_compared(self):
        truth = np.full_like(self.TRUTH, 0.1)
        truth[..., 16:64] = 0.5
        means = similarity.disagreements(reexposed("a", truth, 1.2 * truth))[1]
        assert means[0, 0] == pytest.approx(means[0, 1], rel=0.1)

    def test_pixels_that_the_reference_cannot_show_do_not_change_others(self):
        wrong = self.TRUTH.copy()
        wrong[..., 64:128] = 0.2
        scene = reexposed("a", self.TRUTH, self.TRUTH)
        other = scene._replace(evidence=scene.evidence._replace(pseudo_label=wrong))
        for one, two in zip(similarity.disagreements(scene), similarity.disagreements(other), strict=True):
            assert np.array_equal(one, two)

    def test_coverage_is_relative_to_comparable_pixels(self):
        scene = reexposed("a", self.TRUTH, self.TRUTH)
        made = run(similarity, similarity.Options(coverage_pixel=0.5), "pixel", RoundMaps([scene], []))[0]
        assert made.weight[similarity.disagreements(scene)[0] < similarity.UNSEEN].mean() == pytest.approx(
            0.5, abs=0.01
        )

    def test_references_without_comparable_pixels_are_refused(self):
        scene = reexposed("a", np.zeros((3, 64, 64), np.float32), np.zeros((3, 64, 64), np.float32), noise=False)
        with pytest.raises(UsageError, match="black or clipped"):
            similarity.fit(RoundMaps([scene], []), similarity.Options())

    def test_references_without_comparable_pixels_among_those_of_the_statistics_are_refused(self, monkeypatch):
        """The corner pixel is black, and it is the only one that is looked at."""
        monkeypatch.setattr("hdrpipe.masking.strategy.SAMPLE", 1)
        truth = np.full((3, 64, 64), 0.1, np.float32)
        truth[:, :8, :8] = 0.0
        with pytest.raises(UsageError, match="black or clipped"):
            similarity.fit(RoundMaps([reexposed("a", truth, truth)], []), similarity.Options())

    @pytest.mark.parametrize("channel", [0, 1, 2])
    def test_a_single_channel_that_is_neither_black_nor_clipped_can_be_compared(self, channel):
        truth = np.zeros((3, 64, 64), np.float32)
        truth[channel] = 0.1
        scene = reexposed("a", truth, truth, noise=False)
        assert similarity.disagreements(scene)[0].max() == pytest.approx(0.0, abs=1e-2)

    def test_missing_frames_are_named_in_the_error(self):
        with pytest.raises(UsageError, match="--scenes"):
            similarity.fit(ROUND, similarity.Options())


def passed(scene, mask):
    squared = np.square(scene.error, dtype=np.float64)
    return float(squared[mask].sum() / squared.sum())


def scene_of_random_quality():
    sigma = RNG.gamma(2.0, 0.01, (32, 32)).astype(np.float32)
    return SceneMaps("s", sigma, (sigma ** RNG.uniform(0, 2) * RNG.random((32, 32))).astype(np.float32))


def kept_error(made):
    pairs = [(np.square(s.error), m.weight) for s, m in zip(ROUND.unlabelled, made, strict=True)]
    return sum((e * w).sum() for e, w in pairs) / sum(w.sum() for _, w in pairs)


def test_scores_without_any_value_or_limit_are_zero():
    assert relative(np.zeros((2, 2), np.float32), 0.0).tolist() == [[0.0, 0.0], [0.0, 0.0]]


class Product:
    """An uncertainty product of one scene with so many fields, each of which reads as its name."""

    def __init__(self, *fields):
        self.fields = fields

    def has(self, scene, field):
        return field in self.fields

    def read(self, scene, field):
        assert field in self.fields
        return field


def test_a_product_without_measured_risk_has_none():
    assert patches_of(Product(), "a") is None


def test_measured_risk_of_a_product_has_its_ratio_if_it_was_written():
    older = Product("patch_risk", "patch_measured")
    assert patches_of(older, "a") == ("patch_risk", "patch_measured", None)
    assert patches_of(Product(*older.fields, "patch_ratio"), "a") == ("patch_risk", "patch_measured", "patch_ratio")


def test_patches_are_spread_as_they_were_averaged():
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(patch_means(spread(values, (128, 192))), values)
