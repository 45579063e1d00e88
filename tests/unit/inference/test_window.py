"""Networks and classical merges on bursts of any length."""

import numpy as np
import pytest
import torch
from camera_files import frames, radiance

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.merge import MERGES
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.inference.tiles import predict
from hdrpipe.inference.window import Classical, Learned, blend_share, chosen_frames
from hdrpipe.models.network import build


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return build({"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3}).eval()


def untrained(net):
    """The same network without any correction: the classical merge of what it reads."""
    torch.manual_seed(0)
    plain = build({"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3}).eval()
    with torch.no_grad():
        plain.backbone.head.weight.zero_()
        plain.backbone.head.bias.zero_()
        plain.backbone.head.bias[:3].fill_(-50.0)  # no weight for single exposures
    return plain


@pytest.mark.parametrize(
    ("count", "reference", "exposures", "wanted"),
    [
        (3, 1, 3, (0, 1, 2)),
        (2, 1, 3, (0, 1, 1)),
        (2, 0, 3, (0, 0, 1)),
        (5, 2, 3, (1, 2, 3)),
        (5, 4, 3, (3, 4, 4)),
        (7, 3, 5, (1, 2, 3, 4, 5)),
        (3, 1, 5, (0, 1, 1, 1, 2)),
        (4, 2, 3, (1, 2, 3)),
        (4, 1, 2, (0, 1)),
    ],
)
def test_the_reference_stands_between_its_neighbours(count, reference, exposures, wanted):
    assert chosen_frames(count, reference, exposures) == wanted
    assert wanted[exposures // 2] == reference


def test_a_burst_of_the_networks_length_is_the_networks_alone(net):
    ldr, ev = frames(radiance(1)), (-2.0, 0.0, 2.0)
    found, sigma = Learned(net, ev, 1, None)(ldr)
    alone, doubt = predict(net, ldr, [1.0, 4.0, 16.0])
    assert np.array_equal(found, alone)
    assert np.array_equal(sigma, doubt)


@pytest.mark.parametrize(
    ("ev", "reference"),
    [((-2, 0), 0), ((-2, 0), 1), ((0, 3), 1), ((-2, 0, 2), 0), ((-2, 0, 2), 2), ((-4, -2, 0, 2), 2), (range(-3, 4), 3)],
)
def test_a_network_that_changes_nothing_gives_the_classical_merge_of_all_frames(net, ev, reference):
    ev = tuple(float(value) for value in ev)
    ldr = frames(radiance(2), ev)
    found, sigma = Learned(untrained(net), ev, reference, None)(ldr)
    wanted = MERGES["denoised"](Burst(ldr, ev, reference))
    assert np.abs(mu_law(found) - mu_law(wanted)).max() < 2e-3
    assert (sigma > 0).all()


def test_sigma_of_longer_frames_is_told_in_the_unit_of_the_whole_burst(net):
    """The doubt of one picture in radiance is the same whether a still shorter frame stands before it or not."""
    ldr, ev = frames(radiance(3) * 0.2, (-4.0, -2.0, 0.0, 2.0)), (-4.0, -2.0, 0.0, 2.0)
    found, sigma = Learned(net, ev, 2, None)(ldr)
    own, doubt = Learned(net, ev[1:], 1, None)(ldr[1:])
    step = 1e-4
    slope = (mu_law(found.mean(0) + step) - mu_law(found.mean(0))) / step
    own_slope = (mu_law(own.mean(0) + step) - mu_law(own.mean(0))) / step
    assert np.allclose(sigma / slope, doubt / own_slope / 4.0, rtol=0.15)


def test_a_blend_follows_sigma(net):
    ldr, ev = frames(radiance(4)), (-2.0, 0.0, 2.0)
    plain, sigma = Learned(net, ev, 1, None)(ldr)
    merged, _ = Classical("denoised", ev, 1)(ldr)
    assert np.array_equal(Learned(net, ev, 1, float(sigma.max()))(ldr)[0], plain)
    assert np.abs(Learned(net, ev, 1, float(sigma.min()) / 3)(ldr)[0] - merged).max() < 1e-6
    shares = blend_share(np.array([0.0, 0.03, 0.045, 0.06, 1.0]), 0.03)
    assert shares == pytest.approx([0, 0, 0.5, 1, 1])
