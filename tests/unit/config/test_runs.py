"""The runs of a study: their names, what they share, and what is refused."""

from pathlib import Path

import pytest

from hdrpipe.config.load import check_config, read_yaml
from hdrpipe.config.runs import cells, compared, members, overlaid, single
from hdrpipe.errors import UsageError

STUDY = {
    "arms": {
        "supervised": {"student": {"unlabelled_batch": 0}},
        "bilevel": {},
        "longer": {"warmup": {"steps": 900}},
        "full": {"data": {"labelled": "all"}, "student": {"unlabelled_batch": 0}},
    },
    "regimes": {"near": {}, "far": {"data": {"options": {"noise": 5}}}},
    "core": {"arms": ["supervised", "bilevel"], "pairs": [[0, 0], [1, 7]]},
    "exploratory": {"arms": ["longer", "full"], "pairs": [[0, 0]]},
}


def base(**changes):
    study = overlaid(STUDY, changes)
    return check_config({"run": "s", "data": {"dataset": "procedural"}, "study": study})


def test_a_run_alone_shares_nothing():
    config = base()
    member = single(config)
    assert (member.scenes, member.start, member.labels) == ("s", "s", "s")


def test_arms_of_a_pair_share_scenes_warm_up_and_first_labels():
    runs = members(base())
    one, two = (runs[f"s/near/draw-1/seed-7/{arm}"] for arm in ("supervised", "bilevel"))
    assert one.scenes == two.scenes == "s/near/draw-1/data"
    assert one.start == two.start == one.labels == "s/near/draw-1/seed-7/warmup"
    assert {one.config.data.draw, one.config.seed} == {1, 7}
    assert runs[one.start].config.warmup == one.config.warmup
    assert runs[one.start].scenes == one.scenes
    assert runs["s/far/draw-1/data"].config.data.options.noise == 5


def test_an_arm_with_its_own_warm_up_shares_the_scenes_alone():
    runs = members(base(tier="exploratory"))
    longer, plain = runs["s/near/draw-0/seed-0/longer"], runs["s/near/draw-0/seed-0/bilevel"]
    assert longer.scenes == plain.scenes
    assert longer.start != plain.start
    assert runs[longer.start].config.warmup.steps == 900
    assert runs[plain.start].config.warmup.steps != 900


def test_all_labels_are_drawn_once_for_all_draws():
    pairs = [[0, 0], [1, 1]]
    runs = members(base(core={"arms": ["supervised", "full"], "pairs": pairs}))
    owners = {runs[f"s/near/draw-{k}/seed-{k}/full"].scenes for k in (0, 1)}
    assert len(owners) == 1
    assert not runs["s/near/draw-1/seed-1/full"].config.pseudo_labelled
    assert not runs["s/near/draw-1/seed-1/supervised"].config.pseudo_labelled


def test_more_arms_and_pairs_leave_all_others_as_they_are():
    few, many = members(base()), members(base(tier="exploratory"))
    assert few.items() <= many.items()
    more = members(base(core={"pairs": [[0, 0], [1, 7], [2, 8]]}))
    assert few.items() <= more.items()


def test_places_are_named_by_the_tiers():
    core = cells(base().study)
    assert len(core) == 2 * 2 * 2
    assert len(cells(base(tier="exploratory").study)) == len(core) + 2 * 2
    assert core[0].run("s") == "s/near/draw-0/seed-0/supervised"


def test_every_arm_of_the_shipped_study_runs_and_is_unlike_all_others():
    root = Path(__file__).parents[3]
    shipped = overlaid(read_yaml(root / "config.yaml"), read_yaml(root / "configs" / "study.yaml"))
    config = check_config(overlaid(shipped, {"study": {"tier": "exploratory"}}))
    runs, study = members(config), config.study
    assert set(study.core.arms) | set(study.exploratory.arms) == set(study.arms)
    told = {arm: runs[f"study/noise/draw-0/seed-0/{arm}"].config.model_dump_json(exclude={"run"}) for arm in study.arms}
    assert len(set(told.values())) == len(told)


def test_an_exchanged_plug_in_starts_from_its_own_options():
    laid = overlaid({"model": {"backbone": "a", "options": {"x": 1}, "output": "merge"}}, {"model": {"backbone": "b"}})
    assert laid["model"] == {"backbone": "b", "options": {}, "output": "merge"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"core": {"arms": ["bilevl"]}}, ["study.core.arms", "unknown arm", "did you mean 'bilevel'"]),
        ({"against": ["nobody"]}, ["study.against", "unknown arm 'nobody'"]),
        ({"ceiling": "full"}, ["unknown arm 'full'", "bilevel"]),
        ({"arms": {"bilevel": {"masks": {"levle": "pixel"}}}}, ["study.arms.bilevel.masks.levle", "'level'"]),
        (
            {"arms": {"bilevel": {"masks": {"options": {"tau_pixel": 7}}}}},
            ["study.arms.bilevel.masks.options", "equal to 1"],
        ),
        ({"arms": {"bilevel": {"seed": 3}}}, ["study.arms.bilevel.seed", "cannot differ between runs"]),
        ({"regimes": {"near": {"data": {"draw": 3}}}}, ["study.regimes.near.data.draw"]),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_in_one_line(changes, words):
    with pytest.raises(UsageError) as caught:
        members(base(**changes))
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_null_takes_back_an_arm_or_a_regime():
    runs = members(base(regimes={"near": {}, "far": None}, arms={**STUDY["arms"], "full": None}))
    assert "s/near/draw-0/seed-0/bilevel" in runs
    assert not any("/far/" in run for run in runs)
    with pytest.raises(UsageError, match="unknown arm 'full'"):
        members(base(arms={"full": None}, ceiling="full"))


def run_with(arms, **changes):
    main = {"run": "r", "match": {"strategy": "noise"}, "compare": arms}
    return check_config(overlaid(main, changes))


ARMS = ["labels-alone", "matched", "all-labels"]


def test_compared_runs_learn_without_pseudo_labels_and_share_what_is_the_same():
    alone, matched, everything = compared(run_with(ARMS)).values()
    assert [run.config.run for run in (alone, matched, everything)] == [f"r/compare/{arm}" for arm in ARMS]
    assert not any(run.config.pseudo_labelled or run.config.compare for run in (alone, matched, everything))
    assert (alone.scenes, alone.start) == ("r", alone.config.run)
    assert (matched.scenes, matched.start) == ("r", "r")
    assert (everything.scenes, everything.start) == (everything.config.run, everything.config.run)
    assert [run.config.match.strategy for run in (alone, matched, everything)] == ["none", "noise", "none"]
    assert everything.config.data.labelled == "all"


def test_compared_runs_train_for_as_many_steps_from_the_same_seed():
    config = run_with(ARMS, seed=3, rounds=3, student={"steps": 70})
    for run in compared(config).values():
        assert (run.config.seed, run.config.rounds) == (3, 3)
        assert run.config.student.model_copy(update={"unlabelled_batch": 4}) == config.student
        assert run.config.warmup == config.warmup


def test_arms_that_would_repeat_another_are_left_out():
    assert list(compared(run_with(ARMS, match={"strategy": "none"}))) == [
        "r/compare/labels-alone",
        "r/compare/all-labels",
    ]
    folder = {"dataset": "folder", "labelled": "all"}
    assert list(compared(run_with(ARMS, data=folder))) == ["r/compare/labels-alone", "r/compare/matched"]
    assert not compared(run_with(ARMS, student={"unlabelled_batch": 0}))
    assert not compared(run_with([]))


def test_what_only_pseudo_labels_have_does_not_stop_an_arm():
    rule = {"teacher": {"risk": True}, "masks": {"strategy": "measured"}, "choose": {"rule": "measured-risk"}}
    assert len(compared(run_with(ARMS, **rule))) == 3
    folds = {"match": {"strategy": "none"}, "crossfit": {"folds": 5}, "choose": {"rule": "selective-risk"}}
    assert len(compared(run_with(ARMS, **folds))) == 2


def test_an_unknown_arm_is_told():
    with pytest.raises(UsageError, match="compare"):
        run_with(["everything"])
