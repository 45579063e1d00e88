"""Networks and classical merges on bursts of any length."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from camera_files import frames, radiance

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.merge import MERGES, level_of
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.inference import window
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.inference.tiles import predict
from hdrpipe.inference.window import LEFT, LEFT_COMPRESSED, Classical, Learned, blend_share, chosen_frames
from hdrpipe.models import network
from hdrpipe.models.guide import start
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


def taken(ldr, ev, reference):
    """The burst of these frames with the noise level that they show."""
    burst = Burst(ldr, ev, reference)
    return replace(burst, noise_level=level_of(burst))


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


@pytest.mark.parametrize(("compressed", "left"), [(False, LEFT), (True, LEFT_COMPRESSED)])
def test_a_burst_of_the_networks_length_is_the_networks_alone_and_sigma_holds_its_noise(net, compressed, left):
    ldr, ev = frames(radiance(1)), (-2.0, 0.0, 2.0)
    burst = taken(ldr, ev, 1)
    found, sigma = Learned(net, burst, None, compressed)(ldr)
    alone, doubt = predict(net, ldr, [1.0, 4.0, 16.0])
    assert np.array_equal(found, alone)
    tensors = (torch.from_numpy(array)[None].float() for array in (burst.radiance, ldr, burst.times))
    noise = start(*tensors, torch.tensor([burst.noise_level])).deviation.mean(dim=1)[0].numpy()
    assert np.allclose(sigma, np.hypot(doubt, left * noise), rtol=1e-5)
    assert (noise > 1e-4).all()


@pytest.mark.parametrize(
    ("ev", "reference"),
    [((-2, 0), 0), ((-2, 0), 1), ((0, 3), 1), ((-2, 0, 2), 0), ((-2, 0, 2), 2), ((-4, -2, 0, 2), 2), (range(-3, 4), 3)],
)
def test_a_network_that_changes_nothing_gives_the_classical_merge_of_all_frames(net, ev, reference):
    ev = tuple(float(value) for value in ev)
    ldr = frames(radiance(2), ev)
    found, sigma = Learned(untrained(net), taken(ldr, ev, reference), None)(ldr)
    wanted = MERGES["denoised"](Burst(ldr, ev, reference))
    assert np.abs(mu_law(found) - mu_law(wanted)).max() < 2e-3
    assert (sigma > 0).all()


def test_sigma_of_longer_frames_is_told_in_the_unit_of_the_whole_burst(net):
    """The doubt of one picture in radiance is the same whether a still shorter frame stands before it or not."""
    ldr, ev = frames(radiance(3) * 0.2, (-4.0, -2.0, 0.0, 2.0)), (-4.0, -2.0, 0.0, 2.0)
    found, sigma = Learned(net, taken(ldr, ev, 2), None)(ldr)
    own, doubt = Learned(net, taken(ldr[1:], ev[1:], 1), None)(ldr[1:])
    step = 1e-4
    slope = (mu_law(found.mean(0) + step) - mu_law(found.mean(0))) / step
    own_slope = (mu_law(own.mean(0) + step) - mu_law(own.mean(0))) / step
    assert np.allclose(sigma / slope, doubt / own_slope / 4.0, rtol=0.15)


def test_a_blend_follows_sigma(net):
    ldr, ev = frames(radiance(4)), (-2.0, 0.0, 2.0)
    plain, sigma = Learned(net, taken(ldr, ev, 1), None)(ldr)
    merged, _ = Classical("denoised", taken(ldr, ev, 1))(ldr)
    assert np.array_equal(Learned(net, taken(ldr, ev, 1), float(sigma.max()))(ldr)[0], plain)
    assert np.abs(Learned(net, taken(ldr, ev, 1), float(sigma.min()) / 3)(ldr)[0] - merged).max() < 1e-6
    shares = blend_share(np.array([0.0, 0.03, 0.045, 0.06, 1.0]), 0.03)
    assert shares == pytest.approx([0, 0, 0.5, 1, 1])


def shoot(scene, ev, seed=0):
    """Noisy frames of a still scene (3, H, W); the shortest clips at 1."""
    rng = np.random.default_rng(seed)
    linear = [scene * 2.0 ** (value - ev[0]) for value in ev]
    noisy = [x + rng.normal(size=x.shape) * np.sqrt(4e-4 * np.minimum(x, 1) + 4e-6) for x in linear]
    return np.stack([np.clip(x, 0, 1) ** (1 / 2.2) for x in noisy]).astype(np.float32)


@pytest.mark.parametrize(
    "ev", [range(0, 14, 2), range(0, 10, 2), range(0, 15, 3), range(0, 12, 3), range(0, 12, 4), range(9)]
)
@pytest.mark.parametrize("seen", [0.02, 0.05, 0.2])
def test_shadows_are_those_of_the_longest_frame(ev, seen):
    """`seen` is what the longest frame shows of them, of its range: far above its noise, below that of the others."""
    ev = tuple(float(value) for value in ev)
    level = seen * 2.0 ** (ev[0] - ev[-1])
    scene = np.full((3, 48, 48), level, np.float32)
    shipped = stored(SHIPPED).net
    ldr = shoot(scene, ev)
    found, _ = Learned(shipped, taken(ldr, ev, len(ev) // 2), None)(ldr)
    assert found.mean() / level == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize(("ev", "passed"), [((0, 2, 4), (2,)), ((0, 3, 6), (2,)), ((0, 2, 4, 6, 8), (3, 4))])
@pytest.mark.parametrize("coat", [0.0005, 0.003, 0.01])
def test_a_dark_passer_in_longer_frames_leaves_no_shadow(ev, passed, coat):
    ev = tuple(float(value) for value in ev)
    scene = np.full((3, 60, 60), 0.1, np.float32)
    frames, ghost = shoot(scene, ev), shoot(np.full((3, 60, 60), coat), ev, 1)
    for index in passed:
        frames[index, :, 15:45, 15:45] = ghost[index, :, 15:45, 15:45]
    found, _ = Learned(stored(SHIPPED).net, taken(frames, ev, len(ev) // 2), None)(frames)
    assert -10 * np.log10(np.square(mu_law(found) - mu_law(scene)).mean()) > 45


def test_the_classical_merge_is_computed_once_where_the_network_reads_all_frames(net, monkeypatch):
    calls = []
    counted = lambda *arguments: calls.append(1) or start(*arguments)  # noqa: E731
    monkeypatch.setattr(network, "start", counted)
    monkeypatch.setattr(window, "start", counted)
    three, ev = frames(radiance(1)), (-2.0, 0.0, 2.0)
    Learned(net, taken(three, ev, 1), None)(three)
    assert len(calls) == 1
    four, ev = frames(radiance(1), (-4.0, *ev)), (-4.0, *ev)
    Learned(net, taken(four, ev, 2), None)(four)
    assert len(calls) == 3
