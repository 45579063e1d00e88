"""The label draw."""

import logging

import numpy as np
import pytest

from hdrpipe.datasets.scenes import Entry, Scene
from hdrpipe.errors import InputError, UsageError
from hdrpipe.imaging.burst import Burst
from hdrpipe.stages.prepare import _burst_fields, check_counts, choose_labels, draw_labels

EV = (-2.0, 0.0, 2.0)
POOL = [(f"s{index}", EV) for index in range(20)]


def test_a_draw_is_seeded_and_of_the_size_asked_for():
    assert draw_labels(POOL, 5, 0) == draw_labels(POOL, 5, 0)
    assert len(draw_labels(POOL, 5, 0)) == 5
    assert len({draw_labels(POOL, 5, draw) for draw in range(10)}) > 5


def test_more_labels_contain_fewer():
    assert draw_labels(POOL, 3, 1) < draw_labels(POOL, 7, 1)


def test_all_keep_their_truth():
    assert len(draw_labels(POOL, "all", 0)) == 20


def test_every_exposure_list_is_covered_before_any_comes_again():
    mixed = [(f"a{i}", EV) for i in range(17)] + [(f"b{i}", (-3.0, 0.0, 3.0)) for i in range(3)]
    for draw in range(5):
        chosen = draw_labels(mixed, 4, draw)
        assert sum(name.startswith("b") for name in chosen) == 2


@pytest.mark.parametrize("count", [0, 21])
def test_an_impossible_number_is_told(count):
    with pytest.raises(UsageError, match="20 scenes"):
        draw_labels(POOL, count, 0)


ENTRIES = [Entry(f"s{index}", "pool", EV, lambda: None, index < 3) for index in range(6)]


def test_only_scenes_with_truth_are_labelled():
    assert choose_labels(ENTRIES, "all", 0) == {"s0", "s1", "s2"}
    assert choose_labels(ENTRIES, 2, 0) < {"s0", "s1", "s2"}
    with pytest.raises(UsageError, match="4 labelled scenes are asked for, but only 3"):
        choose_labels(ENTRIES, 4, 0)
    with pytest.raises(UsageError, match="no training scene has HDR truth"):
        choose_labels(ENTRIES[3:], "all", 0)


def test_labels_may_be_named():
    assert choose_labels(ENTRIES, ("s2", "s0"), 0) == {"s0", "s2"}
    with pytest.raises(UsageError, match="'s4'"):
        choose_labels(ENTRIES, ("s0", "s4"), 0)
    with pytest.raises(UsageError, match="empty"):
        choose_labels(ENTRIES, (), 0)


def test_brackets_are_alike_whatever_the_zero_of_their_exposures():
    mixed = [(f"a{i}", EV) for i in range(9)] + [("b", (-7.03, -5.0, -2.98)), ("c", (-3.0, 0.0, 3.0))]
    assert all("c" in draw_labels(mixed, 2, draw) for draw in range(8))


def test_scenes_of_another_number_of_exposures_are_told_before_anything_is_read():
    check_counts(ENTRIES)
    with pytest.raises(InputError, match=r"'odd' has 2 exposures, most scenes have 3.*skip"):
        check_counts([Entry("odd", "pool", (0.0, 2.0), lambda: pytest.fail("it was read")), *ENTRIES])


def test_a_frame_that_stays_unaligned_is_told(caplog):
    rng = np.random.default_rng(0)
    burst = Burst(rng.random((3, 3, 64, 64), np.float32), EV, 1)  # three pictures of nothing in common
    scene = Scene("noise", "pool", burst, None, "photographed", "noise", ())
    with caplog.at_level(logging.INFO, "hdrpipe"):
        _, attributes = _burst_fields(scene, "homography")
    assert "noise: frame 1 and 3 left unaligned: homography does not reduce" in caplog.text
    assert '"accepted": false' in attributes["alignment"]
