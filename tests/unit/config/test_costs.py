"""What a study is said to cost."""

import json

from hdrpipe.config.costs import STARTING, jobs, summary
from hdrpipe.config.load import check_config

STUDY = {
    "arms": {"supervised": {"student": {"unlabelled_batch": 0}}, "bilevel": {}},
    "regimes": {"near": {}},
    "core": {"arms": ["supervised", "bilevel"], "pairs": [[0, 0], [1, 1]]},
}
BASE = check_config({"run": "s", "rounds": 2, "warmup": {"steps": 100}, "student": {"steps": 50}, "study": STUDY})


def finish(path, stage, seconds, steps=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    spec = {stage: {"steps": steps}} if steps else {}
    path.with_name(f"{path.name}.json").write_text(json.dumps({"stage": stage, "seconds": seconds, "spec": spec}))


def test_what_arms_share_counts_once(tmp_path):
    stages = [work.stage for work in jobs(BASE, tmp_path).values()]
    assert {stage: stages.count(stage) for stage in set(stages)} == {
        "prepare": 2, "warmup": 2, "teacher": 8, "masks": 4, "student": 8, "score": 4,
    }  # fmt: skip


def test_folds_cost_a_chain_each_and_share_their_warm_ups(tmp_path):
    arms = {"supervised": {"student": {"unlabelled_batch": 0}}, "two": {"crossfit": {"folds": 2}}}
    arms["back"] = arms["two"] | {"choose": {"rule": "selective-risk"}}
    core = {"arms": list(arms), "pairs": [[0, 0]]}
    base = BASE.model_copy(update={"study": check_config({"study": STUDY | {"arms": arms, "core": core}}).study})
    found = jobs(base, tmp_path)
    stages = [work.stage for work in found.values()]
    # two arms: own rounds, and two folds whose last student nobody needs; supervised trains two students
    assert {stage: stages.count(stage) for stage in set(stages)} == {
        "prepare": 1, "fold": 2, "warmup": 3, "student": 2 + 2 * 2 + 2 * 2 * 1, "masks": 2 * 2 + 2 * 2 * 1,
        "teacher": 2 + 2 * 2 + 2 * 2 + 2 + 2 * 2, "score": 3,
    }  # fmt: skip
    home = tmp_path / "s" / "near" / "draw-0" / "seed-0"
    assert home / "back" / "chosen" / "scores-validation.csv" in found
    assert home / "two" / "round-02" / "scores-validation.csv" in found


def test_a_cross_fitted_judge_costs_its_folds_all_rounds(tmp_path):
    core = {"arms": ["bilevel", "judged"], "pairs": [[0, 0]]}
    study = STUDY | {
        "arms": {"bilevel": {}, "judged": {"loss": {"judge_folds": 2}}},
        "core": core,
        "against": ["bilevel"],
    }
    base = BASE.model_copy(update={"study": check_config({"study": study}).study})
    stages = [work.stage for work in jobs(base, tmp_path).values()]
    # per fold: a warm-up, two rounds, and predictions of the scenes held out after each of the three
    assert {stage: stages.count(stage) for stage in set(stages)} == {
        "prepare": 1, "fold": 2, "warmup": 2 + 2, "student": 4 + 2 * 2, "masks": 4 + 2 * 2,
        "teacher": 2 * 4 + 2 * 4 + 2 * 3, "score": 2,
    }  # fmt: skip


def test_before_any_training_no_minutes_are_invented(tmp_path):
    line = summary(BASE, tmp_path)
    assert "10 trainings among 28 jobs" in line
    assert "no training has been timed" in line


def test_minutes_follow_from_measured_steps_and_shrink_as_jobs_are_done(tmp_path):
    home = tmp_path / "s" / "near" / "draw-0" / "seed-0"
    finish(home / "warmup" / "round-00" / "history.csv", "warmup", 200.0, steps=100)
    expected = (27 * STARTING + 100 * 2.0 + 8 * 50 * 2.0) / 60
    assert f"left 9 trainings (500 steps) among 27 jobs: about {expected:.0f} min" in summary(BASE, tmp_path)
    finish(home / "bilevel" / "round-01" / "history.csv", "student", 200.0, steps=50)
    expected = (26 * STARTING + 100 * 2.0 + 7 * 50 * 4.0) / 60
    assert f"left 8 trainings (450 steps) among 26 jobs: about {expected:.0f} min" in summary(BASE, tmp_path)


def test_a_damaged_sidecar_is_passed_over(tmp_path):
    (tmp_path / "history.csv.json").write_text("{")
    assert "no training has been timed" in summary(BASE, tmp_path)
