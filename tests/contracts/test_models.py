"""Contract of backbones, checked for every one of them with both outputs."""

import numpy as np
import pytest
import torch

from hdrpipe.config import plugins
from hdrpipe.errors import InputError, UsageError
from hdrpipe.models.network import OUTPUTS, build
from hdrpipe.quantities import SIGMA_MIN

TIMES = torch.tensor([[1.0, 4.0, 16.0]])


def network(name, output="merge"):
    torch.manual_seed(0)
    return build({"backbone": name, "options": {}, "output": output, "exposures": 3}).eval()


def frames(height=32, width=40, count=3):
    return torch.from_numpy(np.random.default_rng(1).random((1, count, 3, height, width), np.float32))


@pytest.fixture(params=plugins.choices("models"))
def name(request):
    return request.param


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("size", [(32, 40), (33, 41), (7, 5)])
def test_any_size_goes_in_and_comes_out(name, output, size):
    found = network(name, output)(frames(*size), TIMES)
    assert found.tonemapped.shape == (1, 3, *size)
    assert found.sigma.shape == (1, 1, *size)
    assert torch.isfinite(found.tonemapped).all()
    assert found.sigma.min() >= SIGMA_MIN


def test_another_number_of_exposures_is_refused(name):
    with pytest.raises(InputError, match="4 exposures"):
        network(name)(frames(count=4), torch.tensor([[1.0, 2.0, 4.0, 8.0]]))


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_parameter_learns(name, output):
    net = network(name, output).train()
    # so many samples that stochastic depth drops no branch in all of them
    found = net(frames(16, 24).repeat(8, 1, 1, 1, 1), TIMES.expand(8, 3))
    (found.tonemapped.square().mean() + found.sigma.mean()).backward()
    assert not [key for key, value in net.named_parameters() if value.grad is None or not value.grad.any()]


def test_it_is_deterministic_and_does_not_mix_samples(name):
    net, x = network(name), torch.cat([frames(), frames().flip(-1)])
    times = TIMES.expand(2, 3)
    with torch.no_grad():
        both, alone = net(x, times), net(x[1:], TIMES)
    assert torch.allclose(both.tonemapped[1:], alone.tonemapped, atol=1e-6)
    assert torch.allclose(both.sigma[1:], alone.sigma, atol=1e-6)


def test_an_unknown_option_is_refused(name):
    with pytest.raises(UsageError, match="nonsense"):
        build({"backbone": name, "options": {"nonsense": 1}, "output": "merge", "exposures": 3})


def test_a_single_frame_is_no_burst(name):
    with pytest.raises(UsageError, match="burst of 1 exposure"):
        build({"backbone": name, "options": {}, "output": "merge", "exposures": 1})


@pytest.mark.parametrize("exposures", [2, 4, 5])
def test_other_bursts_are_fused_or_refused_in_one_line(name, exposures):
    try:
        net = build({"backbone": name, "options": {}, "output": "merge", "exposures": exposures}).eval()
    except UsageError as refused:
        message = str(refused)
    else:
        times = 2.0 ** torch.arange(exposures)[None]
        found = net(frames(16, 16, exposures), times).tonemapped
        assert found.shape == (1, 3, 16, 16)
        return
    assert f"not {exposures}" in message


def test_learning_and_inference_compute_the_same(name):
    net, x = network(name, "sigmoid"), frames(24, 40)
    with torch.inference_mode():
        fast = net(x, TIMES)
    slow = net(x, TIMES)
    assert (fast.tonemapped - slow.tonemapped).abs().max() < 1e-5
    assert (fast.sigma - slow.sigma).abs().max() < 1e-5
    slow.sigma.sum().backward()
