"""The judge: initial sigma, and no effect of the picture's border."""

import torch

from hdrpipe.models.judge import SIGMA_START, Judge
from hdrpipe.models.network import build

TIMES = torch.tensor([[1.0, 4.0, 16.0]])


def judge():
    torch.manual_seed(0)
    return Judge(8)


def test_a_judge_of_zero_weights_returns_its_prior():
    made, feature = judge(), torch.rand(1, 8, 12, 10)
    torch.nn.init.zeros_(made.last.weight)
    torch.nn.init.zeros_(made.last.bias)  # pyright: ignore[reportArgumentType]
    prior = torch.rand(1, 1, 12, 10) * 0.1 + 0.01
    assert torch.allclose(made(feature, (12, 10), prior), prior, atol=2e-3)
    assert torch.allclose(made(feature, (12, 10)), torch.tensor(SIGMA_START), atol=2e-3)


def test_an_untrained_judge_stays_near_its_prior():
    """Its last weights are a tenth of those that torch draws, up to 1 / sqrt(inputs)."""
    largest = judge().last.weight.abs().max().item()
    assert 0.09 < largest * (9 * 8) ** 0.5 <= 0.1


def test_a_uniform_feature_gets_one_sigma_up_to_the_border():
    sigma = judge()(torch.rand(1, 8, 1, 1).expand(1, 8, 16, 16), (16, 16))
    assert torch.allclose(sigma, sigma[:, :, :1, :1], atol=1e-6)


def test_a_uniform_picture_is_judged_alike_up_to_its_border():
    torch.manual_seed(0)
    net = build({"backbone": "merge_net", "options": {}, "output": "merge", "exposures": 3}).eval()
    level = torch.tensor([0.02, 0.08, 0.32])[None, :, None, None, None] ** (1 / 2.2)
    with torch.no_grad():
        found = net(level.expand(1, 3, 3, 40, 40), TIMES)
    for picture in found:
        assert torch.allclose(picture, picture[..., :1, :1], atol=1e-6)


def test_sigma_starts_larger_where_noise_is_larger():
    torch.manual_seed(0)
    net = build({"backbone": "merge_net", "options": {}, "output": "merge", "exposures": 3}).eval()
    radiance = torch.full((1, 3, 32, 64), 0.05)
    radiance[..., 32:] = 0.0005
    frames = torch.stack([(radiance * t).clamp(0, 1) ** (1 / 2.2) for t in TIMES[0]], dim=1)
    with torch.no_grad():
        sigma = net(frames, TIMES).sigma
    assert sigma[..., 40:].mean() > 2 * sigma[..., :24].mean()
