"""The bars say what the numbers say."""

import pytest
from matplotlib.figure import Figure

from hdrpipe.report.sigma_bars import draw_baseline_maps, draw_detection, draw_strata


def axes():
    return Figure().add_subplot()


def test_the_best_map_stands_on_top():
    rivals = {"sigma": {"ause": 0.1, "ause_random": 0.5}, "random": {"ause": 0.5, "ause_random": 0.5}}
    drawn = axes()
    draw_baseline_maps(drawn, {"rivals": rivals})
    assert [label.get_text() for label in drawn.get_yticklabels()] == ["random", "sigma"]
    assert [bar.get_width() for bar in drawn.patches] == pytest.approx([1.0, 0.2])


def test_kinds_show_pixels_beside_error():
    drawn = axes()
    draw_strata(drawn, {"kinds": {"saturated": {"share": 0.1, "squared_share": 0.7}}})
    assert [bar.get_width() for bar in drawn.patches] == [0.1, 0.7]


def test_levels_show_recall_and_precision():
    drawn = axes()
    draw_detection(drawn, {"pixel": {"recall": 0.6, "precision": 0.4}})
    assert [bar.get_width() for bar in drawn.patches] == [0.6, 0.4]
