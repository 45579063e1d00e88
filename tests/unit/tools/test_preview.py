"""Settings of masks that a preview tries."""

import pytest

from hdrpipe.config import plugins
from hdrpipe.config.sections import MasksSpec
from hdrpipe.tools.preview import grid, settings_in_use, thresholds


@pytest.mark.parametrize("name", plugins.choices("masking"))
def test_every_strategy_with_a_pair_of_thresholds_is_tried_for_all_pairs(name):
    options = plugins.options("masking", name, {})
    keys = thresholds(options)
    tried = list(grid(name, MasksSpec(), [0.25, 0.5]))
    if keys:
        pairs = {tuple(getattr(o, key) for key in keys) for o in tried}
        assert {(0.25, 0.25), (0.25, 0.5), (0.5, 0.25), (0.5, 0.5)} <= pairs
        assert len(pairs) == len(tried)
    else:
        assert tried == [options]


def test_what_is_in_use_is_among_what_is_tried():
    used = MasksSpec(strategy="threshold", options={"tau_patch": 0.33, "pixel_scope": "image"})
    tried = list(grid("threshold", used, [0.5]))
    assert plugins.options("masking", "threshold", used.options) in tried
    assert {options.pixel_scope for options in tried} == {"image"}


def test_values_out_of_range_are_not_tried():
    assert {o.coverage_patch for o in grid("quantile", MasksSpec(), [0.5, 7.0])} == {0.5, 0.8}


def test_a_round_without_masks_has_the_default(tmp_path):
    assert settings_in_use(tmp_path) == MasksSpec()
