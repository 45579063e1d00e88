"""Intervals over groups of scenes."""

import numpy as np
import pytest

from hdrpipe.evaluation.bootstrap import interval, ratio_interval


def test_interval_holds_the_mean_and_repeats():
    values, groups = np.random.default_rng(0).normal(30, 2, 24), [f"g{k % 6}" for k in range(24)]
    low, high = interval(values, groups)
    assert low < values.mean() < high
    assert interval(values, groups) == (low, high)


def test_more_scenes_of_the_same_places_make_nothing_surer():
    values, groups = [30.0, 32.0, 37.0], ["a", "b", "c"]
    assert interval(values * 5, groups * 5) == pytest.approx(interval(values, groups))


def test_interval_takes_no_notice_of_the_order_of_scenes():
    values, groups = [30.0, 32.0, 37.0, 31.0], ["a", "b", "c", "a"]
    assert interval(values[::-1], groups[::-1]) == pytest.approx(interval(values, groups))


def test_one_group_gives_no_interval():
    assert interval([30.0, 31.0], ["a", "a"]) is None


def test_the_interval_of_many_groups_is_the_normal_one():
    values = np.random.default_rng(1).normal(30, 2, 100)
    half = 1.96 * values.std() / 10
    assert interval(values, [str(k) for k in range(100)]) == pytest.approx(
        (values.mean() - half, values.mean() + half), abs=0.05 * half
    )


def test_two_groups_give_an_interval():
    assert interval([30.0, 31.0], ["a", "b"]) == (30.0, 31.0)


def test_a_ratio_is_drawn_by_groups_with_its_whole():
    wholes, groups = np.array([1.0, 2.0, 4.0, 8.0]), ["a", "a", "b", "b"]
    assert ratio_interval(0.5 * wholes, wholes, groups) == pytest.approx((0.5, 0.5))
    # of two groups a draw takes one of them twice or both: 3/3, 0/12 and 3/15
    low, high = ratio_interval([1.0, 2.0, 0.0, 0.0], wholes, groups)
    assert (low, high) == (0.0, 1.0)
    assert ratio_interval(wholes, wholes, ["a"] * 4) is None
