"""The merge that networks start from is the classical one of `imaging`."""

import numpy as np
import pytest
import torch

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.denoise import deviation
from hdrpipe.imaging.merge import denoised, rejecting
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law
from hdrpipe.models import means
from hdrpipe.models.guide import merge, start
from hdrpipe.models.network import build


def frames(ev, level):
    """A burst of noise, which no merge finds easy, as NumPy and as torch have it."""
    ldr = np.random.default_rng(0).random((len(ev), 3, 24, 31), np.float32)
    burst = Burst(ldr=ldr, ev=ev, reference=len(ev) // 2, noise_level=level)
    radiance = torch.from_numpy(burst.radiance.astype(np.float32))[None]
    times, level = torch.tensor(burst.times[None], dtype=torch.float32), torch.tensor([burst.noise_level])
    return burst, (radiance, torch.from_numpy(burst.ldr)[None], times, level)


EVS = pytest.mark.parametrize("ev", [(-2.0, 0.0, 2.0), (-3.0, -1.0, 0.0, 2.0, 3.0)])
LEVELS = pytest.mark.parametrize("level", [0.25, 1.0, 8.0])


@LEVELS
@EVS
def test_torch_and_numpy_merge_alike(ev, level):
    burst, tensors = frames(ev, level)
    assert np.abs(merge(*tensors[:3], tensors[3][:, None, None, None])[0][0].numpy() - rejecting(burst)).max() < 1e-6


@LEVELS
@EVS
def test_torch_and_numpy_denoise_alike(ev, level):
    burst, tensors = frames(ev, level)
    found = start(*tensors)
    assert np.abs(found.denoised[0].numpy() - mu_law(denoised(burst))).max() < 1e-5
    radiance, variance = (x[0].numpy() for x in merge(*tensors[:3], tensors[3][:, None, None, None]))
    assert np.abs(found.deviation[0].numpy() - deviation(radiance, variance, level)).max() < 1e-6


@EVS
def test_the_merge_of_strips_is_that_of_the_whole(ev, monkeypatch):
    _, tensors = frames(ev, 2.0)
    whole = start(*tensors)
    monkeypatch.setattr(means, "ROWS", 7)
    for found, expected in zip(start(*tensors), whole, strict=True):
        assert torch.equal(found, expected)


def test_a_network_whose_head_is_silent_gives_nearly_the_classical_merge():
    rng = np.random.default_rng(0)
    scene = 0.2 * rng.random((3, 32, 32), np.float32)
    times = np.array([1.0, 4.0, 16.0], np.float32)
    ldr = np.clip(scene[None] * times[:, None, None, None], 0, 1) ** (1 / 2.2)
    net = build({"backbone": "merge_net", "options": {}, "output": "merge", "exposures": 3}).eval()
    with torch.no_grad():
        for parameter in net.backbone.head.parameters():
            parameter.zero_()
        found = net(torch.from_numpy(ldr)[None], torch.from_numpy(times)[None])
    burst = Burst(ldr=ldr.astype(np.float32), ev=(-2.0, 0.0, 2.0), reference=1, noise_level=1.0)
    assert np.abs(inverse_mu_law(found.tonemapped)[0].numpy() - denoised(burst)).max() < 0.02
