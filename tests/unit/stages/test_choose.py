"""Choice of the round whose student the report shows and `fuse` uses."""

import json

import pytest

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.stages.choose import before_rise, choose
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
    assert before_rise(risks)[0] == chosen


def made(folder, rule):
    """The choice among three rounds, of which the second raised the selective risk."""
    paths = [folder / f"{k}.json" for k in range(3)]
    for path, risk in zip(paths, (4e-4, 9e-4, 1e-4), strict=True):
        path.write_text(json.dumps({"labelled": {"kept_risk": risk, "keep_rate": 0.5}}))
    text = stage_spec(check_config({"rounds": 3, "crossfit": {"folds": 2}, "choose": {"rule": rule}}), "choose")
    choose(parse_spec("choose", text), paths, folder / "chosen.json", Job("choose", text))
    return json.loads((folder / "chosen.json").read_text())


def test_the_choice_says_why(tmp_path):
    told = made(tmp_path, "selective-risk")
    assert (told["round"], told["rule"]) == (1, "selective-risk")
    assert told["why"] == "round 2 raised the selective risk on held-out labelled scenes (RMSE 0.0200 to 0.0300)"
    assert [row["kept_risk"] for row in told["labelled"]] == [4e-4, 9e-4, 1e-4]


def test_masks_that_keep_nothing_are_not_taken_for_good_ones():
    assert "keep no pixel" in before_rise([None, None])[1]
    assert "keep no pixel" not in before_rise([2e-4, 1e-4])[1]


def test_the_last_round_needs_no_risk(tmp_path):
    told = made(tmp_path, "last")
    assert (told["round"], told["rule"]) == (3, "last")
    assert "choose.rule" in told["why"]
