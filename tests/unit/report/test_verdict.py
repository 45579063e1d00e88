"""What the figures of a run say in plain words, and what its jobs took."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_run import scored_run

from hdrpipe.report.costs import cost_rows, duration, neighbours
from hdrpipe.report.tables import headline
from hdrpipe.report.verdict import paired, round_rows, verdict

ERROR = "labelled_reconstruction"


def said(**changed):
    run = scored_run(**changed)
    return [(sentence.tone, sentence.text) for sentence in verdict(run, headline(run))]


def test_after_a_training_that_did_harm_nothing_is_praised():
    dead, fine = np.array([0.25, 0.68, 0.67, 0.66]), np.array([0.7, 0.66, 0.65])
    run = replace(scored_run(), histories=[{ERROR: dead}, {ERROR: fine}, {ERROR: fine}])
    (sentence,) = verdict(run, headline(run))
    assert sentence.tone == "bad"
    assert sentence.text.startswith("The warm-up did harm: its reconstruction error rose from 0.25 to 0.66.")
    later = replace(run, histories=[{ERROR: fine}, {ERROR: dead}])
    assert verdict(later, headline(later))[0].text.startswith("The training of round 1 did harm")


@pytest.mark.parametrize("errors", [[0.005, 0.02, 0.012], [0.3, 0.5, 0.31], [0.2]])
def test_a_training_within_its_range_did_no_harm(errors):
    run = replace(scored_run(), histories=[{ERROR: np.array(errors)}])
    assert verdict(run, headline(run))[0].tone == "good"


def test_a_round_that_raised_the_kept_risk_is_where_to_stop():
    tone, text = said(levels=(33, 34, 35, 36), risks=(4e-4, 5e-4, 3e-4))[1]
    assert tone == "bad"
    assert text == (
        "Round 2 raised the selective risk on labelled scenes (RMSE 0.02000 to 0.02236, +11.8 %): stop at round 1."
    )


def test_a_rule_that_went_back_says_why():
    run = replace(scored_run(levels=(33, 34, 35, 36), risks=(4e-4, 5e-4, 3e-4)), chosen=1, why="round 2 was worse")
    sentence = verdict(run, headline(run))[1]
    assert (sentence.tone, sentence.text) == ("bad", "Round 1 of 3 is chosen: round 2 was worse.")
    kept = replace(run, chosen=3, why="no round was worse")
    assert verdict(kept, headline(kept))[1].tone == "good"


def test_falling_risk_asks_for_another_round():
    assert said()[1] == (
        "good",
        "The selective risk on labelled scenes still fell in round 2 (RMSE 0.02000 to 0.01732, -13.4 %): "
        "a further round may help.",
    )


@pytest.mark.parametrize("last", [3.99e-4, 4.01e-4])
def test_a_round_that_changed_next_to_nothing_is_called_that(last):
    tone, text = said(risks=(4e-4, last))[1]
    assert tone == "plain"
    assert text.startswith("Round 2 hardly changed the selective risk on labelled scenes (RMSE 0.02000 to ")


def test_a_kept_risk_of_nothing_has_no_share():
    assert "RMSE 0.00000 to 0.02000)" in said(risks=(0.0, 4e-4))[1][1]


@pytest.mark.parametrize(
    ("classical", "tone", "words"), [(30.0, "good", "is better than"), (40.0, "bad", "is worse than")]
)
def test_the_student_is_held_against_the_best_classical_merge(classical, tone, words):
    found = said(classical=classical)[0]
    assert found[0] == tone
    assert words in found[1]


def test_one_group_proves_nothing():
    assert said(scenes=3)[0][1].endswith("without a confidence interval.")


@pytest.mark.parametrize(
    ("last", "words"), [(35.0, "The rounds helped: +2.00 dB"), (32.0, "The rounds did harm: -1.00 dB")]
)
def test_what_the_rounds_brought_over_the_warm_up(last, words):
    assert any(text.startswith(words) for _, text in said(levels=(33.0, 34.0, last)))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sigma": {"ause": 0.59}}, "Sigma hardly ranks"),
        ({"sigma": {"ause": 0.4}}, "Sigma finds some of the errors: its AUSE is 67 %"),
        ({"sigma": {"ause": 0.1}}, "Sigma finds the errors: its AUSE is 17 %"),
        ({"sigma": {"coverage_80": 0.5}}, "Sigma is too small: its 80 % intervals contain 50 % of the errors."),
        ({"sigma": {"coverage_80": 0.95}}, "Sigma is too large"),
        ({"rates": {"keep_rate": 0.99}}, "The masks keep 99 % of the pixels: they have almost no effect."),
        ({"rates": {"keep_rate": 0.1}}, "The masks keep 10 % of the pixels: the student has little to learn from."),
        ({"labels": {"kept_risk": 1e-3}}, "The pixels that the masks keep have no lower error than those they drop."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_finding_has_its_sentence(changed, words):
    assert any(text.startswith(words) for _, text in said(**changed))
    assert not any(text.startswith(words) for _, text in said(sigma={"ause": 0.25, "coverage_80": 0.82}))


def test_a_sigma_of_the_wrong_size_is_told_with_what_calibrates_it():
    calibrated = {"measured_test": {"temperature": 1.4}, "sigma_calibrated": {"coverage_80": 0.79}}
    (text,) = [t for _, t in said(sigma={"coverage_80": 0.5}, metrics=calibrated) if t.startswith("Sigma is too small")]
    assert "Times 1.40, as measured without truth, they contain 79 %." in text


def test_rounds_tell_their_change_and_their_risk():
    rows = round_rows(scored_run())
    assert [row["psnr_mu"] for row in rows] == pytest.approx([35.0, 36.0, 37.0])
    assert rows[0]["change"] is None
    assert rows[2]["change"]["psnr_mu"] == pytest.approx(1.0)
    assert rows[2]["kept_labelled"] == pytest.approx(3e-4**0.5)
    assert rows[0]["keep_rate"] is None


def test_rounds_are_compared_scene_by_scene():
    assert paired(scored_run(), 0, 2) == pytest.approx({"psnr_mu": 2.0, "low": 2.0, "high": 2.0})


@pytest.fixture
def job(tmp_path):
    """Writes the provenance of an output; returns the output's path."""

    def record(place, stage, started, seconds):
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        told = {"stage": stage, "started": started, "seconds": seconds, "peak_mib": 300, "device": "CPU x86_64"}
        (tmp_path / f"{place}.json").write_text(json.dumps(told))
        return path

    return record


def test_jobs_whose_outputs_the_report_does_not_read_are_told_too(job):
    read = job("round-01/metrics.csv", "evaluate", "2026-01-01T00:02", 2.0)
    job("round-01/uncertainty-00.h5", "teacher", "2026-01-01T00:01", 5.0)
    job("round-01/report.html", "report", "2026-01-01T00:03", 1.0)
    job("round-02/masks-00.h5", "masks", "2026-01-01T00:04", 1.0)  # of a round that the report is not about
    assert [(row["stage"], row["of"]) for row in cost_rows(neighbours([read]))] == [
        ("teacher", "round 1, uncertainty-00"),
        ("evaluate", "round 1"),
    ]


def test_jobs_are_told_once_and_in_order(tmp_path, job):
    paths = [
        job("round-01/metrics.csv", "evaluate", "2026-01-01T00:02", 2.0),
        job("round-01/metrics.json", "evaluate", "2026-01-01T00:02", 3.0),
        job("round-00/history.csv", "warmup", "2026-01-01T00:00", 61.0),
        job("round-01/uncertainty-00.h5", "teacher", "2026-01-01T00:01", 5.0),
        job("round-01/uncertainty-01.h5", "teacher", "2026-01-01T00:01", 6.0),
        tmp_path / "no-provenance.h5",
    ]
    rows = cost_rows(paths)
    assert [(row["stage"], row["of"], row["seconds"]) for row in rows] == [
        ("warmup", "warm-up", 61.0),
        ("teacher", "round 1, uncertainty-00", 5.0),
        ("teacher", "round 1, uncertainty-01", 6.0),
        ("evaluate", "round 1", 3.0),
    ]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.44, "0.4 s"), (12.4, "12 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
