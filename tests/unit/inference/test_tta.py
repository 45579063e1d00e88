"""Averaging over moves, with nets whose answer is known."""

import numpy as np
import pytest
import torch

from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.inference.tiles import predict
from hdrpipe.inference.tta import MOVES, predict_averaged
from hdrpipe.models.network import Prediction, build

TIMES = np.array([1.0, 4.0, 16.0])
FRAMES = np.random.default_rng(0).integers(0, 65535, (3, 3, 32, 48)).astype(np.uint16)


class Pointwise(torch.nn.Module):
    """Says the reference, plus a bias at the left border of what it is shown."""

    def __init__(self, bias):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.tensor(bias))

    def forward(self, frames, times, level):
        shown = 0.5 * frames[:, 1]
        shown = torch.cat([shown[..., :1] + self.bias, shown[..., 1:]], dim=-1)
        return Prediction(shown, torch.full_like(shown[:, :1], 0.02))


def test_a_net_that_turns_with_its_input_is_left_as_it_is():
    alone, averaged = (ask(Pointwise(0.0), FRAMES, TIMES) for ask in (predict, predict_averaged))
    assert mu_law(averaged[0]) == pytest.approx(mu_law(alone[0]), abs=2e-5)
    assert averaged[1] == pytest.approx(alone[1], rel=1e-3)


def test_what_depends_on_the_orientation_is_halved_and_becomes_uncertainty():
    """The left border is biased in two of four views, the right one in the two others."""
    mean, sigma = predict_averaged(Pointwise(0.1), FRAMES, TIMES)
    fair = predict(Pointwise(0.0), FRAMES, TIMES)[0]
    gap = mu_law(mean) - mu_law(fair)
    assert gap[..., 0] == pytest.approx(np.full((3, 32), 0.05), abs=1e-4)
    assert gap[..., -1] == pytest.approx(np.full((3, 32), 0.05), abs=1e-4)
    assert sigma[:, 0] == pytest.approx(np.full(32, np.hypot(0.02, 0.05)), rel=1e-3)
    assert sigma[:, 20] == pytest.approx(np.full(32, 0.02), rel=1e-3)


def test_a_real_net_answers_within_its_ranges():
    torch.manual_seed(0)
    net = build({"backbone": "merge_net", "output": "merge", "exposures": 3, "options": {"channels": 4}})
    radiance, sigma = predict_averaged(net, FRAMES, TIMES)
    assert radiance.shape == (3, 32, 48)
    assert 0 <= radiance.min() <= radiance.max() <= 1
    assert sigma.min() >= 1e-3
    assert sorted(len(axes) for axes, _ in MOVES) == [0, 1, 1, 2]
