"""The report holds a run against trainings on its labels alone and on labels of all bursts."""

from dataclasses import replace

import pytest
from small_run import score_rows, scored_run

from hdrpipe.report.gap import gap_of, row_of
from hdrpipe.report.tables import arm_scores, headline
from hdrpipe.report.verdict import verdict


def with_arms(scenes=9, **levels):
    """A run whose student has the level 35 dB, 37 as a mean over the scenes, beside arms of these levels."""
    arms = {name.replace("_", "-"): arm_scores(score_rows("", level, scenes)) for name, level in levels.items()}
    return replace(scored_run(scenes=scenes), compared=arms)


def said(run):
    return [(sentence.tone, sentence.text) for sentence in verdict(run, headline(run), gap_of(run))]


def test_a_run_without_arms_has_no_gap():
    assert gap_of(scored_run()) is None


def test_gains_steps_and_closure_are_those_of_the_means():
    gap = gap_of(with_arms(labels_alone=31.0, matched=34.5, all_labels=36.0))
    assert [row["arm"] for row in gap["arms"]] == ["labels-alone", "matched", "run", "all-labels"]
    assert [row["psnr_mu"] for row in gap["arms"]] == pytest.approx([33.0, 36.5, 37.0, 38.0])
    assert [row["gain"]["mean"] for row in gap["arms"][1:]] == pytest.approx([3.5, 4.0, 5.0])
    assert [row["step"]["mean"] for row in gap["arms"][1:]] == pytest.approx([3.5, 0.5, 1.0])
    assert gap["arms"][0]["gain"] is None
    assert gap["arms"][0]["step"] is None
    assert gap["closure"]["mean"] == pytest.approx(0.8)
    assert gap["closure"]["low"] == pytest.approx(0.8)


def test_no_share_of_a_gap_that_is_none():
    assert gap_of(with_arms(labels_alone=35.0, all_labels=35.0))["closure"] is None
    assert gap_of(with_arms(labels_alone=36.0, all_labels=35.0))["closure"] is None
    assert gap_of(with_arms(scenes=3, labels_alone=31.0, all_labels=36.0))["closure"] is None


def test_an_arm_that_was_not_trained_has_an_empty_row():
    gap = gap_of(with_arms(matched=34.0))
    assert row_of(gap, "labels-alone") == {}
    assert row_of(gap, "run")["gain"] is None


def test_the_verdict_begins_with_what_the_unlabelled_bursts_brought():
    first, second, third = said(with_arms(labels_alone=31.0, matched=35.5, all_labels=36.0))[:3]
    assert first[0] == "good"
    assert first[1].startswith("The unlabelled bursts helped: +4.00 [+4.00, +4.00] dB on the test scenes over")
    assert first[1].endswith("0.80 [0.80, 0.80] of the gap to all labels.")
    assert second == ("bad", "Pseudo labels and masks did harm: -0.50 [-0.50, -0.50] dB over the matched labels alone.")
    assert "best classical merge" in third[1]


def test_the_gain_over_the_warm_up_is_told_where_nothing_better_is_at_hand():
    assert not any("warm-up" in text for _, text in said(with_arms(labels_alone=31.0)))
    assert any("over the warm-up" in text for _, text in said(scored_run()))


def test_one_group_of_scenes_allows_no_interval():
    tone, text = said(with_arms(scenes=3, labels_alone=31.0))[0]
    assert tone == "plain"
    assert text.endswith("over a training on the labels alone; one group of scenes allows no confidence interval.")
