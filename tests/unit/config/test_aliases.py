"""Old names of keys and values: accepted, translated before anything reads them, and named in one line."""

import json

import pytest

from hdrpipe.config.aliases import old_names, renamed
from hdrpipe.config.load import STAGE_KEYS, check_config, parse_spec, stage_spec
from hdrpipe.config.runs import members
from hdrpipe.errors import UsageError

TABLE = [
    ({"teacher": {"average": "moves"}}, {"teacher": {"average": "tta"}}),
    ({"student": {"physics_weight": 0.3}}, {"student": {"consistency_weight": 0.3}}),
    ({"student": {"labelled_augmentation": "harder"}}, {"student": {"labelled_augmentation": "corrupted"}}),
    ({"student": {"unlabelled_augmentation": "harder"}}, {"student": {"unlabelled_augmentation": "corrupted"}}),
    (
        {"crossfit": {"folds": 2}, "choose": {"rule": "kept-risk"}},
        {"crossfit": {"folds": 2}, "choose": {"rule": "selective-risk"}},
    ),
    (
        {"data": {"options": {"lab": 6, "lab_noise": 0.5, "lab_motion": "tripod"}}},
        {"data": {"options": {"source": 6, "source_noise": 0.5, "source_motion": "tripod"}}},
    ),
    (
        {"masks": {"strategy": "quantile", "options": {"keep_patch": 0.7, "keep_pixel": 0.6}}},
        {"masks": {"strategy": "quantile", "options": {"coverage_patch": 0.7, "coverage_pixel": 0.6}}},
    ),
    (
        {"masks": {"strategy": "calibrated", "options": {"share_patch": 0.7, "share_pixel": 0.6}}},
        {"masks": {"strategy": "calibrated", "options": {"risk_patch": 0.7, "risk_pixel": 0.6}}},
    ),
]
"""A config in old names, and the same in the names of today."""

old_and_new = pytest.mark.parametrize(("old", "new"), TABLE, ids=str)


@old_and_new
def test_old_names_give_the_config_and_the_specs_of_the_new_ones(old, new):
    then, now = check_config(old), check_config(new)
    assert then == now
    assert all(stage_spec(then, stage) == stage_spec(now, stage) for stage in STAGE_KEYS)


@old_and_new
def test_old_names_are_named_in_one_line_and_new_ones_in_none(old, new):
    line = old_names(old)
    assert "\n" not in line
    assert line.count(" is now ") == sum(1 for _ in _changed_leaves(old, new))
    assert old_names(new) == ""


@old_and_new
def test_arms_and_regimes_may_use_old_names(old, new):
    def runs(overlay):
        core = {"arms": ["supervised", "other"], "pairs": [[0, 0]]}
        arms = {"supervised": {}, "other": overlay}
        mapping = {"study": {"core": core, "arms": arms, "regimes": {"plain": {}, "changed": overlay}}}
        return old_names(mapping), members(check_config(mapping))

    (then, old_runs), (now, new_runs) = runs(old), runs(new)
    assert old_runs == new_runs
    assert "study.arms.other." in then
    assert now == ""


@old_and_new
def test_a_spec_that_was_stored_with_old_names_is_read(old, new):
    for stage, keys in STAGE_KEYS.items():
        sections = {key.split(".")[0] for key in keys}
        then, now = (
            parse_spec(stage, json.dumps({section: mapping[section] for section in sections & mapping.keys()}))
            for mapping in (old, new)
        )
        assert then == now


def test_the_old_and_the_new_name_of_a_key_do_not_stand_together():
    with pytest.raises(UsageError, match=r"student.physics_weight: is the old name of `student.consistency_weight`"):
        check_config({"student": {"physics_weight": 0.3, "consistency_weight": 0.5}})


@pytest.mark.parametrize("mapping", [{}, {"data": 3}, {"study": None}, {"study": {"arms": ["a"]}}, {"teacher": None}])
def test_what_has_no_old_name_is_left_as_it_is(mapping):
    assert renamed(mapping) == mapping
    assert old_names(mapping) == ""


def _changed_leaves(old, new, above=()):
    for key, value in old.items():
        if isinstance(value, dict):
            yield from _changed_leaves(value, new.get(key, {}), (*above, key))
        elif new.get(key) != value:
            yield (*above, key)
