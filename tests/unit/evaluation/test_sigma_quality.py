"""Judging sigma: order, size after one temperature, kinds of pixels, masks as detectors."""

import numpy as np
import pytest

from hdrpipe.evaluation import sigma_quality as judging
from hdrpipe.evaluation.uncertainty import quality

RNG = np.random.default_rng(5)


def scenes(count=4, factor=1.0, size=20_000):
    sigmas = [RNG.gamma(2.0, 0.01, size) + 0.002 for _ in range(count)]
    return [np.abs(RNG.normal(0, factor * s)) for s in sigmas], sigmas


def test_ranking_is_what_quality_says():
    error, sigma = (part[0] for part in scenes(1))
    expected = quality(error, sigma)
    assert judging.ranking(error, sigma) == pytest.approx({k: expected[k] for k in judging.ranking(error, sigma)})


def test_the_unit_of_a_rival_does_not_matter():
    error, sigma = (part[0] for part in scenes(1))
    assert judging.ranking(error, 7.0 * sigma**3) == pytest.approx(judging.ranking(error, sigma))


def test_one_temperature_repairs_a_sigma_that_is_too_small():
    told = judging.tempered(*scenes(factor=3.0))
    assert told["temperature"] == pytest.approx(3.0, rel=0.02)
    assert told["before"]["coverage_80"] < 0.4
    assert told["after"]["coverage_80"] == pytest.approx(0.8, abs=0.01)
    assert told["after"]["nll"] < told["before"]["nll"]
    assert told["after"]["crps"] < told["before"]["crps"]


def test_no_scene_judges_its_own_temperature():
    errors, sigmas = scenes(2)
    told = judging.tempered([errors[0], 5 * errors[1]], sigmas)
    assert told["temperature"] == pytest.approx(1.0, rel=0.05)
    assert judging.tempered(errors[:1], sigmas[:1]) == {}


def test_kinds_are_judged_apart_and_tiny_ones_left_out():
    errors, sigmas = scenes(1)
    error, sigma = errors[0].copy(), sigmas[0]
    where = np.arange(error.size) < 2000
    error[where] *= 10
    told = judging.by_kind(error, sigma, {"hard": where, "easy": ~where, "none": np.arange(error.size) < 9})
    assert set(told) == {"hard", "easy"}
    assert told["hard"]["share"] == 0.1
    assert told["hard"]["squared_share"] > 0.85
    assert told["hard"]["squared_share"] + told["easy"]["squared_share"] == pytest.approx(1.0)
    assert told["hard"]["coverage_95"] < 0.3 < 0.9 < told["easy"]["coverage_95"]


@pytest.mark.parametrize(("kind", "precision", "recall"), [("perfect", 1.0, 1.0), ("chance", 0.2, 0.5), ("all", 0, 0)])
def test_a_mask_as_a_detector(kind, precision, recall):
    error = RNG.random(50_000)
    kept = {"perfect": error <= np.quantile(error, 0.8), "chance": RNG.random(error.size) < 0.5, "all": error < 2}[kind]
    told = judging.detection(error, kept)
    assert told["precision"] == pytest.approx(precision, abs=0.02)
    assert told["recall"] == pytest.approx(recall, abs=0.02)


def test_a_mask_that_keeps_nothing_has_no_psnr():
    assert judging.detection(RNG.random(100), np.zeros(100, bool))["psnr_mu_kept"] == 0.0


def test_every_other_scene_fits_the_temperature_and_the_rest_is_judged():
    errors, sigmas = scenes(5, size=500)
    told = judging.tempered([k * error for k, error in enumerate(errors, 1)], sigmas)
    ratios = np.concatenate([k * errors[k - 1] / sigmas[k - 1] for k in (1, 3, 5)])
    assert told["temperature"] == pytest.approx(np.sqrt(np.mean(ratios**2)))
    rest = [np.concatenate([2 * errors[1], 4 * errors[3]]), np.concatenate([sigmas[1], sigmas[3]])]
    assert told["before"] == pytest.approx(judging.likelihood(*rest))


@pytest.mark.parametrize(("factor", "temperature"), [(0.0, 1.0), (0.5, 0.5)])
def test_a_temperature_cools_too_and_is_one_without_error(factor, temperature):
    assert judging.tempered(*scenes(2, factor=factor))["temperature"] == pytest.approx(temperature, rel=0.02)


def test_a_kind_of_a_hundred_pixels_has_its_rmse():
    error, where = np.full(200, 0.5), np.arange(200) < 100
    error[where] = 0.2
    told = judging.by_kind(error, error, {"few": where, "fewer": np.arange(200) < 99})
    assert set(told) == {"few"}
    assert told["few"]["rmse"] == pytest.approx(0.2)


def test_the_fifth_of_largest_errors_is_bad():
    """Of the errors 0 to 10, those above the quantile 8: two."""
    error = np.arange(11.0)
    assert judging.detection(error, error < 10)["precision"] == 1.0
    assert judging.detection(error, error < 10)["recall"] == 0.5
    assert judging.detection(error, error < 9)["recall"] == 1.0
    assert judging.detection(np.array([1.0, 2.0]), np.array([True, False]))["recall"] == 1.0


def test_the_psnr_is_that_of_what_is_kept():
    error = np.array([0.01, 0.01, 0.5])
    assert judging.detection(error, error < 0.1)["psnr_mu_kept"] == pytest.approx(40.0)
    assert judging.detection(0 * error, error < 0.1)["psnr_mu_kept"] == pytest.approx(100.0)
