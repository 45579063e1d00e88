"""Measures of sigma on cases worked out by hand."""

import math

import numpy as np
import pytest

from hdrpipe.errors import InputError
from hdrpipe.evaluation import uncertainty as u
from hdrpipe.imaging.tonemap import inverse_mu_law

ERROR = np.array([[4.0, 3.0, 2.0, 1.0, 0.0]])
"""Squares 16, 9, 4, 1, 0: 30 in all."""

RANDOM = np.random.default_rng(0)


def gaussian(sigma=0.05, size=200_000):
    return np.abs(RANDOM.normal(0, sigma, size)), np.full(size, sigma)


def test_error_map_is_the_rms_over_channels_in_the_mu_law_domain():
    truth = inverse_mu_law(np.full((3, 2, 2), 0.5))
    prediction = inverse_mu_law(np.array([0.5, 0.52, 0.54])[:, None, None] * np.ones((1, 2, 2)))
    assert u.error_map(prediction, truth) == pytest.approx(math.sqrt((0.02**2 + 0.04**2) / 3), rel=1e-5)


def test_error_map_clamps_the_prediction_only():
    assert u.error_map(np.full((3, 2, 2), 9.0), np.ones((3, 2, 2))).max() == 0
    assert u.error_map(np.ones((3, 2, 2)), np.full((3, 2, 2), 9.0)).min() > 0


@pytest.mark.parametrize(
    ("dropped", "share"), [(0.0, 0.0), (0.2, 16 / 30), (0.4, 25 / 30), (0.3, 20.5 / 30), (1.0, 1.0)]
)
def test_a_perfect_sigma_removes_the_largest_errors(dropped, share):
    assert u.removed_share(ERROR, ERROR, dropped) == pytest.approx(share)


def test_a_reversed_sigma_removes_the_smallest_errors():
    assert u.removed_share(ERROR, -ERROR, 0.4) == pytest.approx(1 / 30)


def test_a_constant_sigma_removes_what_chance_removes():
    assert u.removed_share(ERROR, np.ones_like(ERROR), 0.2) == pytest.approx(0.2)


def test_ties_share_their_error():
    sigma = np.array([[2.0, 2.0, 1.0, 1.0, 1.0]])
    assert u.removed_share(ERROR, sigma, 0.2) == pytest.approx(12.5 / 30)


def test_without_error_there_is_nothing_to_rank():
    nothing = np.zeros((4, 4))
    sigma = RANDOM.random((4, 4))
    assert u.removed_share(nothing, sigma) == 0.2
    assert u.ause(nothing, sigma) == 0.0
    assert u.sparsification(nothing, sigma).tolist() == [1.0] * u.POINTS


def test_the_order_of_pixels_does_not_matter():
    error, sigma = RANDOM.random(500), RANDOM.integers(1, 9, 500).astype(float)
    shuffled = RANDOM.permutation(500)
    expected = u.quality(error, sigma)
    assert u.quality(error[shuffled], sigma[shuffled]) == pytest.approx(expected)


def test_sparsification_by_hand():
    curve = u.sparsification(ERROR, ERROR, points=5)
    expected = np.sqrt([30 / 5, 14 / 4, 5 / 3, 1 / 2, 0.0]) / math.sqrt(30 / 5)
    assert curve == pytest.approx(expected)


def test_ause_by_hand():
    worst_order = np.sqrt([30 / 5, 30 / 4, 29 / 3, 25 / 2, 16 / 1])
    oracle = np.sqrt([30 / 5, 14 / 4, 5 / 3, 1 / 2, 0.0])
    assert u.ause(ERROR, -ERROR) == pytest.approx((worst_order - oracle).mean() / math.sqrt(6))


def test_perfect_constant_and_reversed_sigma_stand_in_order():
    error = RANDOM.random((64, 64))
    assert u.ause(error, error) == 0.0
    assert u.ause(error, np.ones_like(error)) == pytest.approx(u.random_ause(error))
    assert u.ause(error, -error) > u.random_ause(error)


def test_a_shuffled_sigma_scores_what_the_random_reference_says():
    error = RANDOM.random(100_000)
    assert u.ause(error, RANDOM.random(100_000)) == pytest.approx(u.random_ause(error), abs=0.01)


def test_aurg_and_ause_add_up_to_the_random_area():
    error = RANDOM.random((64, 64))
    sigma = error + 0.3 * RANDOM.random((64, 64))
    assert u.aurg(error, sigma) + u.ause(error, sigma) == pytest.approx(u.random_ause(error))


def test_aurc_by_hand():
    assert u.aurc(ERROR, ERROR) == pytest.approx(np.mean([0, 1 / 2, 5 / 3, 14 / 4, 30 / 5]))
    assert u.aurc(ERROR, np.ones_like(ERROR)) == pytest.approx(6.0)


@pytest.mark.parametrize(("sigma", "rank"), [(ERROR**3, 1.0), (-ERROR, -1.0), (np.ones_like(ERROR), 0.0)])
def test_rank_correlation_sees_order_only(sigma, rank):
    assert u.rank_correlation(ERROR, sigma) == pytest.approx(rank)


def test_calibrated_sigma_is_the_best_scale():
    error, sigma = gaussian()
    for measure in (u.nll, u.crps):
        assert measure(error, sigma) < min(measure(error, 0.7 * sigma), measure(error, 1.4 * sigma))


def test_nll_and_crps_of_a_calibrated_gaussian():
    error, sigma = gaussian()
    assert u.nll(error, sigma) == pytest.approx(0.5 * math.log(2 * math.pi * math.e * 0.05**2), abs=0.01)
    assert u.crps(error, sigma) == pytest.approx(0.05 / math.sqrt(math.pi), rel=0.01)


def test_a_sigma_of_zero_is_floored():
    assert math.isfinite(u.nll(ERROR, np.zeros_like(ERROR)))
    assert u.crps(ERROR, np.zeros_like(ERROR)) == pytest.approx(ERROR.mean(), abs=2e-3)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_coverage_of_a_calibrated_gaussian_is_its_level(level):
    assert u.coverage(*gaussian(), level) == pytest.approx(level, abs=0.005)


def test_quality_holds_plain_finite_numbers():
    values = u.quality(ERROR.astype(np.float32), (ERROR + 0.1).astype(np.float32))
    assert all(type(value) is float and math.isfinite(value) for value in values.values())
    assert values["rmse"] == pytest.approx(math.sqrt(6))
    assert values["removed_share"] == pytest.approx(16 / 30)
    assert values["ause"] == pytest.approx(u.ause(ERROR, ERROR + 0.1))


def test_maps_of_two_shapes_are_refused():
    with pytest.raises(InputError, match="one shape"):
        u.quality(ERROR, ERROR.T)
    with pytest.raises(InputError, match="not empty"):
        u.removed_share(ERROR[:, :0], ERROR[:, :0])


def test_kept_and_dropped_add_up_to_the_whole():
    rng = np.random.default_rng(0)
    error, weight = rng.random(100), (rng.random(100) < 0.3).astype(float)
    told = u.kept_and_dropped([(error, weight)])
    keep = told["keep_rate"]
    assert keep * told["kept_risk"] + (1 - keep) * told["dropped_risk"] == pytest.approx(told["risk"])


def test_a_mask_that_keeps_nothing_has_no_risk():
    assert u.kept_and_dropped([(np.ones(4), np.zeros(4))])["kept_risk"] == 0


def test_a_single_wrong_pixel():
    """Found first, nothing is left to err; found last, it stays to the end."""
    error = np.zeros(4)
    error[1] = 1.0
    assert u.sparsification(error, error, points=4).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert u.removed_share(error, -error, 0.5) == 0.0


def test_a_perfect_prediction_without_doubt_is_covered():
    assert u.coverage(np.zeros(3), np.zeros(3), 0.5) == 1.0


def test_quality_has_the_coverage_of_every_level():
    found = {name for name in u.quality(ERROR, ERROR + 0.1) if name.startswith("coverage")}
    assert found == {"coverage_50", "coverage_80", "coverage_90", "coverage_95"}


def test_kept_and_dropped_of_stored_half_floats_are_exact():
    """Half floats cannot count beyond 2048."""
    weight = np.ones(200_000, np.float16)
    weight[50_000:] = 0.0
    error = np.where(weight > 0, np.float32(0.5), np.float32(0.25))
    told = u.kept_and_dropped([(error.astype(np.float16), weight)])
    assert told == pytest.approx({"keep_rate": 0.25, "risk": 0.3125, "kept_risk": 0.5, "dropped_risk": 0.25})


def test_kept_and_dropped_read_one_scene_after_the_other():
    rng = np.random.default_rng(1)
    scenes = [(rng.random((3, size)), rng.random((3, size))) for size in (4, 50)]
    whole = [np.concatenate([maps[i].ravel() for maps in scenes]) for i in (0, 1)]
    assert u.kept_and_dropped(iter(scenes)) == pytest.approx(u.kept_and_dropped([whole]))


def test_thinned_maps_are_the_pixels_of_an_even_grid():
    thinned = u.Thinned(pixels=40, most=10)
    thinned.add(one=np.arange(20).reshape(4, 5), two=np.arange(20))
    thinned.add(one=np.arange(20), two=np.arange(20))
    assert thinned["one"].tolist() == thinned["two"].tolist() == [0, 4, 8, 12, 16] * 2
    assert u.Thinned(pixels=3, most=10).stride == 1


def test_thinned_maps_keep_no_whole_map():
    thinned = u.Thinned(pixels=40, most=10)
    whole = np.arange(40)
    thinned.add(one=whole)
    whole[:] = 0
    assert thinned["one"].max() == 36
