"""Trainings beside a run (`compare`), and the first figure of its report, through real Snakemake."""

import json
import re
import shutil

import pytest
from checkout import Checkout

ARMS = ["labels-alone", "matched", "all-labels"]


@pytest.fixture(scope="module")
def compared(finished, tmp_path_factory):
    """A copy of the finished run, then called with an arm that shares its scenes and its warm-up."""
    checkout = Checkout(shutil.copytree(finished.path, tmp_path_factory.mktemp("compared") / "copy"))
    checkout.printed = checkout.snakemake(overlay={"compare": ["labels-alone"]})
    return checkout


def test_an_arm_that_shares_scenes_and_warm_up_trains_its_students_alone(finished):
    assert finished.plan(overlay={"compare": ["labels-alone"]}) == {"student": 2, "score": 1, "report": 1}
    everything = {"fetch": 1, "prepare": 1, "warmup": 1, "student": 2, "score": 1, "report": 1}
    assert finished.plan(overlay={"compare": ["all-labels"]}) == everything


def test_the_report_tells_what_the_unlabelled_bursts_brought(compared):
    results = compared.path / "results" / "tiny"
    summary = json.loads((results / "summary.json").read_text())
    alone, run = summary["gap"]["arms"]
    assert [alone["arm"], run["arm"]] == ["labels-alone", "run"]
    assert run["psnr_mu"] == pytest.approx(summary["student"]["psnr_mu"])
    assert run["gain"]["mean"] == pytest.approx(run["psnr_mu"] - alone["psnr_mu"])
    assert "What the unlabelled bursts brought" in (results / "report.html").read_text()
    assert "over a training on the labels alone" in compared.printed


def test_the_arm_learned_without_unlabelled_bursts_and_for_as_many_steps(compared):
    results = compared.path / "results" / "tiny"
    run, arm = (
        json.loads((folder / "round-02" / "history.csv.json").read_text())
        for folder in (results, results / "compare" / "labels-alone")
    )
    assert arm["spec"]["student"] == {**run["spec"]["student"], "unlabelled_batch": 0}
    assert not [name for name in arm["inputs"] if "masks" in name or "uncertainty" in name]
    assert len((results / "compare" / "labels-alone" / "round-02" / "history.csv").read_text().splitlines()) == len(
        (results / "round-02" / "history.csv").read_text().splitlines()
    )


def test_nothing_is_made_twice_and_without_the_arm_the_report_alone(compared):
    assert "Nothing to be done" in compared.snakemake(overlay={"compare": ["labels-alone"]})
    assert compared.plan() == {"report": 1}


@pytest.fixture(scope="module")
def main_job(finished):
    """What a dry run of the main job prints."""
    return finished.fork("snakemake", "-n", "--cores", "2").stdout


def test_the_main_job_has_all_arms(main_job):
    assert all(f"results/demo/compare/{arm}/round-02/scores-test.csv" in main_job for arm in ARMS)


def test_what_trainings_wait_for_goes_first_and_their_scores_last(main_job):
    """Else two cores train the arms first, and at the end one core waits for the rounds of the run."""
    priorities = {}
    for job in main_job.split("\n[")[1:]:
        if rule := re.search(r"rule (\w+):", job):
            said = re.search(r"priority: (\d+)", job)
            priorities.setdefault(rule[1], set()).add(int(said[1]) if said else 0)
    first, training, last = ("match", "teacher", "masks"), ("warmup", "student"), ("baselines", "evaluate", "score")
    assert [priorities[name] for name in (*first, *training, *last)] == [{2}] * 3 + [{1}] * 2 + [{0}] * 3
