"""Unlabelled samples of weight 0 have gradient 0."""

import pytest
import torch
from small_training import make_net

from hdrpipe.learning.batches import Batch
from hdrpipe.learning.loss import LossSettings, objective

PARTS = {"perceptual_weight": 0.5, "judge_gradient": "joint"}


def batch(weight):
    """Two labelled samples and two unlabelled ones of a trust."""
    made = torch.Generator().manual_seed(2)
    trust = torch.ones(4, 16, 16)
    trust[2:] = weight
    frames, target = torch.rand(4, 3, 3, 16, 16, generator=made), torch.rand(4, 3, 16, 16, generator=made)
    return Batch(frames, torch.tensor([[1.0, 4.0, 16.0]]).expand(4, 3), target, trust, 2, tuple("abcd"))


@pytest.mark.parametrize("over", ["kept", "all"])
@pytest.mark.parametrize("looks", [0.0, 0.5])
@pytest.mark.parametrize(("trust", "factor"), [(0.0, 1.0), (1.0, 0.0)])
def test_samples_of_weight_zero_get_no_gradient(trust, factor, looks, over):
    """Not one bit of it; only a masked L^v, of a picture and itself, leaves its rounding."""
    drawn = torch.Generator().manual_seed(3)
    picture = torch.rand(4, 3, 16, 16, generator=drawn).requires_grad_()
    sigma = (torch.rand(4, 1, 16, 16, generator=drawn) * 0.1 + 0.01).requires_grad_()
    settings = LossSettings(**PARTS | {"perceptual_weight": looks}, unlabelled_weight=factor, masked_mean=over)
    objective(lambda *_: (picture, sigma), batch(trust), settings)[0].backward()
    for gradient in (picture.grad, sigma.grad):
        assert gradient[:2].abs().amax((1, 2, 3)).min() > 0
        rounding = 1e-6 * gradient[:2].abs().max() if looks and factor else 0.0
        assert gradient[2:].abs().max() <= rounding


@pytest.mark.parametrize(("trust", "factor"), [(1.0, 1.0), (0.5, 0.25)])
def test_samples_of_positive_weight_get_a_gradient(trust, factor):
    picture = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(3)).requires_grad_()
    sigma = torch.full((4, 1, 16, 16), 0.05).requires_grad_()
    objective(lambda *_: (picture, sigma), batch(trust), LossSettings(**PARTS, unlabelled_weight=factor))[0].backward()
    for gradient in (picture.grad, sigma.grad):
        assert gradient.abs().amax((1, 2, 3)).min() > 0


@pytest.mark.parametrize(("trust", "factor"), [(0.0, 1.0), (1.0, 0.0)])
def test_the_gradient_is_then_that_of_the_labelled_samples(trust, factor):
    """The gradient of a network is that of the labelled samples without the others."""
    torch.set_num_threads(1)
    gradients = []
    both = batch(trust)
    labelled = Batch(both.frames[:2], both.times[:2], both.target[:2], both.weight[:2], 2, ("a", "b"))
    for given in (both, labelled):
        net = make_net()
        objective(net, given, LossSettings(**PARTS, unlabelled_weight=factor))[0].backward()
        gradients.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
    assert gradients[1].abs().max() > 1e-3
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-6)
