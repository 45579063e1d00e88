"""Which labelled scenes are held out together, and the runs that leave them out."""

import pytest

from hdrpipe.config.folds import fold_name, held_out, of_name, products
from hdrpipe.config.load import check_config
from hdrpipe.config.runs import folded, members, single
from hdrpipe.errors import UsageError

SCENES = [f"pool-{k:03d}" for k in range(11)]


@pytest.mark.parametrize("folds", [2, 3, 5, 11])
def test_every_scene_is_held_out_once_and_folds_are_alike_in_size(folds):
    parts = [held_out(SCENES, fold, folds) for fold in range(folds)]
    assert sorted(scene for part in parts for scene in part) == SCENES
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_the_order_of_the_scenes_does_not_matter():
    assert [held_out(SCENES[::-1], k, 3) for k in range(3)] == [held_out(SCENES, k, 3) for k in range(3)]


def test_folds_do_not_follow_the_numbers_of_the_scenes():
    cycles = [{int(scene[-3:]) % 3 for scene in held_out(SCENES, fold, 3)} for fold in range(3)]
    assert all(len(numbers) > 1 for numbers in cycles)


def test_names_and_numbers_of_folds():
    assert products(2) == ["crossfit-0-of-2.h5", "crossfit-1-of-2.h5"]
    assert products(0) == []
    assert of_name(fold_name(3, 5)) == (3, 5)
    assert of_name("fold-5-of-5") is None
    assert of_name("bilevel") is None


def test_a_folded_run_shares_the_unlabelled_scenes_alone():
    parent = single(check_config({"run": "s", "rounds": 3, "crossfit": {"folds": 5}, "loss": {"judge_folds": 2}}))
    member = folded(parent, "fold-1-of-5")
    assert (member.scenes, member.fold) == ("s", "fold-1-of-5")
    assert member.config.run == member.start == member.labels == "s/fold-1-of-5"
    assert not member.config.crossfit.folds
    assert not member.config.loss.judge_folds
    assert member.config.student == parent.config.student
    with pytest.raises(UsageError, match="fold-5-of-5"):
        folded(parent, "fold-5-of-5")


def test_arms_share_the_warm_ups_of_their_folds():
    study = {"arms": {"a": {}, "b": {"crossfit": {"folds": 2}}}, "regimes": {"near": {}}, "against": ["a"]}
    runs = members(check_config({"run": "s", "study": study | {"core": {"arms": ["a", "b"], "pairs": [[0, 0]]}}}))
    one, other = (folded(runs[f"s/near/draw-0/seed-0/{arm}"], "fold-0-of-2") for arm in ("a", "b"))
    assert one.start == other.start == one.labels == "s/near/draw-0/seed-0/warmup/fold-0-of-2"
    assert one.config.run != other.config.run
    owner = folded(runs["s/near/draw-0/seed-0/warmup"], "fold-0-of-2")
    assert owner.config.run == owner.start == one.start
