"""The small merge network, in both memory layouts."""

import pytest
import torch

from hdrpipe.models.merge_net import channels_last


@pytest.mark.parametrize("shape", [(1, 42, 9, 7), (2, 3, 1, 5), (3, 1, 4, 4)])
def test_channels_last_changes_the_layout_alone(shape):
    x = torch.arange(float(torch.Size(shape).numel())).reshape(shape)
    found = channels_last(x[..., 1:])
    assert torch.equal(found, x[..., 1:])
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_channels_last_keeps_the_way_of_gradients():
    x = torch.ones(1, 3, 4, 5, requires_grad=True)
    channels_last(x).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.ones_like(x))
