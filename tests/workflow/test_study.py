"""A study, really run by Snakemake: two arms on two pairs, in seconds."""

import json
import re
import shutil

import harming
import pandas as pd
import pytest
import yaml

TINY = {
    "run": "little",
    "rounds": 1,
    "data": {"options": {"source": 3, "source_noise": 1, "noise": 5}},
    "warmup": {"steps": 12},
    "student": {"steps": 6},
    "study": {
        "arms": {
            "supervised": {"student": {"unlabelled_batch": 0}},
            "bilevel": {},
            "unmasked": {"masks": {"level": "none"}},
            "full": {"data": {"labelled": "all"}, "student": {"unlabelled_batch": 0}},
        },
        "regimes": {"noisy": {}},
        "core": {"arms": ["supervised", "bilevel"], "pairs": [[0, 0], [1, 1]]},
    },
}


@pytest.fixture(scope="module")
def studied(finished, tmp_path_factory):
    """A copy of the checkout with the study done; the tests of other files keep theirs as it is."""
    checkout = type(finished)(shutil.copytree(finished.path, tmp_path_factory.mktemp("study") / "checkout"))
    checkout.printed = checkout.snakemake("study", overlay=TINY)
    return checkout


def overlaid(**study):
    return {**TINY, "study": {**TINY["study"], **study}}


def test_it_ends_with_a_table_and_tells_where(studied):
    folder = studied.path / "results" / "little"
    assert "results/little/study.html" in studied.printed
    rows = {row["arm"]: row for row in json.loads((folder / "study.json").read_text())["arms"]}
    assert set(rows) == {"supervised", "bilevel"}
    assert rows["bilevel"]["pairs"] == 2
    assert rows["bilevel"]["against"]["supervised"]["low"] is not None
    assert "bilevel" in (folder / "study.html").read_text()


def test_the_cost_is_told_before_it_starts(studied):
    line = next(line for line in studied.printed.splitlines() if line.startswith("Study little:"))
    assert "6 trainings" in line
    assert studied.printed.index(line) < studied.printed.index("Job stats")


def test_arms_share_scenes_warm_up_and_first_labels(studied):
    folder = studied.path / "results" / "little" / "noisy"
    assert len(list(folder.rglob("labelled-00.h5"))) == 2
    assert len(list(folder.rglob("round-00/student.safetensors"))) == 2
    assert len(list(folder.rglob("uncertainty-00.h5"))) == 2
    assert not (folder / "draw-0" / "seed-0" / "supervised" / "round-01" / "masks.json").exists()


def test_labels_come_from_the_lab(studied):
    for draw in (0, 1):
        path = studied.path / "results" / "little" / "noisy" / f"draw-{draw}" / "data" / "scenes" / "manifest-00.json"
        assert set(json.loads(path.read_text())["splits"]["labelled"]) < {"pool-000", "pool-001", "pool-002"}


def test_scores_are_of_validation_scenes(studied):
    path = next((studied.path / "results" / "little").rglob("bilevel/round-01/scores-validation.csv"))
    assert all(name.startswith("validation") for name in pd.read_csv(path)["scene"])


def test_a_second_run_has_nothing_to_do(studied):
    assert "Nothing to be done" in studied.snakemake("study", overlay=TINY)


@harming.harms
def test_a_table_of_scores_is_checked_by_the_comparison(studied, harm, count):
    commands = harming.commands(studied.snakemake("-n", "-F", "-p", "study", overlay=TINY))
    table = "results/little/noisy/draw-1/seed-1/bilevel/round-01/scores-validation.csv"
    harming.assert_refused(studied, "little", table, "score", commands["results/little/study.csv"], harm)
    count("R20")


def test_an_arm_more_runs_its_own_jobs_alone(studied):
    more = {"arms": ["supervised", "bilevel", "unmasked"], "pairs": [[0, 0], [1, 1]]}
    plan = studied.plan("study", overlay=overlaid(core=more))
    assert plan == {"masks": 2, "student": 2, "score": 2, "compare": 1, "study": 1}


def test_a_pair_more_runs_its_own_jobs_alone(studied):
    more = {"arms": ["supervised", "bilevel"], "pairs": [[0, 0], [1, 1], [1, 2]]}
    plan = studied.plan("study", overlay=overlaid(core=more))
    arms = {"student": 2, "score": 2, "masks": 1, "teacher": 1, "teacher_labelled": 1}
    assert plan == {"warmup": 1, **arms, "compare": 1, "study": 1}


def test_the_fully_supervised_arm_reaches_the_table(studied):
    full = {"arms": ["supervised", "bilevel", "full"], "pairs": [[0, 0]]}
    studied.snakemake("study", overlay=overlaid(core=full, ceiling="full"))
    rows = json.loads((studied.path / "results" / "little" / "study.json").read_text())["arms"]
    assert [row["arm"] for row in rows] == ["supervised", "bilevel", "full"]
    folder = studied.path / "results" / "little" / "noisy"
    assert not list(folder.rglob("full/round-01/masks*"))
    assert len(list(folder.glob("draw-0/data*"))) == 2


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ({"core": {"arms": ["bilevl"], "pairs": [[0, 0]]}}, ["unknown arm 'bilevl'", "did you mean 'bilevel'"]),
        ({"arms": {"supervised": {}, "bilevel": {"maks": {}}}}, ["study.arms.bilevel.maks", "'masks'"]),
        ({"splitt": "test"}, ["study.splitt", "'split'"]),
    ],
    ids=str,
)
def test_a_wrong_study_is_one_line_before_any_job(studied, study, words):
    printed = studied.snakemake("-n", "study", overlay=overlaid(**study), fails=True)
    line = next(line for line in printed.splitlines() if "config:" in line)
    for word in words:
        assert word in line
    assert "Job stats" not in printed
    assert "Traceback" not in printed


def test_the_shipped_study_needs_no_other_config(finished):
    printed = finished.fork("snakemake", "-n", "study").stdout
    assert re.search(r"\nwarmup +\d+", printed)
    arms = yaml.safe_load((finished.path / "configs" / "study.yaml").read_text())["study"]["core"]["arms"]
    controls = {"supervised", "supervised_2x", "supervised_strong", "random", "oracle", "full"}
    assert controls | {"unmasked", "pixel", "bilevel"} == set(arms)


def test_the_confirming_run_has_its_own_draws_seeds_scenes_and_at_most_two_configurations(finished):
    search, confirm = (
        yaml.safe_load((finished.path / "configs" / n).read_text()) for n in ("study.yaml", "confirm.yaml")
    )
    done, core = search["study"]["core"], confirm["study"]["core"]
    assert confirm["study"]["split"] == "test"
    assert confirm["data"]["seed"] != search["data"].get("seed", 0)
    for place in (0, 1):
        assert not {pair[place] for pair in core["pairs"]} & {pair[place] for pair in done["pairs"]}
    controls = {"supervised", "supervised_2x", "supervised_strong", "unmasked", "random", "oracle", "full"}
    assert len(set(core["arms"]) - controls) <= 2
    printed = finished.fork(
        "snakemake", "-n", "study", "--configfile", "configs/study.yaml", "configs/confirm.yaml"
    ).stdout
    assert re.search(r"\nscore +\d+", printed)


def test_the_short_study_is_one_pair_across_the_gap(finished):
    configs = [f"configs/{name}.yaml" for name in ("study", "match", "gap")]
    printed = finished.fork("snakemake", "-n", "study", "--configfile", *configs).stdout
    assert re.search(r"\nscore +5\n", printed)
    assert "results/gap/noise/" in printed
    assert "/scarce/" not in printed


def test_its_study_can_be_set_otherwise_in_part(finished):
    few = {"study": {"core": {"arms": ["supervised", "full", "unmasked"], "pairs": [[0, 0]]}, "split": "test"}}
    (finished.path / "part.yaml").write_text(yaml.safe_dump(few))
    printed = finished.fork("snakemake", "-n", "study", "--configfile", "part.yaml").stdout
    assert re.search(r"\nscore +6\n", printed)
    assert "scores-test.csv" in printed


def test_no_arm_but_the_oracle_reads_the_truth_of_unlabelled_scenes(finished):
    printed = finished.fork("snakemake", "-n", "-F", "-p", "study").stdout
    readers = {
        (re.search(r"\nrule (\w+):", job) or ["", ""])[1]: job
        for job in printed.split("\n[")
        if "unlabelled-truth" in (re.search(r"input: (.*)", job) or [""])[0]
    }
    assert set(readers) == {"masks"}
    assert all("/oracle" in job for job in readers.values())
