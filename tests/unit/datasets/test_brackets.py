"""Where a bracket ends, told by exposures alone."""

import pytest

from hdrpipe.datasets.brackets import period, split


@pytest.mark.parametrize(
    ("values", "sizes"),
    [
        ((0, -2, 2), [3]),
        ((-2, -1, 0, 1, 2, 3), [6]),  # its steps are all the same, it is one bracket nevertheless
        ((0, -1, 1, -2, 2, -3, 3), [7]),
        ((0, 1, 2, -1, -2), [5]),
        ((0, 2, 4, -4, -2), [5]),
        ((0, 2, 1, 3), [4]),
        ((0, -2, 2, 0, -2, 2), [3, 3]),
        ((0, -2, 2, 0.3, -1.7, 2.3), [3, 3]),  # the metering has drifted
        ((0, -2, 2, 1, -1, 3, 0.5, -1.5, 2.5), [3, 3, 3]),
        ((-2, 0, 2, -1.7, 0.3, 2.3), [3, 3]),
        ((0, -2, 2, 0.3, -1.7), [3, 2]),
        ((0, 2, 0.3, 2.3), [2, 2]),
        ((0, -1, 1, 1, 0, 2), [3, 3]),
        ((0, 0, 0), [1, 1, 1]),
        ((0, 0, -2, 2), [1, 3]),
        ((0, -0.7, 0.7, 3, 2.3, 3.7), [3, 3]),  # the light has changed by more than the bracket spans
    ],
)
def test_series_are_cut_where_their_steps_come_again(values, sizes):
    assert split(values, False) == (sizes, True)


@pytest.mark.parametrize("values", [(0, -2, -2, 2, 4), (0, -2, 2, -2, 4), (-2, -2, 0, 2, 4), (0, -2, 2, 4, 4)])
def test_an_exposure_at_the_limit_comes_again_in_one_bracket_where_the_camera_says_so(values):
    assert split(values, True) == ([5], True)
    assert len(split(values, False)[0]) > 1


def test_two_limited_brackets_are_two():
    assert split((0, -2, 2, -2, 4) * 2, True) == ([5, 5], True)


@pytest.mark.parametrize("values", [(2, 2, 0, 0, 4, 4), (0, -2, -2, 2, 4), (0, 1, 3, 1, 0, 2), (0, -2, 0, -2, 2, 2)])
def test_what_has_no_pattern_is_not_sure(values):
    assert split(values, False)[1] is False


def test_one_picture_has_no_period():
    assert [period(values) for values in ((), (0,), (0, 1), (0, 1, 0))] == [None] * 4
