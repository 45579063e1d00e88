"""Which scenes are worth a truth."""

import numpy as np
import pytest

from hdrpipe.errors import InputError
from hdrpipe.tools.label_next import last_round, ranked

NONE = np.zeros((0, 2))


def test_without_anything_known_the_most_doubtful_comes_first():
    order = ranked(np.array([0.1, 0.3, 0.2]), np.eye(3), np.zeros((0, 3)), 3)
    assert [index for index, _, _ in order] == [1, 2, 0]


def test_a_twin_of_a_picked_scene_comes_last():
    features = np.array([[0.0, 0.0], [0.0, 0.0], [5.0, 5.0]])
    order = ranked(np.array([0.30, 0.29, 0.10]), features, NONE, 3)
    assert [index for index, _, _ in order] == [0, 2, 1]
    assert order[2][2] == 0.0


def test_a_scene_like_a_labelled_one_is_not_asked_for():
    features = np.array([[0.0, 0.0], [3.0, 0.0]])
    order = ranked(np.array([0.3, 0.2]), features, np.array([[0.0, 0.0]]), 1)
    assert order == [(1, pytest.approx(2 / 3), 1.0)]


def test_no_scene_comes_twice_and_all_may_come():
    rng = np.random.default_rng(0)
    order = ranked(rng.random(9), rng.random((9, 4)), rng.random((3, 4)), 99)
    assert sorted(index for index, _, _ in order) == list(range(9))


def test_a_run_without_maps_is_told(tmp_path):
    with pytest.raises(InputError, match=r"no uncertainty maps of all scenes yet.*masks of round 1"):
        last_round(tmp_path)


def test_a_round_counts_once_its_labelled_scenes_have_maps_too(tmp_path):
    for number in (1, 2):
        (tmp_path / f"round-0{number}").mkdir()
        (tmp_path / f"round-0{number}" / "uncertainty-00.h5").touch()
    with pytest.raises(InputError, match="masks of round 1"):
        last_round(tmp_path)
    (tmp_path / "round-01" / "labelled.h5").touch()
    assert last_round(tmp_path).name == "round-01"
