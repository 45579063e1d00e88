"""What holds for every burst, picture and sigma."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hdrpipe.evaluation import metrics, uncertainty
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.camera import expose, ldr_from_linear, linear_from_ldr, radiance_from_ldr
from hdrpipe.imaging.merge import MERGES, low_exposure_fill, rejecting, triangle
from hdrpipe.imaging.tonemap import display, inverse_mu_law, mu_law

unhurried = settings(deadline=None)
"""A busy machine fails no property."""

unit = st.floats(0.0, 1.0, width=32)
pictures = arrays(np.float32, (3, 12, 12), elements=unit)
frames = arrays(np.float32, (3, 3, 6, 7), elements=unit)
evs = st.lists(st.floats(0.25, 4.0), min_size=2, max_size=2).map(lambda steps: (0.0, steps[0], sum(steps)))
errors = arrays(np.float64, st.integers(1, 60), elements=st.floats(0.0, 1.0, width=32, allow_subnormal=False))


@st.composite
def ranked(draw):
    """Errors and a sigma for each."""
    error = draw(errors)
    return error, draw(arrays(np.float64, error.shape, elements=st.floats(1e-3, 1.0)))


@unhurried
@given(pictures)
def test_mu_law_and_its_inverse_undo_each_other(picture):
    assert inverse_mu_law(mu_law(picture)) == pytest.approx(picture, rel=1e-4, abs=1e-7)
    assert mu_law(inverse_mu_law(picture)) == pytest.approx(picture, rel=1e-4, abs=1e-6)


@unhurried
@given(unit, unit)
def test_mu_law_keeps_the_order(a, b):
    low, high = sorted((np.float64(a), np.float64(b)))
    assert mu_law(low) <= mu_law(high)


@unhurried
@given(pictures)
def test_ldr_and_linear_undo_each_other(picture):
    assert ldr_from_linear(linear_from_ldr(picture)) == pytest.approx(picture, rel=1e-4, abs=1e-6)


@unhurried
@given(pictures, st.floats(0.0, 6.0))
def test_a_longer_exposure_leaves_radiance_unchanged(picture, stops):
    time = 2.0**stops
    radiance = picture / np.float32(time)  # what this exposure does not clip
    ldr = np.stack([expose(radiance, 1.0), expose(radiance, time)])
    measured = radiance_from_ldr(ldr, np.array([1.0, time]))
    assert measured == pytest.approx(np.stack([radiance, radiance]), rel=1e-3, abs=1e-6)


@unhurried
@given(frames, evs, st.floats(-8.0, 8.0))
def test_only_differences_of_ev_count(ldr, ev, offset):
    shifted = tuple(value + offset for value in ev)
    assert Burst(ldr, ev, 1).radiance == pytest.approx(Burst(ldr, shifted, 1).radiance, rel=1e-4, abs=1e-7)


@unhurried
@given(frames, evs, st.integers(0, 2), st.sampled_from(sorted(MERGES)))
def test_merges_stay_finite_and_between_black_and_the_shortest_clip(ldr, ev, reference, name):
    merged = MERGES[name](Burst(ldr, ev, reference))
    assert np.isfinite(merged).all()
    assert merged.min() >= 0
    assert merged.max() <= 1 + 1e-2


@unhurried
@given(frames, evs, st.permutations(range(3)), st.sampled_from([low_exposure_fill, triangle, rejecting]))
def test_merges_treat_the_channels_alike(ldr, ev, order, merge):
    order = list(order)
    expected = merge(Burst(ldr, ev, 1))[order]
    assert merge(Burst(ldr[:, order], ev, 1)) == pytest.approx(expected, rel=1e-4, abs=1e-6)


@unhurried
@given(frames, evs, st.sampled_from([low_exposure_fill, triangle, rejecting]))
def test_merges_turn_with_the_frames(ldr, ev, merge):
    expected = np.rot90(merge(Burst(ldr, ev, 1)), axes=(1, 2))
    turned = np.ascontiguousarray(np.rot90(ldr, axes=(2, 3)))
    assert merge(Burst(turned, ev, 1)) == pytest.approx(expected, rel=1e-3, abs=1e-5)


@unhurried
@given(pictures, pictures)
def test_metrics_are_symmetric(a, b):
    for measure in (metrics.psnr_l, metrics.psnr_mu, metrics.ssim_l, metrics.ssim_mu, metrics.pu21_psnr):
        assert measure(a, b) == pytest.approx(measure(b, a))


@unhurried
@given(pictures, pictures)
def test_ssim_is_at_most_one(a, b):
    assert -1 - 1e-9 <= metrics.ssim(a, b) <= 1 + 1e-9


@unhurried
@given(pictures, arrays(np.float32, (3, 12, 12), elements=st.floats(-0.5, 0.5, width=32)))
def test_half_the_error_is_six_decibels(truth, error):
    error = np.where(np.abs(error) < 1e-6, 0.0, error)  # less is lost in rounding beside a value of 1
    whole = metrics.psnr(truth.astype(np.float64) + error, truth.astype(np.float64))
    half = metrics.psnr(truth + error.astype(np.float64) / 2, truth.astype(np.float64))
    assert half == pytest.approx(whole + 20 * np.log10(2), abs=1e-3)


@unhurried
@given(pictures)
def test_display_is_always_presentable(picture):
    shown = display(picture)
    assert shown.shape == (12, 12, 3)
    assert shown.dtype == np.uint8


@unhurried
@given(ranked())
def test_no_order_beats_the_oracle(case):
    error, sigma = case
    assert uncertainty.ause(error, sigma) >= -1e-9
    assert uncertainty.removed_share(error, error) >= uncertainty.removed_share(error, sigma) - 1e-9
    assert uncertainty.aurc(error, error) <= uncertainty.aurc(error, sigma) + 1e-9


@unhurried
@given(ranked(), st.integers(0, 4))
def test_ranking_measures_see_order_only(case, halvings):
    error, sigma = case
    scaled = sigma * 0.5**halvings  # exact, so that no two sigmas become one
    for measure in (uncertainty.ause, uncertainty.aurg, uncertainty.aurc, uncertainty.removed_share):
        assert measure(error, scaled) == measure(error, sigma)
    expected = uncertainty.rank_correlation(error, sigma)
    assert uncertainty.rank_correlation(error, scaled) == pytest.approx(expected)


@unhurried
@given(ranked(), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_dropping_more_removes_more(case, a, b):
    low, high = sorted((a, b))
    assert uncertainty.removed_share(*case, low) <= uncertainty.removed_share(*case, high) + 1e-12


@unhurried
@given(errors, st.floats(0.0, 1.0))
def test_a_sigma_that_knows_nothing_removes_what_it_drops(error, dropped):
    assert uncertainty.removed_share(error, np.ones_like(error), dropped) == pytest.approx(dropped)


@unhurried
@given(ranked())
def test_coverage_grows_with_its_level(case):
    shares = [uncertainty.coverage(*case, level) for level in uncertainty.LEVELS]
    assert shares == sorted(shares)
