"""Choice of the round whose student the report shows and `fuse` uses."""

import json

import pytest

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.errors import UsageError
from hdrpipe.stages.choose import HELD_OUT, before_rise, choose
from hdrpipe.stages.job import Job


@pytest.mark.parametrize(
    ("risks", "chosen"),
    [
        ([4e-4], 1),
        ([4e-4, 3e-4, 2e-4], 3),
        ([4e-4, 5e-4, 1e-4], 1),
        ([4e-4, 3e-4, 5e-4], 2),
        ([4e-4, 4e-4], 2),
        ([4e-4, None, 5e-4], 2),
        ([None, 3e-4], 2),
    ],
)
def test_the_last_round_before_the_kept_risk_rises(risks, chosen):
    assert before_rise(risks, HELD_OUT)[0] == chosen


def made(folder, rule):
    """The choice among three rounds, of which the second raised the selective risk."""
    paths = [folder / f"{k}.json" for k in range(3)]
    for path, risk in zip(paths, (4e-4, 9e-4, 1e-4), strict=True):
        measured = {"kept_risk": 2e-4 - risk, "keep_rate": 0.5}  # rises where the other falls, and below 0
        path.write_text(json.dumps({"labelled": {"kept_risk": risk, "keep_rate": 0.5}, "measured": measured}))
    config = {"rounds": 3, "crossfit": {"folds": 2}, "teacher": {"risk": True}, "choose": {"rule": rule}}
    text = stage_spec(check_config(config), "choose")
    choose(parse_spec("choose", text), paths, folder / "chosen.json", Job("choose", text))
    return json.loads((folder / "chosen.json").read_text())


def test_the_choice_says_why(tmp_path):
    told = made(tmp_path, "selective-risk")
    assert (told["round"], told["rule"]) == (1, "selective-risk")
    assert told["why"] == "round 2 raised the selective risk on held-out labelled scenes (RMSE 0.0200 to 0.0300)"
    assert [row["kept_risk"] for row in told["labelled"]] == [4e-4, 9e-4, 1e-4]


def test_masks_that_keep_nothing_are_not_taken_for_good_ones():
    assert "keep no pixel" in before_rise([None, None], HELD_OUT)[1]
    assert "keep no pixel" not in before_rise([2e-4, 1e-4], HELD_OUT)[1]


def test_the_last_round_needs_no_risk(tmp_path):
    told = made(tmp_path, "last")
    assert (told["round"], told["rule"]) == (3, "last")
    assert "choose.rule" in told["why"]


def test_the_measured_risk_chooses_without_labels(tmp_path):
    told = made(tmp_path, "measured-risk")
    assert (told["round"], told["rule"]) == (2, "measured-risk")
    assert told["why"].startswith("round 3 raised the selective risk on unlabelled scenes, as measured without truth")
    assert [row["kept_risk"] for row in told["measured"]] == pytest.approx([-2e-4, -7e-4, 1e-4])


@pytest.mark.parametrize(
    "settings", [{"choose": {"rule": "measured-risk"}}, {"masks": {"strategy": "measured"}}], ids=["rule", "masks"]
)
def test_a_risk_that_is_not_measured_is_refused_with_the_config(settings):
    with pytest.raises(UsageError, match=r"needs the measured risk of the labels.*teacher\.risk: true"):
        check_config(settings)
