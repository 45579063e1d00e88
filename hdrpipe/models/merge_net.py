"""A small merge network that learns in seconds on a CPU.

It reads the aligned exposures and how each differs from the reference once both are exposed alike, thinks at half
resolution, and steers the merge. No prior about saturation is built in: it learns better without.
"""

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional as F

from hdrpipe.imaging.camera import ldr_from_linear
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.models.guide import guide

DILATIONS = (1, 2, 4)
"""Dilations of the residual blocks at half resolution: together they see about 30 pixels around a pixel."""

MAGNIFY = 20.0
"""Factor on differences in the mu-law domain, where noise is some hundredths."""

LINEAR_FLOOR = 1e-6
"""Keeps the slope of the display code finite where a difference is taken."""


class Options(BaseModel):
    """Options of the small merge network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: int = Field(16, ge=4, le=256, description="Channels of the half-resolution body.")


class Block(nn.Module):
    """Two dilated 3x3 convolutions around a residual."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape."""
        return x + self.second(F.leaky_relu(self.first(x), 0.1))


class Backbone(nn.Module):
    """The body; see `hdrpipe.models.contract` for what it is given and gives.

    Args:
        options: channels of the body.
        exposures: frames of a burst, N.
        out_channels: channels of the head.
    """

    multiple = 2

    def __init__(self, options: Options, exposures: int, out_channels: int):
        super().__init__()
        self.features = options.channels
        inputs = 6 * exposures + 3 * (exposures - 1) + 6
        self.stem = nn.Conv2d(4 * inputs, options.channels, 3, padding=1)
        self.body = nn.Sequential(*(Block(options.channels, dilation) for dilation in DILATIONS))
        self.head = nn.Conv2d(options.channels, 4 * out_channels, 3, padding=1)
        with torch.no_grad():
            self.head.weight.mul_(0.1)

    def forward(self, frames: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, 6, H, W), (B, N) -> head (B, out, H, W), feature (B, C, H/2, W/2)."""
        radiance, ldr = frames[:, :, :3], frames[:, :, 3:]
        classical = mu_law(guide(radiance, ldr, times))
        apart = mu_law(radiance) - classical[:, None]
        planes = [ldr.flatten(1, 2), classical, differences(radiance, ldr, times).flatten(1, 2)]
        planes += [magnified(apart).flatten(1, 2), magnified(classical - _blurred(classical))]
        hidden = F.leaky_relu(self.stem(F.pixel_unshuffle(torch.cat(planes, dim=1), 2)), 0.1)
        feature = self.body(hidden)
        return F.pixel_shuffle(self.head(F.leaky_relu(feature, 0.1)), 2), feature


def magnified(x: Tensor) -> Tensor:
    """Small differences, of the order of noise, brought to the size of the other inputs; large ones saturate."""
    return torch.tanh(MAGNIFY * x)


def _blurred(x: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(x, [1] * 4, mode="replicate"), 3, stride=1)


def differences(radiance: Tensor, ldr: Tensor, times: Tensor) -> Tensor:
    """How far each exposure is from the reference, both shown at the longer of the two exposure times.

    The darker of the two is lifted and clipped as the brighter was, so that a difference means motion or noise and
    not saturation.

    Args:
        radiance: (B, N, 3, H, W).
        ldr: (B, N, 3, H, W) in [0, 1].
        times: (B, N), ascending.

    Returns:
        Differences to the reference in display code, in [-1, 1], (B, N - 1, 3, H, W).
    """
    middle = radiance.shape[1] // 2
    found = []
    for i in range(radiance.shape[1]):
        if i != middle:
            dark, bright = min(i, middle), max(i, middle)
            lifted = (radiance[:, dark] * times[:, bright, None, None, None]).clamp(LINEAR_FLOOR, 1.0)
            gap = ldr_from_linear(lifted) - ldr[:, bright]
            found.append(gap if i == dark else -gap)
    return torch.stack(found, dim=1)
