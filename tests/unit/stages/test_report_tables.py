"""The numbers of the report."""

import numpy as np
import pytest
from small_run import QUALITY, RISK, score_rows

from hdrpipe.stages.report_tables import (
    Run,
    headline,
    interval,
    markdown,
    scene_scores,
    spoken,
    summary_rows,
)

RATES = {"keep_rate_patch": 0.8, "keep_rate_pixel": 0.7, "keep_rate": 0.6}


def make(scenes=9, **levels):
    baselines = score_rows("triangle/none", 20.0, scenes) + score_rows("low_exposure_fill/dis", 30.0, scenes)
    rounds = [score_rows("student", levels.get(f"round{n}", 33.0), scenes) for n in range(2)]
    metrics = {"sigma_test": QUALITY, "sigma_unlabelled": QUALITY, "labels": RISK}
    return Run(scene_scores(baselines, rounds), [metrics, metrics], [], [{"unlabelled": RATES}], 1)


def test_a_row_for_each_method_in_the_order_of_the_files():
    rows = summary_rows(make())
    expected = ["triangle/none", "low_exposure_fill/dis", "round 0 student", "round 1 student"]
    assert [row["method"] for row in rows] == expected
    assert [row["method"] for row in rows if row["chosen"]] == ["round 1 student"]


def test_difficulties_of_equal_size_average_to_the_whole():
    for row in summary_rows(make()):
        parts = [row[f"psnr_mu {name}"] for name in ("tripod", "handheld", "large-motion")]
        assert np.mean(parts) == pytest.approx(row["psnr_mu"])


def test_the_baseline_is_the_best_one():
    assert make().baseline == "low_exposure_fill/dis"


def test_a_constant_gain_has_an_interval_of_no_width():
    difference = headline(make())["difference"]
    assert [difference[key] for key in ("psnr_mu", "low", "high")] == pytest.approx([3.0] * 3)


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
    told = headline(make(scenes=3))
    assert told["student"]["low"] is None
    assert "no interval" in markdown("x", told, summary_rows(make(scenes=3)))


def test_markdown_is_short_and_fits_a_terminal():
    lines = markdown("small", headline(make()), summary_rows(make())).splitlines()
    assert max(map(len, lines)) <= 120
    assert "- Difference: **+3.00 dB** (95 % interval +3.00 to +3.00)" in lines
    assert [line for line in lines if line.startswith("| round 1 student *")]


def test_a_worse_student_is_told_as_such():
    assert "**-5.00 dB**" in markdown("small", headline(make(round1=25.0)), summary_rows(make(round1=25.0)))


@pytest.mark.parametrize(
    ("method", "words"),
    [("low_exposure_fill/dis", "low exposure fill, DIS"), ("triangle/none", "triangle"), ("round 1 student",) * 2],
)
def test_methods_in_words(method, words):
    assert spoken(method) == words
