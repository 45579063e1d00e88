"""The label draw."""

import pytest

from hdrpipe.errors import UsageError
from hdrpipe.stages.prepare import draw_labels

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
