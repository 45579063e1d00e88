"""The numbers of the report."""

from dataclasses import replace

import numpy as np
import pytest
from small_run import QUALITY, RISK, score_rows

from hdrpipe.report.tables import (
    Run,
    headline,
    markdown,
    method_label,
    scene_scores,
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


def test_markdown_is_short_and_fits_a_terminal():
    lines = markdown("small", headline(make()), summary_rows(make())).splitlines()
    assert max(map(len, lines)) <= 120
    assert "- Difference: **+3.00 dB** (95 % interval +3.00 to +3.00)" in lines
    assert [line for line in lines if line.startswith("| round 1 student *")]


def test_risk_without_truth_is_told_with_and_without_scores():
    made = make()
    covered = {"coverage_80": 0.63, "coverage_90": 0.78}
    measured = {"measured_test": {"risk": 1e-4, "fraction": 0.6, "temperature": 1.34}}
    metrics = made.metrics[1] | measured | {"sigma_test": QUALITY | covered}
    scored = replace(made, metrics=[metrics, metrics | {"sigma_calibrated": {"coverage_80": 0.8, "coverage_90": 0.91}}])
    text = markdown("small", headline(scored), [])
    assert "- RMSE of the student where well exposed, measured without truth: 0.0100\n" in text
    assert (
        "sigma x 1.34, calibrated by that: 80 % hold 80 % of the errors, 90 % 91 %; of sigma itself 63 % and 78 %"
        in text
    )
    unscored = replace(made, scores=[], metrics=[measured, measured])
    text = markdown("small", headline(unscored), [])
    assert "measured without truth: 0.0100" in text
    assert "Intervals" not in text


def test_a_worse_student_is_told_as_such():
    assert "**-5.00 dB**" in markdown("small", headline(make(round1=25.0)), summary_rows(make(round1=25.0)))


@pytest.mark.parametrize(
    ("method", "words"),
    [("low_exposure_fill/dis", "low exposure fill, DIS"), ("triangle/none", "triangle"), ("round 1 student",) * 2],
)
def test_methods_in_words(method, words):
    assert method_label(method) == words


def test_one_group_is_told_without_an_interval():
    told = headline(make(scenes=3))
    assert told["student"]["low"] is None
    assert "no interval" in markdown("x", told, summary_rows(make(scenes=3)))


def test_scenes_that_a_classical_merge_wins_are_named():
    run = make()
    assert headline(run)["lost"] == []
    assert "On every test scene the student is better than every classical merge" in markdown(
        "run", headline(run), summary_rows(run)
    )
    strong = [row | {"psnr_mu": 36.0} for row in score_rows("triangle/none", 0.0, 9)[:2]]
    weak = score_rows("triangle/none", 0.0, 9)[2:]
    baselines = [*strong, *weak, *score_rows("low_exposure_fill/dis", 30.0, 9)]
    rounds = [score_rows("student", 33.0, 9)] * 2
    run = Run(scene_scores(baselines, rounds), run.metrics, [], run.statistics, 1)
    assert run.baseline == "low_exposure_fill/dis"  # the best in the mean is not the one that wins here
    lost = headline(run)["lost"]
    assert [(row["scene"], row["better"]) for row in lost] == [
        ("test-000", "triangle/none"),
        ("test-001", "triangle/none"),
    ]
    assert lost[0]["difference"] == pytest.approx(-3.0)
    said = markdown("run", headline(run), summary_rows(run))
    assert "On 2 of 9 test scenes some classical merge is better: test-000 (tripod, -3.00 dB), test-001" in said


def test_a_risk_that_is_measured_without_truth_is_told():
    measured = {"risk": 4e-4, "kept_risk": -1e-9, "keep_rate": 0.5}
    run = replace(make(), statistics=[{"unlabelled": RATES, "measured": measured}])
    line = "- RMSE of the pseudo labels where well exposed, measured without truth: kept 0.0000, all 0.0200"
    assert line in markdown("small", headline(run), summary_rows(run)).splitlines()
    assert "without truth" not in markdown("small", headline(make()), summary_rows(make()))
