"""The curves of sigma."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hdrpipe.report.sigma_figures import draw_coverage, draw_reliability, draw_risk_coverage, plain_log, reliability

RANDOM = np.random.default_rng(0)
SIGMA = RANDOM.uniform(0.01, 0.1, 20_000)
ERROR = np.abs(RANDOM.normal(0, SIGMA))


def test_a_sigma_of_the_right_size_lies_on_the_diagonal():
    expected, seen = reliability(ERROR, SIGMA)
    assert len(expected) == 20
    assert np.all(np.diff(expected) > 0)
    assert seen == pytest.approx(expected, rel=0.12)


def test_half_a_sigma_lies_at_twice_its_height():
    expected, seen = reliability(ERROR, SIGMA / 2)
    assert seen / expected == pytest.approx(np.full(20, 2.0), rel=0.12)


@pytest.mark.parametrize("span", [2.0, 7.0, 1000.0])
def test_the_words_below_its_axis_do_not_lie_on_one_another(span):
    figure = Figure(figsize=(4.6, 3.2))
    axes = figure.add_subplot()
    sigma = 2e-3 * span ** RANDOM.uniform(size=5000)
    draw_reliability(axes, np.abs(RANDOM.normal(0, sigma)), sigma)
    FigureCanvasAgg(figure).draw()
    found = [label.get_window_extent() for label in axes.get_xticklabels(which="both") if label.get_text()]
    words = [word for word in found if axes.bbox.x0 <= (word.x0 + word.x1) / 2 <= axes.bbox.x1]
    assert len(words) >= 1
    assert all(left.x1 < right.x0 for left, right in pairwise(sorted(words, key=lambda word: word.x0)))


def drawn(draw, *more, sigma=SIGMA):
    axes = Figure().add_subplot()
    draw(axes, ERROR, sigma, *more)
    return {line.get_label(): line.get_xydata() for line in axes.lines}


def test_risk_falls_with_what_is_kept_and_ends_at_the_error_of_all():
    curve = drawn(draw_risk_coverage)["selected by sigma"]
    assert curve[0] == pytest.approx([1.0, np.sqrt(np.mean(ERROR**2))])
    assert curve[-1][1] < curve[0][1] / 2


def test_intervals_of_the_right_sigma_hold_what_they_are_meant_to():
    curve = drawn(draw_coverage)["sigma"]
    assert curve[:, 1] == pytest.approx(curve[:, 0], abs=0.02)


def test_a_temperature_has_a_curve_of_its_own():
    curves = drawn(draw_coverage, 2.0, sigma=SIGMA / 2)
    curve = curves["sigma x 2.00, calibrated without truth"]
    assert curve[:, 1] == pytest.approx(curve[:, 0], abs=0.02)
    assert curves["sigma"][10, 1] < curve[10, 1] - 0.1


@pytest.mark.parametrize("span", [(0.0021, 0.0048), (0.0019, 0.014), (0.0003, 0.006)])
def test_a_logarithmic_axis_has_plain_numbers_and_few_of_them(span):
    axes = Figure().add_subplot()
    axes.plot(span, span)
    axes.set_xscale("log")
    plain_log(axes.xaxis)
    axes.figure.draw_without_rendering()
    low, high = axes.get_xlim()
    shown = [label.get_text() for label in axes.get_xticklabels(which="both") if low <= label.get_position()[0] <= high]
    shown = [text for text in shown if text]
    assert 2 <= len(shown) <= 6
    assert all(low <= float(text) <= high for text in shown)
