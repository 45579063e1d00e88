"""Comparison of arms: differences, intervals, gap closure."""

import numpy as np
import pytest

from hdrpipe.evaluation.study_statistics import Resampling, Table, closure, difference

GROUPS = ["a", "a", "b", "b", "c", "c"]
PAIRS = [(0, 0), (1, 1), (2, 2), (3, 3)]


def table(**arms):
    """Arm -> (pairs, scenes) PSNR-mu."""
    values = {
        arm: {pair: {"psnr_mu": row} for pair, row in zip(PAIRS, np.asarray(rows, float), strict=True)}
        for arm, rows in arms.items()
    }
    return Table(values, GROUPS)


def noise(seed, scale=1.0):
    return np.random.default_rng(seed).normal(0, scale, (4, 6))


def test_a_difference_is_paired_by_pair_and_scene():
    shared = 30 + noise(0, 5.0)
    found, ahead, pairs = difference(table(x=shared + 0.3, y=shared), "x", "y", "psnr_mu")
    assert found.mean == pytest.approx(0.3)
    assert found.low == pytest.approx(0.3)
    assert found.high == pytest.approx(0.3)
    assert (ahead, pairs) == (4, 4)
    assert found.clear


def test_whole_pairs_and_whole_groups_are_drawn():
    """One pair, or one group, that differs may be missing in a draw; an interval over single scores would miss that."""
    by_pair, by_group = np.zeros((4, 6)), np.zeros((4, 6))
    by_pair[0], by_group[:, :2] = 4.0, 3.0
    for apart in (by_pair, by_group):
        found = Resampling(4, GROUPS).estimate(apart)
        assert found.mean == 1.0
        assert found.low == 0.0
        assert not found.clear


def test_the_interval_is_that_of_a_plain_loop():
    apart = noise(1)
    drawn = Resampling(4, GROUPS).means(apart)
    random = np.random.default_rng(5)
    blocks = apart.reshape(4, 3, 2).mean(axis=2)
    slow = [blocks[random.integers(4, size=4)][:, random.integers(3, size=3)].mean() for _ in range(4000)]
    assert np.std(drawn) == pytest.approx(np.std(slow), rel=0.05)
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.08)


@pytest.mark.parametrize(("pairs", "groups"), [(1, GROUPS), (4, ["a"] * 6)])
def test_one_of_a_kind_gives_no_interval(pairs, groups):
    found = Resampling(pairs, groups).estimate(noise(2)[:pairs])
    assert found.low is None
    assert not found.clear


def test_closure_is_a_ratio_of_means_and_stands_only_on_a_clear_gap():
    low = 30 + noise(3)
    clear = table(floor=low, arm=low + 0.5 + noise(4, 0.01), full=low + 2.0)
    found = closure(clear, "arm", "floor", "full", "psnr_mu")
    assert found.mean == pytest.approx(0.25, abs=0.01)
    assert found.low < 0.25 < found.high
    vague = table(floor=low, arm=low + 0.5, full=low + 0.1 + noise(5, 5.0))
    assert closure(vague, "arm", "floor", "full", "psnr_mu") is None
    assert closure(table(floor=low, arm=low, full=low - 2.0), "arm", "floor", "full", "psnr_mu") is None


def test_only_pairs_that_all_arms_ran_on_are_compared():
    """The arm ran on one pair less, which would have put it ahead."""
    scores = table(x=np.full((4, 6), 30.0), y=np.full((4, 6), 30.5))
    scores.values["x"][PAIRS[3]] = {"psnr_mu": np.full(6, 90.0)}
    del scores.values["y"][PAIRS[3]]
    found, ahead, pairs = difference(scores, "x", "y", "psnr_mu")
    assert found.mean == pytest.approx(-0.5)
    assert (ahead, pairs) == (0, 3)


def test_an_arm_is_ahead_in_a_pair_where_its_mean_is_higher():
    gains = np.array([[0.5] * 6, [-0.5] * 6, [0.0] * 6, [3.0] + [-0.5] * 5])
    assert difference(table(x=30 + gains, y=np.full((4, 6), 30.0)), "x", "y", "psnr_mu")[1:] == (2, 4)


def test_groups_weigh_by_their_scenes():
    """Every draw of whole groups is a mean over scenes, whatever the sizes of the groups."""
    values = np.tile([1.0, 1.0, 1.0, 1.0, 5.0, 5.0], (4, 1))
    drawn = Resampling(4, ["a"] * 4 + ["b"] * 2).means(values)
    assert sorted({round(value, 6) for value in drawn}) == [1.0, round(14 / 6, 6), 5.0]


def test_two_pairs_and_two_groups_give_an_interval():
    found = Resampling(2, ["a", "b"]).estimate(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert found.low < found.mean == 2.5 < found.high


@pytest.mark.parametrize(("offset", "clear"), [(1.0, True), (-1.0, True), (0.0, False)])
def test_a_difference_is_clear_if_its_interval_excludes_zero(offset, clear):
    assert Resampling(4, GROUPS).estimate(offset + noise(6, 0.2)).clear is clear
    assert not Resampling(4, GROUPS).estimate(np.zeros((4, 6))).clear


def test_an_interval_holds_95_of_100_draws():
    values = noise(7)
    resampling = Resampling(4, GROUPS)
    found, drawn = resampling.estimate(values), resampling.means(values)
    assert np.mean((drawn >= found.low) & (drawn <= found.high)) == pytest.approx(0.95, abs=4e-3)
    assert np.mean(drawn < found.low) == pytest.approx(0.025, abs=4e-3)


def test_common_pairs_are_in_the_order_of_the_first_arm():
    scores = {"psnr_mu": np.zeros(6)}
    pairs = {"x": [(2, 2), (0, 0), (1, 1)], "y": [(0, 0), (3, 3), (2, 2)]}
    made = Table({arm: dict.fromkeys(of, scores) for arm, of in pairs.items()}, GROUPS)
    assert made.common("x", "y") == [(2, 2), (0, 0)]
    assert made.common("y", "x") == [(0, 0), (2, 2)]


def test_a_small_gap_is_closed_like_a_large_one():
    low = 30 + noise(0, 5.0)
    scores = table(arm=low + 0.15, floor=low, ceiling=low + 0.3)
    assert closure(scores, "arm", "floor", "ceiling", "psnr_mu").mean == pytest.approx(0.5)
