"""The kept risk."""

import numpy as np
import pytest

from hdrpipe.stages.masks import kept_and_dropped


def test_kept_and_dropped_add_up_to_the_whole():
    rng = np.random.default_rng(0)
    error, weight = rng.random(100), (rng.random(100) < 0.3).astype(float)
    told = kept_and_dropped(error, weight)
    keep = told["keep_rate"]
    assert keep * told["kept_risk"] + (1 - keep) * told["dropped_risk"] == pytest.approx(told["risk"])


def test_a_mask_that_keeps_nothing_has_no_risk():
    assert kept_and_dropped(np.ones(4), np.zeros(4))["kept_risk"] == 0
