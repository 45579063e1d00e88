"""The merge that networks start from is the classical one of `imaging`."""

import numpy as np
import pytest
import torch

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.merge import rejecting
from hdrpipe.imaging.tonemap import inverse_mu_law
from hdrpipe.models.contract import build
from hdrpipe.models.guide import guide


@pytest.mark.parametrize("ev", [(-2.0, 0.0, 2.0), (-3.0, -1.0, 0.0, 2.0, 3.0)])
def test_torch_and_numpy_merge_alike(ev):
    rng = np.random.default_rng(0)
    burst = Burst(ldr=rng.random((len(ev), 3, 24, 31), np.float32), ev=ev, reference=len(ev) // 2)
    radiance = torch.from_numpy(burst.radiance.astype(np.float32))[None]
    times = torch.tensor(burst.times[None], dtype=torch.float32)
    found = guide(radiance, torch.from_numpy(burst.ldr)[None], times)[0].numpy()
    assert np.abs(found - rejecting(burst)).max() < 1e-6


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
    burst = Burst(ldr=ldr.astype(np.float32), ev=(-2.0, 0.0, 2.0), reference=1)
    assert np.abs(inverse_mu_law(found.tonemapped)[0].numpy() - rejecting(burst)).max() < 0.02
