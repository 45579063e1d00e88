"""Networks and classical merges on bursts of any length."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from camera_files import frames, radiance

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.merge import MERGES, level_of
from hdrpipe.imaging.noise_level import grey_fraction
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.inference import window
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.inference.tiles import predict
from hdrpipe.inference.window import Classical, Learned, blend_share, chosen_frames
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


@pytest.mark.parametrize(
    ("quality", "knows", "left"), [(0, False, 0.45), (90, False, 1.0), (0, True, 0.0), (90, True, 1.0)]
)
def test_a_burst_of_the_networks_length_is_the_networks_alone_and_sigma_holds_its_noise(net, quality, knows, left):
    ldr, ev = frames(0.15 * np.sqrt(radiance(1))), (-2.0, 0.0, 2.0)
    burst = replace(taken(ldr, ev, 1), quality=quality)
    found, sigma = Learned(net, burst, None, knows)(ldr)
    alone, doubt = predict(net, ldr, [1.0, 4.0, 16.0], quality)
    assert np.array_equal(found, alone)
    tensors = (torch.from_numpy(array)[None].float() for array in (burst.radiance, ldr, burst.times))
    noise = start(*tensors, torch.tensor([level_of(burst)])).deviation.mean(dim=1)[0].numpy()
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


@pytest.mark.parametrize("ev", [(-2, 0, 2), (-4, -2, 0, 2)])
def test_small_lights_of_pure_colours_keep_their_brightness(ev):
    """The longer frames have clipped them, so that the shortest alone tells how bright they are."""
    ev = tuple(float(value) for value in ev)
    scene = np.full((3, 48, 48), 0.01, np.float32)
    scene[0, 20:26, 20:26] = 0.7
    scene[1, 8:11, 30:33] = 0.5
    ldr = shoot(scene, ev)
    found, _ = Learned(stored(SHIPPED).net, taken(ldr, ev, len(ev) // 2), None)(ldr)
    lit = scene > 0.1
    assert (found[lit] / scene[lit]).min() > 0.85


def noisy(grey, level):
    """(light, frames) of smooth light with fine stripes, and with so many times the standard noise, grey or not."""
    rng = np.random.default_rng(0)
    across = np.arange(96)
    light = (0.04 + 0.015 * np.sin(across / 9) + 0.001 * (across % 4 < 2)) * np.ones((3, 96, 1))
    noises = rng.standard_normal((3, 1 if grey else 3, 96, 96))
    seen = light * np.array([1.0, 4.0, 16.0])[:, None, None, None]
    linear = seen + noises * np.sqrt(level * (4e-4 * seen + 4e-6))
    return light.astype(np.float32), (np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.float32)


def db(radiance, light):
    return -10 * np.log10(np.square(mu_law(radiance) - mu_law(light)).mean())


@pytest.mark.parametrize("level", [6.0, 16.0])
def test_a_network_puts_no_grey_noise_back(level):
    light, ldr = noisy(True, level)
    burst = Burst(ldr, (-2, 0, 2), 1, level, grey_fraction([ldr], np.array([1, 4, 16]), 1))
    merged = db(MERGES["denoised"](burst), light)
    assert db(Learned(stored(SHIPPED).net, replace(burst, grey=0.0), None)(ldr)[0], light) < merged - 0.5
    assert db(Learned(stored(SHIPPED).net, burst, None)(ldr)[0], light) > merged - 0.1


@pytest.mark.parametrize(("grey", "level"), [(0.0, 16.0), (1.0, 1.0), (1.0, 0.25)])
def test_noise_of_each_colour_and_noise_as_in_training_leave_the_correction_as_it_is(net, grey, level):
    _, ldr = noisy(False, level)
    burst = Burst(ldr, (-2, 0, 2), 1, level)
    alone, _ = Learned(net, burst, None)(ldr)
    assert np.array_equal(Learned(net, replace(burst, grey=grey), None)(ldr)[0], alone)


def test_a_correction_fades_with_grey_noise_but_for_large_ones_around_clipped_values(net):
    """It is ten times the noise here; the weight of others is 1 / (1 + 2 (16 - 1))."""
    moved = untrained(net)
    with torch.no_grad():
        moved.backbone.head.bias[3:].fill_(-10.0)
    _, ldr = noisy(True, 16.0)
    ldr[:, :, 40:60, 40:60] = np.array([0.95, 1.0, 1.0], np.float32)[:, None, None, None]
    burst = Burst(ldr, (-2, 0, 2), 1, 16.0)
    merged, _ = Classical("denoised", burst)(ldr)
    alone, faded = (mu_law(Learned(moved, replace(burst, grey=grey), None)(ldr)[0]) for grey in (0.0, 1.0))
    weight = (faded - mu_law(merged)) / (alone - mu_law(merged))
    assert np.allclose(weight[:, 42:58, 42:58], 1.0, atol=0.05)
    assert np.median(weight[:, :30]) == pytest.approx(1 / 31, rel=0.05)


def test_a_network_that_starts_from_no_merge_is_left_alone():
    torch.manual_seed(0)
    plain = build({"backbone": "ahdrnet", "options": {"channels": 4}, "output": "sigmoid", "exposures": 3}).eval()
    _, ldr = noisy(True, 16.0)
    burst = Burst(ldr, (-2, 0, 2), 1, 16.0)
    alone, _ = Learned(plain, burst, None)(ldr)
    assert np.array_equal(Learned(plain, replace(burst, grey=1.0), None)(ldr)[0], alone)


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
